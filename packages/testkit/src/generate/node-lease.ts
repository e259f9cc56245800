import { NODES } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import { objectAt, type SimObject } from "../cluster/sim-object.ts";
import { LEASES } from "../cluster/sim-resource.ts";
import { microTimestamp } from "../cluster/timestamp.ts";

const MANAGER = "kubelet";

/** Where kubelets have their leases, each under the name of its node. */
export const NODE_LEASES = "kube-node-lease";

/** Makes the lease of a node, as its kubelet does. `at`: when the node came, by the cluster's clock. */
export function createNodeLease(cluster: SimCluster, node: SimObject, at: number = cluster.clock.now()): SimObject {
  const { name } = node.metadata;
  const metadata = { name, namespace: NODE_LEASES, ownerReferences: ownerOf(node) };
  const renewTime = microTimestamp(cluster.clock.now());
  const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime };
  return cluster.create(LEASES, { metadata, spec }, { manager: MANAGER, at });
}

/** Renews the lease of a node; false: it is as new as it can be. */
export function renewNodeLease(cluster: SimCluster, lease: SimObject): boolean {
  const { name, namespace } = lease.metadata;
  const node = cluster.get(NODES, undefined, name);
  const metadata = node === undefined ? lease.metadata : { ...lease.metadata, ownerReferences: ownerOf(node) };
  const spec = { ...objectAt(lease, "spec"), renewTime: microTimestamp(cluster.clock.now()) };
  return cluster.update(LEASES, namespace, name, { ...lease, metadata, spec }, { manager: MANAGER }) !== lease;
}

function ownerOf({ metadata: { name, uid } }: SimObject): readonly object[] {
  return [{ apiVersion: "v1", kind: "Node", name, uid }];
}
