import type { StoredObject } from "../model/stored-object.ts";
import { readMember } from "../wire/read-member.ts";

/** What an object is looked up by: one of these has one of these values. */
export type ObjectTerm =
  /** A label. */
  | { readonly by: "label"; readonly name: string; readonly values: readonly string[] }
  /** The text, number or flag at a path of members: `["spec", "nodeName"]`. */
  | { readonly by: "field"; readonly path: readonly string[]; readonly values: readonly string[] }
  /** The uid of an owner: `metadata.ownerReferences[].uid`. */
  | { readonly by: "owner"; readonly values: readonly string[] };

/** What a term looks at, without the values that it wants. */
export type TermSubject =
  | Omit<Extract<ObjectTerm, { by: "label" }>, "values">
  | Omit<Extract<ObjectTerm, { by: "field" }>, "values">
  | Omit<Extract<ObjectTerm, { by: "owner" }>, "values">;

const NONE: readonly string[] = [];

/** The values that an object has, each once. */
export function valuesOf(subject: TermSubject, object: StoredObject): readonly string[] {
  switch (subject.by) {
    case "label": {
      const value = object.labels[subject.name];
      return value === undefined ? NONE : [value];
    }
    case "field": {
      if (isName(subject.path)) return [object.name];
      const value = readMember(object.bytes, subject.path);
      return ["string", "number", "boolean"].includes(typeof value) ? [String(value)] : NONE;
    }
    case "owner":
      return ownersOf(readMember(object.bytes, ["metadata", "ownerReferences"]));
  }
}

/** Whether an object has what a term wants. */
export function hasTerm(term: ObjectTerm, object: StoredObject): boolean {
  return valuesOf(term, object).some((value) => term.values.includes(value));
}

function isName([first, second, ...more]: readonly string[]): boolean {
  return first === "metadata" && second === "name" && more.length === 0;
}

/** Names what a term looks at: two that look at the same have the same name. */
export function subjectName(subject: TermSubject): string {
  switch (subject.by) {
    case "label":
      return `label ${subject.name}`;
    case "field":
      return `field ${JSON.stringify(subject.path)}`;
    case "owner":
      return "owner";
  }
}

function ownersOf(references: unknown): readonly string[] {
  if (!Array.isArray(references)) return NONE;
  const uids = references.map((reference: unknown) => (reference as { readonly uid?: unknown } | null)?.uid);
  return [...new Set(uids.filter((uid) => typeof uid === "string"))];
}
