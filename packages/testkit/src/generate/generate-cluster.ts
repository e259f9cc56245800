import { setImmediate } from "node:timers/promises";
import { DEPLOYMENTS, INGRESSES, NODES, PERSISTENT_VOLUME_CLAIMS, PODS, SERVICES } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { JsonObject, SimObject } from "../cluster/sim-object.ts";
import { CONFIG_MAPS, NAMESPACES, REPLICA_SETS } from "../cluster/sim-resource.ts";
import { timestamp } from "../cluster/timestamp.ts";
import { SeededRandom } from "../random/seeded-random.ts";
import { type App, appLabels, applied, makeApp, makeNamespaces } from "./app.ts";
import { boundClaim } from "./claim.ts";
import { claimManifest, configMapManifest, deploymentManifest, ingressManifest, serviceManifest } from "./manifests.ts";
import { addNode, internalIp, podIp } from "./node.ts";
import { crashedStatus, endedStatus, runningStatus } from "./pod-status.ts";
import { deploymentStatus, podFor, replicaSetFor, replicaSetStatus } from "./replica-set.ts";

/** What {@link generateCluster} makes. */
export interface GenerateOptions {
  /** Exactly so many pods. Default 500. */
  readonly pods?: number | undefined;
  /** Default: one for 40 pods, at least 3. */
  readonly nodes?: number | undefined;
  /** Default 1. The same seed, clock and cluster options give the same cluster, to the byte. */
  readonly seed?: number | undefined;
}

const DAY = 86_400_000;

/**
 * Fills a cluster with what one finds in a real one: nodes with leases, namespaces by team and environment, deployments
 * with replica sets and pods (5 to 11 KB each, managedFields included; some crash, some wait, some are done), services,
 * ingresses, claims and config maps. They look up to 30 days old, but are written now.
 */
export function generateCluster(cluster: SimCluster, options: GenerateOptions = {}): void {
  const steps = generationSteps(cluster, options);
  while (steps.next().done !== true) continue;
}

/**
 * As {@link generateCluster}, the same cluster to the byte, but other work gets its turn after every application: a large
 * cluster takes seconds.
 *
 * @throws The reason of `signal`. What was made until then is in the cluster.
 */
export async function generateClusterInTurns(
  cluster: SimCluster,
  options: GenerateOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const steps = generationSteps(cluster, options);
  while (steps.next().done !== true) {
    await setImmediate();
    options.signal?.throwIfAborted();
  }
}

function* generationSteps(cluster: SimCluster, options: GenerateOptions): Generator<void> {
  const pods = options.pods ?? 500;
  const nodes = options.nodes ?? Math.max(3, Math.ceil(pods / 40));
  const generator = new ClusterGenerator(cluster, new SeededRandom(options.seed ?? 1));
  generator.addNodes(nodes);
  yield;
  yield* generator.addApps(pods);
}

class ClusterGenerator {
  readonly #cluster: SimCluster;
  readonly #random: SeededRandom;
  #podCount = 0;

  constructor(cluster: SimCluster, random: SeededRandom) {
    this.#cluster = cluster;
    this.#random = random;
  }

