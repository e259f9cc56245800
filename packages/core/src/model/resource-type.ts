/**
 * One collection of the Kubernetes API: what discovery says of it. `group` is `""` for the core group.
 *
 * `namespaced` decides the shape of keys and paths.
 * A built-in kind writes `kind` before `apiVersion`; a custom one, served from a sorted map, `apiVersion` first.
 */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  /** The plural, as in the path: `pods`. */
  readonly resource: string;
  readonly kind: string;
  readonly listKind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** True where a CustomResourceDefinition serves it. */
  readonly custom: boolean;
}

/** `v1` or `apps/v1`. */
export function apiVersionOf(type: Pick<ResourceType, "group" | "version">): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** The unambiguous name of a resource, as flags, logs and stores write it: `v1/pods`, `apps/v1/deployments`. */
export function resourceId(type: Pick<ResourceType, "group" | "version" | "resource">): string {
  return `${apiVersionOf(type)}/${type.resource}`;
}

/** The short name people use: `pods`, `deployments.apps`. */
export function resourceName(type: Pick<ResourceType, "group" | "resource">): string {
  return type.group === "" ? type.resource : `${type.resource}.${type.group}`;
}

/** The API server's path of a collection, or of one object in it. */
export function resourcePath(
  type: Pick<ResourceType, "group" | "version" | "resource">,
  namespace?: string,
  name?: string,
): string {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const within = namespace === undefined || namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const one = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `${root}${within}/${type.resource}${one}`;
}

function builtIn(
  group: string,
  version: string,
  resource: string,
  kind: string,
  namespaced: boolean,
  ...shortNames: string[]
): ResourceType {
  return {
    group,
    version,
    resource,
    kind,
    listKind: `${kind}List`,
    singular: kind.toLowerCase(),
    shortNames,
    namespaced,
    custom: false,
  };
}

/** `v1/pods` */
export const PODS: ResourceType = builtIn("", "v1", "pods", "Pod", true, "po");
/** `apps/v1/deployments` */
export const DEPLOYMENTS: ResourceType = builtIn("apps", "v1", "deployments", "Deployment", true, "deploy");
/** `v1/persistentvolumeclaims` */
export const PERSISTENT_VOLUME_CLAIMS: ResourceType = builtIn(
  "",
  "v1",
  "persistentvolumeclaims",
  "PersistentVolumeClaim",
  true,
  "pvc",
);
/** `v1/services` */
export const SERVICES: ResourceType = builtIn("", "v1", "services", "Service", true, "svc");
/** `networking.k8s.io/v1/ingresses` */
export const INGRESSES: ResourceType = builtIn("networking.k8s.io", "v1", "ingresses", "Ingress", true, "ing");
/** `v1/nodes` */
export const NODES: ResourceType = builtIn("", "v1", "nodes", "Node", false, "no");

/** `coordination.k8s.io/v1/leases`: of what renews them, and of a canary. */
export const LEASES: ResourceType = builtIn("coordination.k8s.io", "v1", "leases", "Lease", true);

/** The six kinds that are watched unless others are named. */
export const DEFAULT_RESOURCES: readonly ResourceType[] = [
  PODS,
  DEPLOYMENTS,
  PERSISTENT_VOLUME_CLAIMS,
  SERVICES,
  INGRESSES,
  NODES,
];
