import { parseQuantity } from "@krm/apimachinery";
import type { JsonPath } from "./jsonpath/json-path.ts";

/**
 * Objects in the order of what a path leads to in each, as kubectl has them: numbers and quantities by size, all else as
 * text; those in which it leads nowhere come first.
 */
export function sortedBy<T extends object>(objects: readonly T[], path: JsonPath): readonly T[] {
  const keyed = objects.map((object) => ({ object, key: keyOf(path(object)[0]) }));
  return keyed.toSorted((a, b) => compare(a.key, b.key)).map(({ object }) => object);
}

/** Whether a path leads to something in one of the objects, or there are none. */
export function leadsSomewhere(objects: readonly object[], path: JsonPath): boolean {
  return objects.length === 0 || objects.some((object) => keyOf(path(object)[0]) !== undefined);
}

interface Key {
  readonly text: string;
  readonly size: number | undefined;
}

function keyOf(value: unknown): Key | undefined {
  if (value === undefined || value === null) return undefined;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { text, size: typeof value === "number" ? value : parseQuantity(text) };
}

function compare(a: Key | undefined, b: Key | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  if (a.size !== undefined && b.size !== undefined) return a.size - b.size;
  return a.text < b.text ? -1 : Number(a.text > b.text);
}
