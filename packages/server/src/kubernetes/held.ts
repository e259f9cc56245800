import type { ResourceRequestInfo } from "@krm/apimachinery";
import type { Watched } from "../view/catalog.ts";

/** The resource that a request is for, at its version; undefined: it is not watched. */
export function watchedOf(
  all: readonly Watched[],
  { group, resource, version }: Pick<ResourceRequestInfo, "group" | "resource" | "version">,
): Watched | undefined {
  return all.find(
    ({ resource: type }) => type.group === group && type.version === version && type.resource === resource,
  );
}

/** Whether a request is for objects that are watched: of the resource, at its version, in the namespace that the path names. */
export function isHeld(all: readonly Watched[], info: ResourceRequestInfo): boolean {
  if (info.subresource !== "") return false;
  const { namespace } = info;
  const watched = watchedOf(all, info);
  if (watched === undefined) return false;
  return namespace === "" || watched.scopes.some((scope) => (scope.namespace ?? namespace) === namespace);
}
