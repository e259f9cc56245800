import { isAtomicMap, isSet, listMapKeys } from "./list-schema.ts";
import { isJsonObject, type JsonObject } from "./sim-object.ts";

/** FieldsV1: a tree of paths, with `f:` members, `k:` list elements, `v:` set elements and `.` for the node itself. */
export interface FieldTree {
  [path: string]: FieldTree;
}

/** One entry of `metadata.managedFields`, members in the API's order. */
export interface ManagedFieldsEntry {
  readonly manager: string;
  readonly operation: "Update" | "Apply";
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: "FieldsV1";
  readonly fieldsV1: FieldTree;
  readonly subresource?: string;
}

/** Who writes, and when. */
export interface FieldWriter {
  readonly manager: string;
  readonly apiVersion: string;
  readonly time: string;
  readonly subresource: string | undefined;
}

/** Metadata that belongs to nobody. */
const UNOWNED: ReadonlySet<string> = new Set([
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "name",
  "namespace",
  "resourceVersion",
  "selfLink",
  "uid",
]);

/** Structs that every built-in object has, so that nobody creates them: they get no `.`. */
const ALWAYS_THERE: ReadonlySet<string> = new Set([
  "containers",
  "daemonEndpoints",
  "loadBalancer",
  "metadata",
  "nodeInfo",
  "resources",
  "spec",
  "status",
  "strategy",
  "template",
]);

/**
 * The fields of an object that a write added or changed, as server-side apply counts them; undefined: none. Parts that
 * are identical (`===`) are not looked into.
 */
export function changedFields(before: JsonObject, after: JsonObject, custom: boolean): FieldTree | undefined {
  const tree: FieldTree = {};
  for (const name of Object.keys(after).toSorted()) {
    if (name === "apiVersion" || name === "kind") continue;
    const isMetadata = name === "metadata";
    const sub = isMetadata
      ? members(withoutUnowned(before[name]), withoutUnowned(after[name]), false, custom)
      : changed(name, before[name], after[name], false, custom);
    if (sub !== undefined) tree[`f:${name}`] = sub;
  }
  return isEmpty(tree) ? undefined : tree;
}

/**
 * `managedFields` after a write: what it changed moves to the writer, what is gone from the object is nobody's. A write
 * that changed nothing which somebody can own leaves the times as they are.
 */
export function managedFieldsAfter(
  entries: readonly ManagedFieldsEntry[],
  changedTree: FieldTree | undefined,
  before: JsonObject,
  object: JsonObject,
  writer: FieldWriter,
): readonly ManagedFieldsEntry[] {
  const isOwn = (entry: ManagedFieldsEntry): boolean =>
    entry.manager === writer.manager &&
    entry.operation === "Update" &&
    entry.apiVersion === writer.apiVersion &&
    entry.subresource === writer.subresource;
  const result: ManagedFieldsEntry[] = [];
  let own: FieldTree | undefined = changedTree;
  for (const entry of entries) {
    const kept = existing(entry.fieldsV1, before, object);
    if (isOwn(entry) && changedTree !== undefined) own = union(kept ?? {}, changedTree);
    else {
      const left = kept === undefined || changedTree === undefined ? kept : subtract(kept, changedTree);
      if (left !== undefined) result.push(left === entry.fieldsV1 ? entry : { ...entry, fieldsV1: left });
    }
  }
  if (own !== undefined) {
    result.push({
      manager: writer.manager,
      operation: "Update",
      apiVersion: writer.apiVersion,
      time: writer.time,
      fieldsType: "FieldsV1",
      fieldsV1: own,
      ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
    });
  }
  return result.toSorted((a, b) => (a.time === b.time ? 0 : a.time < b.time ? -1 : 1));
}

function changed(
  name: string,
  before: unknown,
  after: unknown,
  fresh: boolean,
  custom: boolean,
): FieldTree | undefined {
  if (before === after || after === undefined) return undefined;
  if (Array.isArray(after)) return changedList(name, Array.isArray(before) ? before : undefined, after, fresh, custom);
  if (!isJsonObject(after) || isAtomicMap(name)) return {};
  const had = isJsonObject(before);
  if (Object.keys(after).length === 0) return had ? undefined : {};
  const dot = !had && (fresh || custom || !ALWAYS_THERE.has(name));
  const tree = members(had ? before : {}, after, dot, custom) ?? {};
  return dot ? { ".": {}, ...tree } : isEmpty(tree) ? undefined : tree;
}

