import { type ListOptions, parseFieldSelector, selectableFields } from "@krm/apimachinery";
import type { SimObject } from "../cluster/sim-object.ts";
import type { SimResource } from "../cluster/sim-resource.ts";

/** Which objects of a resource a list or watch is about: a namespace and two selectors. */
export interface ObjectFilter {
  /** True when it lets everything of the namespace through: no selector. */
  readonly empty: boolean;
  matches(object: SimObject): boolean;
}

/** Builds the filter of a request. @throws StatusError 400 for a field that the resource has not. */
export function objectFilter(resource: SimResource, namespace: string, options: ListOptions): ObjectFilter {
  const { labels } = options;
  const fields = parseFieldSelector(options.fieldSelector, resource);
  return {
    empty: labels.empty && fields.empty,
    matches: (object) =>
      (namespace === "" || object.metadata.namespace === namespace) &&
      (labels.empty || labels.matches(object.metadata.labels ?? {})) &&
      (fields.empty || fields.matches(selectableFields(resource, object))),
  };
}
