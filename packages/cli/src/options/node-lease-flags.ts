import { LEASES, type Scope } from "@krm/core";
import { Flag } from "./flag.ts";

/** Whether the nodes' Leases are watched beside the resources. */
export interface NodeLeaseFlagOptions {
  readonly nodeLeases?: boolean;
}

/** The namespace where kubelets keep their Leases: one for each node. */
const NODE_LEASES = "kube-node-lease";

/** `--node-leases` */
export function nodeLeaseFlags(): readonly Flag[] {
  return [new Flag("--node-leases", "watch the nodes' Leases too, whose renewals are measured to the microsecond")];
}

/** The scope that watches them, where that was asked for. */
export function nodeLeaseScopes({ nodeLeases }: NodeLeaseFlagOptions): readonly Scope[] {
  return nodeLeases === true ? [{ resource: LEASES, namespace: NODE_LEASES }] : [];
}
