import { resourceName, type Scope } from "@krm/core";

/** How people name a scope: `pods`, `pods in team-a`. */
export function scopeName({ resource, namespace }: Scope): string {
  const name = resourceName(resource);
  return namespace === undefined ? name : `${name} in ${namespace}`;
}