  addNodes(count: number): void {
    const random = this.#random.fork("nodes");
    for (let index = 1; index <= count; index++) {
      addNode(this.#cluster, random, index, this.#pastTime(random));
    }
  }

  /** In steps of one application. */
  *addApps(pods: number): Generator<void> {
    const random = this.#random.fork("apps");
    const namespaces = makeNamespaces(random, Math.min(40, Math.max(2, Math.ceil(pods / 100))));
    for (const { name, team, environment } of namespaces) {
      const at = this.#now() - 31 * DAY;
      this.#cluster.create(NAMESPACES, { metadata: { name, labels: { env: environment, team } } }, { at });
    }
    const taken = new Map(namespaces.map(({ name }) => [name, new Set<string>()]));
    for (let left = pods; left > 0;) {
      const where = random.pick(namespaces);
      const replicas = Math.min(left, 1 + Math.floor(random.next() ** 3 * 24));
      this.#addApp(makeApp(random, where, replicas, taken.get(where.name) as Set<string>), random);
      left -= replicas;
      yield;
    }
  }

  #addApp(app: App, random: SeededRandom): void {
    const at = this.#pastTime(random);
    const write = { at, manager: "helm" };
    this.#cluster.create(CONFIG_MAPS, configMapManifest(app, random), write);
    if (app.hasClaim) {
      const claim = this.#cluster.create(PERSISTENT_VOLUME_CLAIMS, claimManifest(app, appLabels(app), random), write);
      boundClaim(this.#cluster, claim, at);
    }
    if (app.hasService) this.#cluster.create(SERVICES, this.#maybeApplied(serviceManifest(app, random), random), write);
    if (app.hasIngress) {
      this.#cluster.create(INGRESSES, this.#maybeApplied(ingressManifest(app, random), random), write);
    }
    const manifest = this.#maybeApplied(deploymentManifest(app, random), random);
    const annotations = {
      ...(manifest.metadata["annotations"] as JsonObject),
      "deployment.kubernetes.io/revision": "1",
    };
    const metadata = { ...manifest.metadata, annotations };
    const deployment = this.#cluster.create(DEPLOYMENTS, { ...manifest, metadata }, write);
    this.#addReplicas(deployment, app.replicas, at, random);
  }

  #addReplicas(deployment: SimObject, replicas: number, at: number, random: SeededRandom): void {
    const controller = { at, manager: "kube-controller-manager" };
    const replicaSet = this.#cluster.create(REPLICA_SETS, replicaSetFor(deployment, replicas, 1), controller);
    let ready = 0;
    for (let index = 0; index < replicas; index++) if (this.#addPod(replicaSet, at, random)) ready++;
    const status = { ...controller, subresource: "status" } as const;
    const { namespace, name } = replicaSet.metadata;
    this.#cluster.patch(
      REPLICA_SETS,
      namespace,
      name,
      { status: replicaSetStatus(replicaSet, replicas, ready) },
      undefined,
      status,
    );
    const counts = { replicas, updated: replicas, ready };
    this.#cluster.patch(
      DEPLOYMENTS,
      namespace,
      deployment.metadata.name,
      { status: deploymentStatus(deployment, counts, timestamp(at)) },
      undefined,
      status,
    );
  }

  /** True for a pod that is ready. */
  #addPod(replicaSet: SimObject, at: number, random: SeededRandom): boolean {
    const fate = random.weighted({ running: 940, crashing: 30, done: 20, waiting: 10 });
    const nodes = this.#cluster.list(NODES).items;
    const draft = podFor(replicaSet);
    const controller = { at, manager: "kube-controller-manager" };
    if (fate === "waiting" || nodes.length === 0) {
      this.#cluster.create(PODS, draft, { ...controller, at: this.#now() });
      return false;
    }
    const node = random.pick(nodes);
    const spec = { ...(draft["spec"] as JsonObject), nodeName: node.metadata.name };
    const pod = this.#cluster.create(PODS, { ...draft, spec }, controller);
    const place = { hostIP: internalIp(node), podIP: podIp(node, this.#podCount++) };
    const running = { ...pod, status: runningStatus(pod, place, at) };
    const kubelet = { manager: "kubelet", subresource: "status", at } as const;
    const status =
      fate === "crashing"
        ? crashedStatus(running, this.#now())
        : fate === "done"
          ? endedStatus(running, this.#now(), true)
          : running.status;
    this.#cluster.update(PODS, pod.metadata.namespace, pod.metadata.name, { ...pod, status }, kubelet);
    return fate === "running";
  }

  #maybeApplied<T extends JsonObject & { metadata: JsonObject }>(manifest: T, random: SeededRandom): T {
    return random.chance(0.5) ? applied(manifest) : manifest;
  }

  #now(): number {
    return this.#cluster.clock.now();
  }

  #pastTime(random: SeededRandom): number {
    return this.#now() - Math.floor(random.next() ** 2 * 30 * DAY) - 60_000;
  }
}
