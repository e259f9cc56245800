import { KUBERNETES_PATHS } from "@krm/protocol";
import { invalid } from "../options.ts";
import type { GroupVersionResource } from "../resource-name.ts";

/** What the path of an informer names. */
export interface InformerPath {
  readonly resource: GroupVersionResource;
  readonly namespace: string | undefined;
}

const CORE = `${KUBERNETES_PATHS.core}/v1/`;
const NAMESPACED = /^namespaces\/([^/]+)\/(.+)$/;

/**
 * Reads the path of a collection of the Kubernetes API: `/api/v1/namespaces/team-a/pods`, `/apis/apps/v1/deployments`.
 * Whether its parts can be names at all is for others to say.
 *
 * @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT`
 */
export function parseInformerPath(path: string): InformerPath {
  if (path.startsWith(CORE)) return inVersion("v1", path.slice(CORE.length), path);
  const [group, version, ...more] = path.startsWith(`${KUBERNETES_PATHS.groups}/`)
    ? path.slice(KUBERNETES_PATHS.groups.length + 1).split("/")
    : [];
  if (group === undefined || version === undefined) throw notCollection(path);
  return inVersion(`${group}/${version}`, more.join("/"), path);
}

function inVersion(groupVersion: string, rest: string, path: string): InformerPath {
  const [, namespace, inNamespace] = NAMESPACED.exec(rest) ?? [];
  const plural = inNamespace ?? rest;
  if (plural === "" || /[/?#]/.test(plural)) throw notCollection(path);
  return { resource: `${groupVersion}/${plural}`, namespace };
}

function notCollection(path: string): Error {
  return invalid(
    `path is ${JSON.stringify(path)}, which is no list of the Kubernetes API`,
    "write it like /api/v1/namespaces/team-a/pods or /apis/apps/v1/deployments, without a query",
  );
}
