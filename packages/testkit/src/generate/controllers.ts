import { StatusError } from "@krm/apimachinery";
import { DEPLOYMENTS, NODES, PERSISTENT_VOLUME_CLAIMS, PODS, type ResourceType } from "@krm/core";
import { keyOf } from "../cluster/collection.ts";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import { type ClusterEvent, type SimObject, textAt } from "../cluster/sim-object.ts";
import { REPLICA_SETS } from "../cluster/sim-resource.ts";
import { SeededRandom } from "../random/seeded-random.ts";
import { Agenda } from "./agenda.ts";
import { boundClaim } from "./claim.ts";
import { internalIp, podIp } from "./node.ts";
import { OwnedObjects } from "./owned-objects.ts";
import { creatingStatus, endedStatus, runningStatus } from "./pod-status.ts";
import { controllerUid } from "./replica-set.ts";
import { reconcileDeployment, reconcileReplicaSet } from "./workload-controller.ts";

const KUBELET = { manager: "kubelet", subresource: "status" } as const;
const PVC_PROTECTION = "kubernetes.io/pvc-protection";

/**
 * What reacts to changes in a cluster, whoever made them: deployment and replica set controllers, a scheduler, kubelets
 * that start pods and end them gracefully, the binding and protection of claims, garbage collection of what has lost its
 * owner. Reactions wait on an agenda; nothing happens but in `step`.
 */
export class Controllers implements Disposable {
  readonly #cluster: SimCluster;
  readonly #random: SeededRandom;
  #owned: OwnedObjects;
  readonly #agenda = new Agenda();
  readonly #queued = new Set<string>();
  readonly #unsubscribe: () => void;
  #addresses = 0;
  /** Called when something was put on the agenda. */
  onScheduled: () => void = () => {};

  constructor(cluster: SimCluster, seed: number | string) {
    this.#cluster = cluster;
    this.#random = new SeededRandom(seed);
    this.#owned = new OwnedObjects(cluster);
    const stopEvents = cluster.subscribe((event) => this.#react(event));
    const stopRestores = cluster.subscribeRestores(() => {
      this.#owned = new OwnedObjects(cluster);
      this.#lookAtAll();
    });
    this.#unsubscribe = () => {
      stopEvents();
      stopRestores();
    };
    this.#lookAtAll();
  }

  /** How many reactions wait. */
  get pending(): number {
    return this.#agenda.size;
  }

  /** When the next reaction is due: monotonic milliseconds; undefined: none waits. */
  get nextDue(): number | undefined {
    return this.#agenda.nextDue;
  }

  /** Performs the next reaction that is due by `now` (default: the clock's monotonic time); false: there was none. */
  step(now: number = this.#cluster.clock.monotonic()): boolean {
    const work = this.#agenda.take(now);
    work?.();
    return work !== undefined;
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  #react(event: ClusterEvent): void {
    this.#owned.apply(event);
    if (event.type !== "DELETED") this.#look(event.object, event.previous);
    else this.#collect(event.object);
    const owner = controllerUid(event.object);
    if (owner === "") return;
    const { namespace = "" } = event.object.metadata;
    const reference = event.object.metadata.ownerReferences?.[0];
    const key = `${namespace}/${textAt(reference, "name")}`;
    if (textAt(reference, "kind") === "ReplicaSet") this.#reconcile("replicaset", key);
    else if (textAt(reference, "kind") === "Deployment") this.#reconcile("deployment", key);
  }

  #lookAtAll(): void {
    for (const resource of [PODS, PERSISTENT_VOLUME_CLAIMS, DEPLOYMENTS, REPLICA_SETS]) {
      for (const object of this.#cluster.list(resource).items) this.#look(object, undefined);
    }
  }

