import type { ObjectKey } from "../model/object-key.ts";
import type { StoredObject } from "../model/stored-object.ts";

/** Where the object of `key` is, or belongs, among sorted `objects`. */
export function place(objects: readonly StoredObject[], key: string): number {
  let low = 0;
  let high = objects.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((objects[middle] as StoredObject).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts an object in its place, instead of the one of its key that may be there. */
export function putSorted(objects: StoredObject[], object: StoredObject): void {
  const at = place(objects, object.key);
  objects.splice(at, objects[at]?.key === object.key ? 1 : 0, object);
}

/** Takes out the object of a key, if it is there. */
export function takeSorted(objects: StoredObject[], key: ObjectKey): void {
  const at = place(objects, key);
  if (objects[at]?.key === key) objects.splice(at, 1);
}

/** Where the objects of one namespace, or all, begin and end: `a/x` and `a/y` have nothing of another one between them. */
export function rangeOf(
  objects: readonly StoredObject[],
  namespace: string | undefined,
): { readonly start: number; readonly end: number } {
  if (namespace === undefined) return { start: 0, end: objects.length };
  // "0" is the character behind "/".
  return { start: place(objects, `${namespace}/`), end: place(objects, `${namespace}0`) };
}
