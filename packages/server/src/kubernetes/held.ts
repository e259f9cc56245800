import type { ResourceRequestInfo } from "@krm/apimachinery";
import type { Watched } from "../view/catalog.ts";

/** Whether a request is for objects that are watched: of the resource, at its version, in the namespace that the path names. */
export function isHeld(
  all: readonly Watched[],
  { group, namespace, resource, subresource, version }: ResourceRequestInfo,
): boolean {
  if (subresource !== "") return false;
  const watched = all.find(
    ({ resource: type }) => type.group === group && type.version === version && type.resource === resource,
  );
  if (watched === undefined) return false;
  return namespace === "" || watched.scopes.some((scope) => (scope.namespace ?? namespace) === namespace);
}
