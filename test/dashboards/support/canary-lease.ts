import { canaryHolder, LEASES, objectKey, type Uid } from "@krm/core";
import type { CanaryLease } from "@krm/metrics";
import { NAMESPACES, type SimCluster } from "@krm/testkit";

/** Where the canary's Lease stands. */
export const LEASE_NAMESPACE = "krm";

const NAME = "krm-canary";

/** A Lease in a simulated cluster, for a canary to write. */
export function canaryLease(cluster: SimCluster): CanaryLease {
  cluster.create(NAMESPACES, { metadata: { name: LEASE_NAMESPACE } });
  return {
    key: objectKey(LEASE_NAMESPACE, NAME),
    renew: async (at) => {
      const created = cluster.get(LEASES, LEASE_NAMESPACE, NAME) === undefined;
      const spec = {
        holderIdentity: canaryHolder("test"),
        renewTime: `${new Date(at).toISOString().slice(0, -1)}000Z`,
      };
      const metadata = { name: NAME, namespace: LEASE_NAMESPACE };
      const lease = created
        ? cluster.create(LEASES, { metadata, spec }, { namespace: LEASE_NAMESPACE })
        : cluster.patch(LEASES, LEASE_NAMESPACE, NAME, { spec });
      const { uid, resourceVersion } = lease.metadata;
      return { uid: uid as Uid, resourceVersion, created };
    },
  };
}
