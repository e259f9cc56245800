import { DEPLOYMENTS, INGRESSES, NODES, PERSISTENT_VOLUME_CLAIMS, PODS, type ResourceType, SERVICES } from "@krm/core";

/** What can be done with a resource that is kept in the cluster. */
export type SimVerb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";

/** A resource that the simulated cluster serves: what discovery says of it, and which subresources it has. */
export interface SimResource extends ResourceType {
  readonly verbs: readonly SimVerb[];
  readonly subresources: readonly ("status" | "scale")[];
  /** `all` for what `kubectl get all` shows. */
  readonly categories: readonly string[];
}

const ALL_VERBS: readonly SimVerb[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

/** Makes a resource of the simulated cluster out of a type. Default: every verb, no subresource, no category. */
export function simResource(
  type: ResourceType,
  more: Partial<Pick<SimResource, "verbs" | "subresources" | "categories">> = {},
): SimResource {
  return { ...type, verbs: ALL_VERBS, subresources: [], categories: [], ...more };
}

function builtIn(
  group: string,
  version: string,
  resource: string,
  kind: string,
  more: Partial<ResourceType> = {},
): ResourceType {
  const singular = kind.toLowerCase();
  return {
    group,
    version,
    resource,
    kind,
    listKind: `${kind}List`,
    singular,
    shortNames: [],
    namespaced: true,
    custom: false,
    ...more,
  };
}

/** `v1/namespaces` */
export const NAMESPACES: ResourceType = builtIn("", "v1", "namespaces", "Namespace", {
  namespaced: false,
  shortNames: ["ns"],
});
/** `v1/configmaps` */
export const CONFIG_MAPS: ResourceType = builtIn("", "v1", "configmaps", "ConfigMap", { shortNames: ["cm"] });
/** `v1/secrets` */
export const SECRETS: ResourceType = builtIn("", "v1", "secrets", "Secret");
/** `v1/serviceaccounts` */
export const SERVICE_ACCOUNTS: ResourceType = builtIn("", "v1", "serviceaccounts", "ServiceAccount", {
  shortNames: ["sa"],
});
/** `v1/events` */
export const EVENTS: ResourceType = builtIn("", "v1", "events", "Event", { shortNames: ["ev"] });
/** `apps/v1/replicasets` */
export const REPLICA_SETS: ResourceType = builtIn("apps", "v1", "replicasets", "ReplicaSet", { shortNames: ["rs"] });
/** `coordination.k8s.io/v1/leases` */
export const LEASES: ResourceType = builtIn("coordination.k8s.io", "v1", "leases", "Lease");
/** `widgets.example.krm.dev/v1`: an example of a custom resource, with its bytes as one (sorted members). */
export const WIDGETS: ResourceType = builtIn("example.krm.dev", "v1", "widgets", "Widget", {
  shortNames: ["wd"],
  custom: true,
});

/** What a simulated cluster serves unless told otherwise: the six kinds, what belongs to them, one custom resource. */
export const SIM_RESOURCES: readonly SimResource[] = [
  simResource(CONFIG_MAPS),
  simResource(EVENTS),
  simResource(NAMESPACES, {
    subresources: ["status"],
    verbs: ALL_VERBS.filter((verb) => verb !== "deletecollection"),
  }),
  simResource(NODES, { subresources: ["status"] }),
  simResource(PERSISTENT_VOLUME_CLAIMS, { subresources: ["status"] }),
  simResource(PODS, { subresources: ["status"], categories: ["all"] }),
  simResource(SECRETS),
  simResource(SERVICE_ACCOUNTS),
  simResource(SERVICES, { subresources: ["status"], categories: ["all"] }),
  simResource(DEPLOYMENTS, { subresources: ["scale", "status"], categories: ["all"] }),
  simResource(REPLICA_SETS, { subresources: ["scale", "status"], categories: ["all"] }),
  simResource(LEASES),
  simResource(INGRESSES, { subresources: ["status"] }),
  simResource(WIDGETS, { subresources: ["status"] }),
];
