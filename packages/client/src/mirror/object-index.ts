import type { MirrorChange } from "./mirror-set.ts";

/** Objects by key. */
export type Bucket<T> = ReadonlyMap<string, T>;

const NOTHING: Bucket<never> = new Map<string, never>();

/** Objects by what they have in a field, kept as they change: work per change does not grow with their number. */
export class ObjectIndex<T> {
  readonly #valuesOf: (object: T) => readonly string[];
  readonly #buckets = new Map<string, Map<string, T>>();

  constructor(valuesOf: (object: T) => readonly string[], objects: Bucket<T>) {
    this.#valuesOf = valuesOf;
    for (const [key, object] of objects) this.#add(key, object);
  }

  /** Those that have this value. */
  find(value: string): Bucket<T> {
    return this.#buckets.get(value) ?? NOTHING;
  }

  take(change: MirrorChange<T>): void {
    if (change.type !== "add") this.#remove(change.key, change.previous);
    if (change.type !== "delete") this.#add(change.key, change.object);
  }

  #add(key: string, object: T): void {
    for (const value of this.#valuesOf(object)) {
      const bucket = this.#buckets.get(value);
      if (bucket === undefined) this.#buckets.set(value, new Map([[key, object]]));
      else bucket.set(key, object);
    }
  }

  #remove(key: string, object: T): void {
    for (const value of this.#valuesOf(object)) {
      const bucket = this.#buckets.get(value);
      bucket?.delete(key);
      if (bucket?.size === 0) this.#buckets.delete(value);
    }
  }
}
