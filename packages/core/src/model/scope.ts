import { type ResourceType, resourceId } from "./resource-type.ts";

/**
 * What one streamer, one verifier and one merger look after: a resource in all namespaces, or in one (law 11). State,
 * horizon, drift and health are per scope; a reader of several namespaces gets the union of their scopes.
 */
export interface Scope {
  readonly resource: ResourceType;
  /** Undefined: all namespaces, and the only choice for a cluster-scoped resource. */
  readonly namespace?: string | undefined;
}

/** The name of a scope in logs, keys and status: `v1/pods`, `v1/pods@team-a`. */
export function scopeId(scope: Scope): string {
  const id = resourceId(scope.resource);
  return scope.namespace === undefined ? id : `${id}@${scope.namespace}`;
}
