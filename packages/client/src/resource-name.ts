import { isDnsLabel, isDnsSubdomain, KUBERNETES_PATHS } from "@krm/protocol";
import { isKnownKind, KINDS } from "./kubernetes-kinds.ts";
import { invalid } from "./options.ts";

/** A resource as `group/version/plural`; without a group: `v1/configmaps`. */
export type GroupVersionResource = `${string}/${string}`;

/** A resource of the Kubernetes API, taken apart. */
export interface ResourceParts {
  /** Undefined: the core group. */
  readonly group: string | undefined;
  readonly version: string;
  readonly plural: string;
}

/** Takes `group/version/plural`, or one of the six kinds, apart. @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT` */
export function resourceParts(resource: string): ResourceParts {
  const parts = (isKnownKind(resource) ? KINDS[resource].path : resource).split("/");
  const [plural = "", version = "", group, ...rest] = parts.toReversed();
  const isWhole =
    rest.length === 0 && isDnsLabel(plural) && isDnsLabel(version) && (group === undefined || isDnsSubdomain(group));
  if (!isWhole)
    throw invalid(
      `resource is ${JSON.stringify(resource)}`,
      `give one of ${Object.keys(KINDS).join(", ")}, or group/version/plural, such as apps/v1/statefulsets or v1/configmaps`,
    );
  return { group, version, plural };
}

/** What KRM's own lists call it: the plural with its group. */
export function flatName({ group, plural }: ResourceParts): string {
  return group === undefined ? plural : `${plural}.${group}`;
}

/** `apiVersion` of its objects. */
export function apiVersionOf({ group, version }: ResourceParts): string {
  return group === undefined ? version : `${group}/${version}`;
}

/**
 * The path of a resource in the Kubernetes API, or of one object of it.
 *
 * @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT`
 */
export function kubernetesPath(resource: string, namespace: string | undefined, name?: string): string {
  const { group, version, plural } = resourceParts(resource);
  const isScoped = namespace !== undefined && namespace !== "";
  // No encoding keeps ".." from being taken for the parent, which would be all namespaces, or all objects.
  if (isScoped && !isDnsLabel(namespace))
    throw invalid(
      `namespace is ${JSON.stringify(namespace)}`,
      'give at most 63 lower-case letters, digits and "-", with a letter or digit at both ends; or leave it out',
    );
  if (name === "." || name === ".." || name?.includes("/") === true || name?.includes("%") === true)
    throw invalid(
      `name is ${JSON.stringify(name)}`,
      'give the name of an object, which is not "." or ".." nor holds / or %',
    );
  const root = group === undefined ? KUBERNETES_PATHS.core : `${KUBERNETES_PATHS.groups}/${group}`;
  const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `${root}/${version}${isScoped ? `/namespaces/${namespace}` : ""}/${plural}${object}`;
}
