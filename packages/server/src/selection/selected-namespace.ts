import type { FieldSelector } from "@krm/apimachinery";
import type { ResourceType } from "@krm/core";

/**
 * The one namespace that a field selector leaves, so that nothing of others is read, and one that is not watched is refused.
 * Undefined: any. Of two that exclude each other the first: nothing can be in both.
 */
export function selectedNamespace(fields: FieldSelector, resource: ResourceType): string | undefined {
  if (!resource.namespaced) return undefined;
  const named = fields.requirements.find(({ field, operator }) => field === "metadata.namespace" && operator !== "!=");
  return named?.value === "" ? undefined : named?.value;
}
