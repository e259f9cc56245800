import type { ResourceType, Scope } from "@krm/core";

/** What one role looks after: each namespace that was named, or the whole resource, which one without namespaces always is. */
export function roleScopes(resource: ResourceType, namespaces: readonly string[] | undefined): readonly Scope[] {
  if (namespaces === undefined || !resource.namespaced) return [{ resource }];
  return [...new Set(namespaces)].map((namespace) => ({ resource, namespace }));
}
