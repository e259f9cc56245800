import { isJsonObject, type JsonObject } from "./sim-object.ts";

/** A deep copy of a JSON value. Members that are `undefined` are left out, as JSON would. */
export function cloneJson<T>(value: T): T {
  return clone(value) as T;
}

function clone(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(clone);
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) {
    const member = (value as JsonObject)[key];
    if (member !== undefined) copy[key] = clone(member);
  }
  return copy;
}

/**
 * A deep copy of what could still be changed: parts that are frozen are taken as they are, and taken to be frozen all the
 * way down. So that a new version of an object, or a new object out of a template, costs only what differs.
 */
export function copyUnfrozen<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return value.map(copy);
  const copied: JsonObject = {};
  for (const key of Object.keys(value)) {
    const member = (value as JsonObject)[key];
    if (member !== undefined) copied[key] = copy(member);
  }
  return copied;
}

/** The list with each element mapped; the list itself where that changes none. */
export function mapShared(list: readonly unknown[], map: (element: unknown) => unknown): readonly unknown[] {
  const mapped = list.map(map);
  return mapped.every((element, index) => element === list[index]) ? list : mapped;
}

/** Freezes a JSON value through and through. What is frozen already is taken to be so all the way down. */
export function freezeJson<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) for (const element of value) freezeJson(element);
  else for (const key in value) freezeJson((value as JsonObject)[key]);
  return Object.freeze(value);
}

/**
 * `next`, with every part that equals the same part of `before` replaced by that part itself: equal values give `before`
 * back. Versions of an object so share what did not change, and a difference can be looked for by identity. The order of
 * members does not count.
 */
export function shareUnchanged(before: unknown, next: unknown): unknown {
  if (before === next) return before;
  if (Array.isArray(before) && Array.isArray(next)) {
    const shared = next.map((element, index) => shareUnchanged(before[index], element));
    return shared.length === before.length && shared.every((element, index) => element === before[index])
      ? before
      : shared;
  }
  if (isJsonObject(before) && isJsonObject(next)) {
    const shared: JsonObject = {};
    let same = true;
    let members = 0;
    for (const key of Object.keys(next)) {
      const member = shareUnchanged(before[key], next[key]);
      if (member !== before[key] || !(key in before)) same = false;
      shared[key] = member;
      members++;
    }
    return same && members === Object.keys(before).length ? before : shared;
  }
  return next;
}

/** A copy with its members, and those of objects within, in the order of their names. */
export function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers);
  if (!isJsonObject(value)) return value;
  const sorted: JsonObject = {};
  for (const key of Object.keys(value).toSorted()) sorted[key] = sortMembers(value[key]);
  return sorted;
}

/** A copy with the members named by `order` first, in that order, and the others behind as they came. */
export function orderMembers(value: JsonObject, order: readonly string[]): JsonObject {
  const ordered: JsonObject = {};
  for (const key of order) if (value[key] !== undefined) ordered[key] = value[key];
  for (const key of Object.keys(value)) if (!(key in ordered) && value[key] !== undefined) ordered[key] = value[key];
  return ordered;
}
