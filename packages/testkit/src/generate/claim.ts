import { PERSISTENT_VOLUME_CLAIMS } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import { listAt, objectAt, type SimObject } from "../cluster/sim-object.ts";

/** Binds a claim to a volume, as the volume controller does: specification first, then status. */
export function boundClaim(cluster: SimCluster, claim: SimObject, at: number = cluster.clock.now()): SimObject {
  const { namespace, name, uid } = claim.metadata;
  const write = { manager: "kube-controller-manager", at };
  cluster.patch(
    PERSISTENT_VOLUME_CLAIMS,
    namespace,
    name,
    {
      metadata: { annotations: { "pv.kubernetes.io/bind-completed": "yes" } },
      spec: { volumeName: `pvc-${uid}` },
    },
    undefined,
    write,
  );
  const status = {
    phase: "Bound",
    accessModes: listAt(claim["spec"], "accessModes"),
    capacity: objectAt(objectAt(claim["spec"], "resources"), "requests"),
  };
  return cluster.patch(PERSISTENT_VOLUME_CLAIMS, namespace, name, { status }, undefined, {
    ...write,
    subresource: "status",
  });
}
