import { DEPLOYMENTS, PODS } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { SimObject } from "../cluster/sim-object.ts";
import { REPLICA_SETS } from "../cluster/sim-resource.ts";
import { timestamp } from "../cluster/timestamp.ts";
import type { OwnedObjects } from "./owned-objects.ts";
import { isReady } from "./pod-status.ts";
import {
  deploymentStatus,
  desiredReplicas,
  podFor,
  replicaSetFor,
  replicaSetStatus,
  templateHash,
} from "./replica-set.ts";

const MANAGER = "kube-controller-manager";
const HASH = "pod-template-hash";
const REVISION = "deployment.kubernetes.io/revision";

/**
 * What the deployment and replica set controllers do: one call brings a deployment one step closer to what it asks for,
 * within 25 % of surge and 25 % of unavailability. Every change it makes causes events that lead to the next call.
 */
export function reconcileDeployment(cluster: SimCluster, owned: OwnedObjects, deployment: SimObject): void {
  const { namespace, name, uid } = deployment.metadata;
  const desired = desiredReplicas(deployment);
  const hash = templateHash(deployment);
  const all = owned.of(uid);
  const current = all.find((each) => each.metadata.labels?.[HASH] === hash);
  const old = all.filter((each) => each !== current);
  if (current === undefined) {
    const revision = Math.max(0, ...all.map((each) => Number(each.metadata.annotations?.[REVISION] ?? 0))) + 1;
    const surge = Math.max(1, Math.ceil(desired / 4));
    const replicas = old.length === 0 ? desired : Math.min(desired, surge);
    const replicaSet = replicaSetFor(deployment, replicas, revision);
    // One of this name that belonged to an earlier deployment has to go first; its end leads back here.
    if (cluster.get(REPLICA_SETS, namespace, `${name}-${hash}`) !== undefined) return;
    cluster.create(REPLICA_SETS, replicaSet, { manager: MANAGER });
    const annotations = { [REVISION]: String(revision) };
    cluster.patch(DEPLOYMENTS, namespace, name, { metadata: { annotations } }, undefined, { manager: MANAGER });
    return;
  }
  const total = all.reduce((sum, each) => sum + desiredReplicas(each), 0);
  const ready = all.flatMap((each) => livePods(owned, each)).filter(isReady).length;
  const surge = old.some((each) => desiredReplicas(each) > 0) ? Math.max(1, Math.ceil(desired / 4)) : 0;
  const now = desiredReplicas(current);
  if (now > desired) scale(cluster, current, desired);
  else if (now < desired && total < desired + surge) {
    scale(cluster, current, Math.min(desired, now + desired + surge - total));
  } else {
    const spare = total - now - Math.max(0, desired - Math.floor(desired / 4) - readyOf(owned, current));
    const victim = old.find((each) => desiredReplicas(each) > 0);
    if (victim !== undefined && spare > 0) {
      scale(cluster, victim, Math.max(0, desiredReplicas(victim) - spare));
    }
  }
  for (const idle of old.slice(0, Math.max(0, old.length - 3))) {
    if (desiredReplicas(idle) === 0 && owned.of(idle.metadata.uid).length === 0) {
      cluster.delete(REPLICA_SETS, namespace, idle.metadata.name);
    }
  }
  const counts = {
    replicas: all.reduce((sum, each) => sum + livePods(owned, each).length, 0),
    updated: livePods(owned, current).length,
    ready,
  };
  const latest = cluster.get(DEPLOYMENTS, namespace, name) ?? deployment;
  const status = deploymentStatus(latest, counts, timestamp(cluster.clock.now()));
  cluster.update(DEPLOYMENTS, namespace, name, { ...latest, status }, { manager: MANAGER, subresource: "status" });
}

/** Makes a replica set have as many pods as it asks for, and tells so in its status. */
export function reconcileReplicaSet(cluster: SimCluster, owned: OwnedObjects, replicaSet: SimObject): void {
  const { namespace, name } = replicaSet.metadata;
  const desired = desiredReplicas(replicaSet);
  const live = livePods(owned, replicaSet);
  for (let count = live.length; count < desired; count++)
    cluster.create(PODS, podFor(replicaSet), { manager: MANAGER });
  // Those that are not ready go first, then the youngest.
  const candidates = live.toReversed().toSorted((a, b) => Number(isReady(a)) - Number(isReady(b)));
  for (const pod of candidates.slice(0, Math.max(0, live.length - desired))) {
    cluster.delete(PODS, namespace, pod.metadata.name);
  }
  const latest = cluster.get(REPLICA_SETS, namespace, name) ?? replicaSet;
  const pods = livePods(owned, latest);
  const status = replicaSetStatus(latest, pods.length, pods.filter(isReady).length);
  cluster.update(REPLICA_SETS, namespace, name, { ...latest, status }, { manager: MANAGER, subresource: "status" });
}

/** The pods of a replica set that count: not on their way out, not done. */
function livePods(owned: OwnedObjects, replicaSet: SimObject): readonly SimObject[] {
  return owned.of(replicaSet.metadata.uid).filter((pod) => {
    const phase = (pod["status"] as { phase?: unknown } | undefined)?.phase;
    return pod.metadata.deletionTimestamp === undefined && phase !== "Succeeded" && phase !== "Failed";
  });
}

function readyOf(owned: OwnedObjects, replicaSet: SimObject): number {
  return livePods(owned, replicaSet).filter(isReady).length;
}

function scale(cluster: SimCluster, replicaSet: SimObject, replicas: number): void {
  const { namespace, name } = replicaSet.metadata;
  cluster.patch(REPLICA_SETS, namespace, name, { spec: { replicas } }, undefined, { manager: MANAGER });
}
