import type { Scope } from "@krm/core";

/** Tags of a point. Undefined ones are left out. */
export type Tags = Readonly<Record<string, string | undefined>>;

/** What says which scope a point is about: `resource` (`pods`), `group` (not for the core group), `namespace` (not for all). */
export function scopeTags({ resource, namespace }: Scope): Tags {
  return {
    resource: resource.resource,
    group: resource.group === "" ? undefined : resource.group,
    namespace: namespace === "" ? undefined : namespace,
  };
}
