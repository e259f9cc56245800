import { KUBERNETES_PATHS } from "@krm/protocol";
import { invalid } from "../options.ts";

/** A resource as `group/version/plural`; without a group: `v1/configmaps`. */
export type GroupVersionResource = `${string}/${string}`;

const KNOWN: Readonly<Record<string, string>> = {
  pods: "v1/pods",
  deployments: "apps/v1/deployments",
  persistentvolumeclaims: "v1/persistentvolumeclaims",
  services: "v1/services",
  ingresses: "networking.k8s.io/v1/ingresses",
  nodes: "v1/nodes",
};

/** The path of a resource in the Kubernetes API. @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT` */
export function kubernetesPath(resource: string, namespace: string | undefined): string {
  const parts = (Object.hasOwn(KNOWN, resource) ? (KNOWN[resource] ?? "") : resource).split("/");
  const [plural = "", version = "", group, ...rest] = parts.toReversed();
  const isWhole = rest.length === 0 && [plural, version, group ?? "core"].every((part) => /^[a-z0-9.-]+$/.test(part));
  if (!isWhole)
    throw invalid(
      `resource is ${JSON.stringify(resource)}`,
      `give one of ${Object.keys(KNOWN).join(", ")}, or group/version/plural, such as apps/v1/statefulsets or v1/configmaps`,
    );
  const root = group === undefined ? KUBERNETES_PATHS.core : `${KUBERNETES_PATHS.groups}/${group}`;
  const within = namespace === undefined || namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}/${version}${within}/${plural}`;
}