  #look(object: SimObject, previous: SimObject | undefined): void {
    if (object.kind === "Pod") this.#lookAtPod(object, previous);
    else if (object.kind === "PersistentVolumeClaim") this.#lookAtClaim(object, previous);
    else if (object.kind === "Node" && previous === undefined) this.#scheduleWaiting();
    else if (object.kind === "Deployment" && isNewGeneration(object, previous)) {
      this.#reconcile("deployment", keyOf(object));
    } else if (object.kind === "ReplicaSet" && isNewGeneration(object, previous)) {
      this.#reconcile("replicaset", keyOf(object));
    }
  }

  #lookAtPod(pod: SimObject, previous: SimObject | undefined): void {
    const isBound = textAt(pod["spec"], "nodeName") !== "";
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (previous?.metadata.deletionTimestamp === undefined && isBound) this.#after(300, 4000, () => this.#end(pod));
    } else if (!isBound) {
      if (previous === undefined) this.#after(10, 200, () => this.#schedule(pod));
    } else if (textAt(pod["status"], "phase") === "Pending") {
      const wasBound = textAt(previous?.["spec"], "nodeName") !== "";
      if (!wasBound) this.#after(20, 400, () => this.#pull(pod));
    }
  }

  #lookAtClaim(claim: SimObject, previous: SimObject | undefined): void {
    if (claim.metadata.deletionTimestamp !== undefined) {
      if (previous?.metadata.deletionTimestamp === undefined) this.#after(100, 2000, () => this.#release(claim));
    } else if (previous === undefined && textAt(claim["status"], "phase") === "Pending") {
      this.#after(50, 3000, () => this.#if(PERSISTENT_VOLUME_CLAIMS, claim, (now) => boundClaim(this.#cluster, now)));
    }
  }

  /** A first node: what waited for one can go. */
  #scheduleWaiting(): void {
    if (this.#cluster.list(NODES).items.length > 1) return;
    for (const pod of this.#cluster.list(PODS).items) this.#lookAtPod(pod, undefined);
  }

  #schedule(pod: SimObject): void {
    const nodes = this.#cluster.list(NODES).items;
    this.#if(PODS, pod, (now) => {
      if (nodes.length === 0 || textAt(now["spec"], "nodeName") !== "") return;
      const node = this.#random.pick(nodes).metadata.name;
      this.#cluster.bind(now.metadata.namespace ?? "", now.metadata.name, node);
    });
  }

  #pull(pod: SimObject): void {
    this.#if(PODS, pod, (now) => {
      if (now.metadata.deletionTimestamp !== undefined) return;
      const status = creatingStatus(now, { hostIP: internalIp(this.#nodeOf(now)) }, this.#cluster.clock.now());
      this.#writeStatus(now, status);
      this.#after(500, 5000, () => this.#start(pod));
    });
  }

  #start(pod: SimObject): void {
    this.#if(PODS, pod, (now) => {
      if (now.metadata.deletionTimestamp !== undefined) return;
      const node = this.#nodeOf(now);
      const place = { hostIP: internalIp(node), podIP: podIp(node, this.#addresses++) };
      this.#writeStatus(now, runningStatus(now, place, this.#cluster.clock.now()));
    });
  }

  #end(pod: SimObject): void {
    this.#if(PODS, pod, (now) => {
      this.#writeStatus(now, endedStatus(now, this.#cluster.clock.now(), false));
      this.#after(20, 300, () => {
        this.#if(PODS, pod, (last) => {
          const { namespace, name } = last.metadata;
          this.#cluster.delete(PODS, namespace, name, { gracePeriodSeconds: 0 });
        });
      });
    });
  }

  #release(claim: SimObject): void {
    this.#if(PERSISTENT_VOLUME_CLAIMS, claim, (now) => {
      const { namespace, name } = now.metadata;
      const finalizers = (now.metadata.finalizers ?? []).filter((each) => each !== PVC_PROTECTION);
      const metadata = { ...now.metadata, finalizers };
      const manager = "kube-controller-manager";
      this.#cluster.update(PERSISTENT_VOLUME_CLAIMS, namespace, name, { ...now, metadata }, { manager });
    });
  }

  /** What a deleted workload leaves behind goes too, a little later. */
  #collect(owner: SimObject): void {
    if (owner.kind !== "Deployment" && owner.kind !== "ReplicaSet") return;
    for (const orphan of this.#owned.of(owner.metadata.uid)) {
      const resource = orphan.kind === "Pod" ? PODS : REPLICA_SETS;
      this.#after(50, 1000, () => {
        this.#if(resource, orphan, ({ metadata }) => {
          if (metadata.deletionTimestamp === undefined)
            this.#cluster.delete(resource, metadata.namespace, metadata.name);
        });
      });
    }
  }

  #reconcile(kind: "deployment" | "replicaset", key: string): void {
    const entry = `${kind}:${key}`;
    if (this.#queued.has(entry)) return;
    this.#queued.add(entry);
    this.#after(5, 100, () => {
      this.#queued.delete(entry);
      const [namespace = "", name = ""] = key.split("/");
      const object = this.#cluster.get(kind === "deployment" ? DEPLOYMENTS : REPLICA_SETS, namespace, name);
      if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
      if (kind === "deployment") reconcileDeployment(this.#cluster, this.#owned, object);
      else reconcileReplicaSet(this.#cluster, this.#owned, object);
    });
  }

  #writeStatus(pod: SimObject, status: unknown): void {
    this.#cluster.update(PODS, pod.metadata.namespace, pod.metadata.name, { ...pod, status }, KUBELET);
  }

  #nodeOf(pod: SimObject): SimObject | undefined {
    return this.#cluster.get(NODES, undefined, textAt(pod["spec"], "nodeName"));
  }

  /** Does something to an object if it still lives: not to another one of its name. */
  #if(
    resource: Pick<ResourceType, "group" | "version" | "resource">,
    seen: SimObject,
    act: (now: SimObject) => void,
  ): void {
    const now = this.#cluster.get(resource, seen.metadata.namespace, seen.metadata.name);
    if (now?.metadata.uid === seen.metadata.uid) act(now);
  }

  /** Work that the cluster refuses is tried again twice, and then given up: the object is one that cannot work. */
  #after(leastMs: number, mostMs: number, work: () => void, triesLeft = 2): void {
    this.#agenda.add(this.#cluster.clock.monotonic() + this.#random.integer(leastMs, mostMs), () => {
      try {
        work();
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        if (triesLeft > 0) this.#after(1000, 5000, work, triesLeft - 1);
      }
    });
    this.onScheduled();
  }
}

function isNewGeneration(object: SimObject, previous: SimObject | undefined): boolean {
  return object.metadata.generation !== previous?.metadata.generation;
}
