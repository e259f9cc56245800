import { type ObjectKey, splitObjectKey } from "../model/object-key.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { ViewChange } from "../merge/view-change.ts";

/** A sorted list is rebuilt at once, rather than grown one by one, from this many new objects on. */
const BULK = 256;

/**
 * The objects of one view, by key, and in the API server's order (by key, in bytes) within each namespace. A change
 * costs a search and a shift in its namespace's order, a read costs what it returns.
 */
export class ObjectTable {
  readonly #objects = new Map<ObjectKey, StoredObject>();
  /** Namespace → its keys in order. */
  readonly #order = new Map<string, ObjectKey[]>();
  #bytes = 0;

  get size(): number {
    return this.#objects.size;
  }

  /** The bodies' size. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: ObjectKey): StoredObject | undefined {
    return this.#objects.get(key);
  }

  read(namespace?: string): StoredObject[] {
    if (namespace !== undefined) return this.#collect(this.#order.get(namespace) ?? []);
    // "a-b/x" comes before "a/x": what is ordered is the whole key.
    const namespaces = [...this.#order.keys()].toSorted((a, b) => (`${a}/` < `${b}/` ? -1 : 1));
    return namespaces.flatMap((name) => this.#collect(this.#order.get(name) ?? []));
  }

  apply(changes: readonly ViewChange[]): void {
    if (changes.length >= BULK) return this.#applyMany(changes);
    for (const change of changes) {
      if (change.type === "set") {
        if (!this.#put(change.object)) continue;
        const keys = this.#keysOf(change.object.namespace);
        keys.splice(place(keys, change.object.key), 0, change.object.key);
      } else if (this.#drop(change.key)) {
        const { namespace } = splitObjectKey(change.key);
        const keys = this.#keysOf(namespace);
        keys.splice(place(keys, change.key), 1);
        if (keys.length === 0) this.#order.delete(namespace);
      }
    }
  }

  /** Puts the touched namespaces in order once, at the end. */
  #applyMany(changes: readonly ViewChange[]): void {
    const touched = new Map<string, Set<ObjectKey>>();
    const touch = (namespace: string): Set<ObjectKey> => {
      const keys = touched.get(namespace) ?? new Set(this.#order.get(namespace));
      touched.set(namespace, keys);
      return keys;
    };
    for (const change of changes) {
      if (change.type === "set") {
        if (this.#put(change.object)) touch(change.object.namespace).add(change.object.key);
      } else if (this.#drop(change.key)) {
        touch(splitObjectKey(change.key).namespace).delete(change.key);
      }
    }
    for (const [namespace, keys] of touched) {
      if (keys.size === 0) this.#order.delete(namespace);
      else
        this.#order.set(
          namespace,
          [...keys].toSorted((a, b) => (a < b ? -1 : 1)),
        );
    }
  }

  #collect(keys: readonly ObjectKey[]): StoredObject[] {
    return keys.flatMap((key) => this.#objects.get(key) ?? []);
  }

  #keysOf(namespace: string): ObjectKey[] {
    const keys = this.#order.get(namespace) ?? [];
    this.#order.set(namespace, keys);
    return keys;
  }

  /** True: the key is new. */
  #put(object: StoredObject): boolean {
    const known = this.#objects.get(object.key);
    this.#objects.set(object.key, object);
    this.#bytes += object.bytes.byteLength - (known?.bytes.byteLength ?? 0);
    return known === undefined;
  }

  /** True: the key was there. */
  #drop(key: ObjectKey): boolean {
    const known = this.#objects.get(key);
    if (known === undefined) return false;
    this.#bytes -= known.bytes.byteLength;
    return this.#objects.delete(key);
  }
}

/** Where `key` is, or belongs, in sorted `keys`. */
function place(keys: readonly ObjectKey[], key: ObjectKey): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as ObjectKey) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
