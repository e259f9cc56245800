import { ExactNumber } from "./exact-number.ts";

const ESCAPED = /[<>&\u2028\u2029]/;
const ESCAPED_ALL = /[<>&\u2028\u2029]/g;

/**
 * JSON as Go's encoder writes it: as `JSON.stringify` does, with `<`, `>`, `&` and the two Unicode line separators
 * escaped. They occur only inside strings, so that the text can be replaced as a whole.
 */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (!ESCAPED.test(text)) return text;
  return text.replace(ESCAPED_ALL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same with the members of every object sorted, as Go writes a map: how custom resources look on the wire. */
export function goMapJson(value: unknown): string {
  return goJson(sortMembers(value));
}

/** A copy with the members of every object in the order of their names (by code unit, as Go sorts ASCII names). */
export function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers);
  if (typeof value !== "object" || value === null || value instanceof ExactNumber) return value;
  const names = Object.keys(value).toSorted();
  return Object.fromEntries(names.map((name) => [name, sortMembers((value as Record<string, unknown>)[name])]));
}
