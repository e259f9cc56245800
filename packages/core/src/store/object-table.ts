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
    const bulk = changes.length >= BULK ? new Set<ObjectKey[]>() : undefined;
    for (const change of changes) {
      if (change.type === "set") this.#set(change.object, bulk);
      else this.#remove(change.key, bulk);
    }
    for (const keys of bulk ?? []) keys.sort((a, b) => (a < b ? -1 : 1));
  }

  #collect(keys: readonly ObjectKey[]): StoredObject[] {
    return keys.flatMap((key) => this.#objects.get(key) ?? []);
  }

  #set(object: StoredObject, bulk: Set<ObjectKey[]> | undefined): void {
    const known = this.#objects.get(object.key);
    this.#objects.set(object.key, object);
    this.#bytes += object.bytes.byteLength - (known?.bytes.byteLength ?? 0);
    if (known !== undefined) return;
    let keys = this.#order.get(object.namespace);
    if (keys === undefined) {
      keys = [];
      this.#order.set(object.namespace, keys);
    }
    if (bulk !== undefined) {
      keys.push(object.key);
      bulk.add(keys);
    } else {
      keys.splice(place(keys, object.key), 0, object.key);
    }
  }

  #remove(key: ObjectKey, bulk: Set<ObjectKey[]> | undefined): void {
    const known = this.#objects.get(key);
    if (known === undefined) return;
    this.#objects.delete(key);
    this.#bytes -= known.bytes.byteLength;
    const { namespace } = splitObjectKey(key);
    const keys = this.#order.get(namespace);
    if (keys === undefined) return;
    // Within a bulk the order is only restored at its end.
    const at = bulk !== undefined && bulk.has(keys) ? keys.indexOf(key) : place(keys, key);
    keys.splice(at, 1);
    if (keys.length === 0) this.#order.delete(namespace);
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
