import { type ResourceType, resourceId } from "@krm/core";
import type { JsonObject, SimObject } from "../sim-object.ts";
import { deploymentRules, replicaSetRules } from "./workload.ts";
import { leaseRules } from "./lease.ts";
import { ingressRules, serviceRules } from "./network.ts";
import { namespaceRules, nodeRules, persistentVolumeClaimRules } from "./infrastructure.ts";
import { podRules } from "./pod.ts";

/** What the rules of a kind may ask of the cluster while an object is created. */
export interface CreateContext {
  node(name: string): SimObject | undefined;
  /** The next free cluster IP. */
  clusterIp(): string;
  /** The next free node port. */
  nodePort(): number;
}

/** How the API server treats objects of one kind, beyond what it does to all. All functions change the draft in place. */
export interface KindRules {
  /** `metadata.generation` counts the changes of the specification. */
  readonly generation: boolean;
  /** An update must say which version it changes. */
  readonly versionRequired?: true;
  /** A PUT makes the object where there is none. */
  readonly createdByUpdate?: true;
  /** Fills in what the writer left out. What it fills in belongs to the writer (managedFields say so). */
  readonly defaults?: (draft: JsonObject) => void;
  /** What the server sets on its own account: strategy and admission. */
  readonly create?: (draft: JsonObject, context: CreateContext) => void;
  /** The status to write, out of what a writer sent and what was there. */
  readonly status?: (sent: JsonObject, before: JsonObject) => JsonObject;
  /** How long this object takes to go when a deletion asks for `requested` seconds; undefined here: it goes at once. */
  readonly gracePeriod?: (object: SimObject, requested: number | undefined) => number;
}

const plainRules: KindRules = { generation: false };
const customRules: KindRules = { generation: true };

const RULES: ReadonlyMap<string, KindRules> = new Map([
  ["v1/pods", podRules],
  ["v1/nodes", nodeRules],
  ["v1/namespaces", namespaceRules],
  ["v1/services", serviceRules],
  ["v1/persistentvolumeclaims", persistentVolumeClaimRules],
  ["apps/v1/deployments", deploymentRules],
  ["apps/v1/replicasets", replicaSetRules],
  ["networking.k8s.io/v1/ingresses", ingressRules],
  ["coordination.k8s.io/v1/leases", leaseRules],
]);

/** The rules of a resource; those of a plain object where it has none of its own. */
export function kindRules(resource: ResourceType): KindRules {
  return RULES.get(resourceId(resource)) ?? (resource.custom ? customRules : plainRules);
}
