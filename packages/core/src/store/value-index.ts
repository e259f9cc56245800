import type { StoredObject } from "../model/stored-object.ts";
import { type TermSubject, valuesOf } from "./object-term.ts";
import { putSorted, rangeOf, takeSorted } from "./sorted-objects.ts";

const NONE: readonly StoredObject[] = [];

/** Labels are found without looking for them: so many bytes take as long as one does. */
const A_LABEL = 512;

/**
 * The objects of a view by the values of one thing that they have. It is filled step by step from a map that may change
 * meanwhile, and is of use when it holds all; a change costs a search for each value.
 */
export class ValueIndex {
  readonly #subject: TermSubject;
  /** By value: objects in the order of their keys. */
  readonly #byValue = new Map<string, StoredObject[]>();
  /** Those that are still to be taken in; a map's iterator goes along with what is put into it. */
  #rest: Iterator<StoredObject, undefined> | undefined;

  constructor(subject: TermSubject, objects: ReadonlyMap<unknown, StoredObject>) {
    this.#subject = subject;
    this.#rest = objects.values();
  }

  /** Whether it holds all objects. */
  get isWhole(): boolean {
    return this.#rest === undefined;
  }

  /** Takes in more of the objects, for so much work: the bytes that are looked through. Gives what is left of that. */
  fill(work: number): number {
    let left = work;
    while (left > 0 && this.#rest !== undefined) {
      const { value } = this.#rest.next();
      if (value === undefined) {
        this.#rest = undefined;
      } else {
        this.#put(value);
        left -= this.#subject.by === "label" ? A_LABEL : value.bytes.byteLength;
      }
    }
    return left;
  }

  /** An object was replaced, came, or went. */
  change(before: StoredObject | undefined, after: StoredObject | undefined): void {
    const values = after === undefined ? [] : valuesOf(this.#subject, after);
    if (before !== undefined) {
      for (const value of valuesOf(this.#subject, before)) if (!values.includes(value)) this.#take(value, before);
    }
    if (after !== undefined) for (const value of values) putSorted(this.#having(value), after);
  }

  /** How many objects of one namespace, or of all, have one of these values; of several each for itself. */
  count(values: readonly string[], namespace: string | undefined): number {
    let count = 0;
    for (const value of values) {
      const { start, end } = rangeOf(this.#byValue.get(value) ?? NONE, namespace);
      count += end - start;
    }
    return count;
  }

  /** Those objects, in the order of their keys. */
  read(values: readonly string[], namespace: string | undefined): StoredObject[] {
    const parts = values.map((value) => {
      const objects = this.#byValue.get(value) ?? NONE;
      const { start, end } = rangeOf(objects, namespace);
      return objects.slice(start, end);
    });
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    return [...new Set(parts.flat())].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  #put(object: StoredObject): void {
    for (const value of valuesOf(this.#subject, object)) putSorted(this.#having(value), object);
  }

  #take(value: string, object: StoredObject): void {
    const objects = this.#byValue.get(value);
    if (objects === undefined) return;
    takeSorted(objects, object.key);
    if (objects.length === 0) this.#byValue.delete(value);
  }

  #having(value: string): StoredObject[] {
    const objects = this.#byValue.get(value) ?? [];
    this.#byValue.set(value, objects);
    return objects;
  }
}
