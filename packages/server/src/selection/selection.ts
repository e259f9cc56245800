import type { FieldSelector, LabelSelector } from "@krm/apimachinery";
import type { ResourceType, StoredObject } from "@krm/core";
import type { FieldCache } from "./field-cache.ts";

/** What decides whether an object of a view is wanted. Names and namespaces are settled when the view is read. */
export interface Selection {
  readonly labels: LabelSelector;
  readonly fields: FieldSelector;
  /** `spec.nodeName`. */
  readonly node: string | undefined;
}

/** Tells whether an object is wanted. */
export type Wanted = (object: StoredObject) => boolean;

/** Compiles a selection; undefined: everything is wanted. Labels go first, since they need no parsing. */
export function compile(selection: Selection, resource: ResourceType, cache: FieldCache): Wanted | undefined {
  const { labels, node } = selection;
  const byFields = compileFields(selection.fields, resource, cache);
  const byNode =
    node === undefined
      ? undefined
      : (object: StoredObject): boolean => cache.fieldsOf(resource, object)["spec.nodeName"] === node;
  const byLabels = labels.empty ? undefined : (object: StoredObject): boolean => labels.matches(object.labels);
  const tests = [byLabels, byNode, byFields].filter((test) => test !== undefined);
  const [first] = tests;
  if (first === undefined) return undefined;
  return tests.length === 1 ? first : (object) => tests.every((test) => test(object));
}

function compileFields(fields: FieldSelector, resource: ResourceType, cache: FieldCache): Wanted | undefined {
  if (fields.empty) return undefined;
  const named = fields.requirements.every(({ field }) => field === "metadata.name" || field === "metadata.namespace");
  if (!named) return (object) => fields.matches(cache.fieldsOf(resource, object));
  return (object) => fields.matches({ "metadata.name": object.name, "metadata.namespace": object.namespace });
}
