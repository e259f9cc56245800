import { type FieldSelector, fieldPath, type LabelSelector } from "@krm/apimachinery";
import { hasTerm, type ObjectTerm, type ResourceType, type StoredObject } from "@krm/core";
import type { FieldCache } from "./field-cache.ts";

/** What decides whether an object of a view is wanted. Names and namespaces are settled when the view is read. */
export interface Selection {
  readonly labels: LabelSelector;
  readonly fields: FieldSelector;
  /** `spec.nodeName`. */
  readonly node?: string | undefined;
  /** The uid of an owner. */
  readonly owner?: string | undefined;
}

/** Tells whether an object is wanted. */
export type Wanted = (object: StoredObject) => boolean;

const NODE = "spec.nodeName";

/**
 * What of a selection a store can look up: each of these terms holds for every object that is wanted, and for others too
 * where the selection says more.
 */
export function lookUps(selection: Selection, resource: ResourceType): readonly ObjectTerm[] {
  const { fields, labels, node, owner } = selection;
  const byLabels = labels.requirements.flatMap(({ key, operator, values }): readonly ObjectTerm[] =>
    operator === "=" || operator === "==" || operator === "in" ? [{ by: "label", name: key, values }] : [],
  );
  const equal = fields.requirements.filter(({ operator }) => operator === "=");
  if (node !== undefined) equal.push({ field: NODE, operator: "=", value: node });
  const byFields = equal.flatMap(({ field, value }): readonly ObjectTerm[] => {
    const path = fieldPath(resource, field);
    // What is not set is nowhere. A namespace is read by itself.
    if (path === undefined || value === "" || field === "metadata.namespace") return [];
    return [{ by: "field", path, values: [value] }];
  });
  const byOwner: readonly ObjectTerm[] = owner === undefined ? [] : [ownedBy(owner)];
  return [...byLabels, ...byFields, ...byOwner];
}

/** Compiles a selection; undefined: everything is wanted. Labels go first, since they need no parsing. */
export function compile(selection: Selection, resource: ResourceType, cache: FieldCache): Wanted | undefined {
  const { labels, node, owner } = selection;
  const byFields = compileFields(selection.fields, resource, cache);
  const byNode =
    node === undefined
      ? undefined
      : (object: StoredObject): boolean => cache.fieldsOf(resource, object, [NODE])[NODE] === node;
  const byLabels = labels.empty ? undefined : (object: StoredObject): boolean => labels.matches(object.labels);
  const byOwner = owner === undefined ? undefined : compileOwner(owner);
  const tests = [byLabels, byNode, byFields, byOwner].filter((test) => test !== undefined);
  const [first] = tests;
  if (first === undefined) return undefined;
  return tests.length === 1 ? first : (object) => tests.every((test) => test(object));
}

function ownedBy(uid: string): ObjectTerm {
  return { by: "owner", values: [uid] };
}

function compileOwner(uid: string): Wanted {
  const term = ownedBy(uid);
  return (object) => hasTerm(term, object);
}

function compileFields(fields: FieldSelector, resource: ResourceType, cache: FieldCache): Wanted | undefined {
  if (fields.empty) return undefined;
  const named = fields.requirements.every(({ field }) => field === "metadata.name" || field === "metadata.namespace");
  if (!named) {
    const wanted = fields.requirements.map(({ field }) => field);
    return (object) => fields.matches(cache.fieldsOf(resource, object, wanted));
  }
  return (object) => fields.matches({ "metadata.name": object.name, "metadata.namespace": object.namespace });
}
