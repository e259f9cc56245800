import { KUBERNETES_PATHS } from "@krm/protocol";
import { isDnsLabel, isDnsSubdomain } from "../dns-name.ts";
import { isKnownKind, KINDS } from "../kubernetes-kinds.ts";
import { invalid } from "../options.ts";

/** A resource as `group/version/plural`; without a group: `v1/configmaps`. */
export type GroupVersionResource = `${string}/${string}`;

/** The path of a resource in the Kubernetes API. @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT` */
export function kubernetesPath(resource: string, namespace: string | undefined): string {
  const parts = (isKnownKind(resource) ? KINDS[resource].path : resource).split("/");
  const [plural = "", version = "", group, ...rest] = parts.toReversed();
  const isWhole =
    rest.length === 0 && isDnsLabel(plural) && isDnsLabel(version) && (group === undefined || isDnsSubdomain(group));
  if (!isWhole)
    throw invalid(
      `resource is ${JSON.stringify(resource)}`,
      `give one of ${Object.keys(KINDS).join(", ")}, or group/version/plural, such as apps/v1/statefulsets or v1/configmaps`,
    );
  const isScoped = namespace !== undefined && namespace !== "";
  // No encoding keeps ".." from being taken for the parent, which would be a watch of all namespaces.
  if (isScoped && !isDnsLabel(namespace))
    throw invalid(
      `namespace is ${JSON.stringify(namespace)}`,
      'give at most 63 lower-case letters, digits and "-", with a letter or digit at both ends; or leave it out',
    );
  const root = group === undefined ? KUBERNETES_PATHS.core : `${KUBERNETES_PATHS.groups}/${group}`;
  return `${root}/${version}${isScoped ? `/namespaces/${namespace}` : ""}/${plural}`;
}
