/** Parsed JSON of which nothing is known. */
export type Json = unknown;

/** Follows keys into a value; undefined where the way ends early. Inherited properties are not there. */
export function at(value: Json, ...keys: readonly (string | number)[]): Json {
  let current: Json = value;
  for (const key of keys) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Readonly<Record<string | number, Json>>)[key];
  }
  return current === null ? undefined : current;
}

/** A string, number or boolean as text; anything else, and nothing, is `""`. */
export function text(value: Json): string {
  return typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : "";
}

/** A list; anything else is an empty one. */
export function list(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** A number; anything else is 0, Go's zero value. */
export function integer(value: Json): number {
  return typeof value === "number" ? value : 0;
}

/** The texts in a map of texts, by key; anything else is empty. */
export function textEntries(value: Json): readonly (readonly [string, string])[] {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value).map(([key, held]) => [key, text(held)] as const)
    : [];
}