function members(before: JsonObject, after: JsonObject, fresh: boolean, custom: boolean): FieldTree | undefined {
  const tree: FieldTree = {};
  for (const name of Object.keys(after).toSorted()) {
    const sub = changed(name, before[name], after[name], fresh, custom);
    if (sub !== undefined) tree[`f:${name}`] = sub;
  }
  return isEmpty(tree) ? undefined : tree;
}

function changedList(
  name: string,
  before: readonly unknown[] | undefined,
  after: readonly unknown[],
  fresh: boolean,
  custom: boolean,
): FieldTree | undefined {
  const keys = custom && name !== "ownerReferences" ? undefined : listMapKeys(name, after);
  const set = isSet(name);
  if (keys === undefined && !set) return {};
  const tree: FieldTree = before === undefined && (fresh || !ALWAYS_THERE.has(name)) ? { ".": {} } : {};
  const known = new Map((before ?? []).map((element) => [elementPath(element, keys), element]));
  for (const [path, element] of after.map((each) => [elementPath(each, keys), each] as const).toSorted(byPath)) {
    const previous = known.get(path);
    if (previous === element || (set && previous !== undefined)) continue;
    if (set || name === "ownerReferences" || !isJsonObject(element)) tree[path] = {};
    else if (isJsonObject(previous)) {
      const sub = members(previous, element, false, custom);
      if (sub !== undefined) tree[path] = sub;
    } else tree[path] = changed(name, undefined, element, true, custom) ?? {};
  }
  return isEmpty(tree) ? undefined : tree;
}

/** The path of a list element: `k:{"name":"main"}`, or `v:"kubernetes"` in a set. */
function elementPath(element: unknown, keys: readonly string[] | undefined): string {
  if (keys === undefined) return `v:${JSON.stringify(element)}`;
  const chosen: JsonObject = {};
  for (const key of keys) if (isJsonObject(element) && element[key] !== undefined) chosen[key] = element[key];
  return `k:${JSON.stringify(chosen)}`;
}

function byPath(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}

/**
 * The part of a tree whose fields the object still has; the tree itself where that is all of it. What is identical to
 * what it was before is not looked into.
 */
function existing(tree: FieldTree, before: unknown, value: unknown): FieldTree | undefined {
  if (before === value) return tree;
  const kept: FieldTree = {};
  let all = true;
  for (const [path, sub] of Object.entries(tree)) {
    let part: FieldTree | undefined;
    if (path === ".") part = sub;
    else if (path.startsWith("f:")) {
      const name = path.slice(2);
      const inner = isJsonObject(value) ? value[name] : undefined;
      const innerBefore = isJsonObject(before) ? before[name] : undefined;
      if (inner !== undefined) part = isEmpty(sub) ? sub : existing(sub, innerBefore, inner);
    } else if (Array.isArray(value)) {
      const keys = path.startsWith("k:") ? Object.keys(JSON.parse(path.slice(2)) as JsonObject) : undefined;
      const element = (value as unknown[]).find((each) => elementPath(each, keys) === path);
      if (element !== undefined) part = isEmpty(sub) ? sub : existing(sub, undefined, element);
    }
    if (part !== sub) all = false;
    if (part !== undefined) kept[path] = part;
  }
  return all ? tree : isEmpty(kept) ? undefined : kept;
}

function union(a: FieldTree, b: FieldTree): FieldTree {
  const merged: FieldTree = {};
  for (const path of [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted()) {
    const left = a[path];
    const right = b[path];
    merged[path] = left === undefined ? (right as FieldTree) : right === undefined ? left : union(left, right);
  }
  return merged;
}

/** `a` without the leaves of `b`; undefined: nothing left. */
function subtract(a: FieldTree, b: FieldTree): FieldTree | undefined {
  const left: FieldTree = {};
  for (const [path, sub] of Object.entries(a)) {
    const other = b[path];
    if (other === undefined) left[path] = sub;
    else if (!isEmpty(sub) && !isEmpty(other)) {
      const rest = subtract(sub, other);
      if (rest !== undefined) left[path] = rest;
    } else if (!isEmpty(sub)) left[path] = sub;
  }
  return isEmpty(left) ? undefined : left;
}

/** Metadata without what nobody owns; empty maps and lists are not there for the API server. */
function withoutUnowned(metadata: unknown): JsonObject {
  const kept: JsonObject = {};
  if (!isJsonObject(metadata)) return kept;
  for (const key of Object.keys(metadata)) {
    const value = metadata[key];
    const isNothing = typeof value === "object" && (value === null || Object.keys(value).length === 0);
    if (!UNOWNED.has(key) && !isNothing) kept[key] = value;
  }
  return kept;
}

function isEmpty(tree: FieldTree): boolean {
  for (const _ in tree) return false;
  return true;
}
