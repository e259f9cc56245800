import { type ObjectKey, splitObjectKey } from "../model/object-key.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { ViewChange } from "../merge/view-change.ts";
import { ObjectIndexes } from "./object-indexes.ts";
import { place } from "./sorted-objects.ts";
import type { ReadQuery } from "./store.ts";

/** A sorted list is rebuilt at once, rather than grown one by one, from this many new objects on. */
const BULK = 256;

/** So many objects are looked through without an index. */
const FEW = 64;

/**
 * The objects of one view, by key, and in the API server's order (by key, in bytes) within each namespace. A change
 * costs a search, and a shift in its namespace where a key comes or goes; a read costs what it returns, also one that is
 * looked up by the same thing again and again (`ObjectIndexes`).
 */
export class ObjectTable {
  readonly #objects = new Map<ObjectKey, StoredObject>();
  /** Namespace → its objects in order. */
  readonly #order = new Map<string, StoredObject[]>();
  /** The namespaces in the order of their keys; undefined: to be made anew. */
  #namespaces: string[] | undefined;
  readonly #indexes = new ObjectIndexes(this.#objects);
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

  /** See {@link ScopeStore.read}: in order, an array of the caller's own. */
  read({ namespace, where = [] }: ReadQuery = {}): StoredObject[] {
    if (where.length > 0) {
      // Among few a look at each is cheaper than an index, which everybody pays for at every change.
      const among = namespace === undefined ? this.#objects.size : (this.#order.get(namespace)?.length ?? 0);
      const found = among > FEW ? this.#indexes.read(where, namespace, among) : undefined;
      if (found !== undefined) return found;
    }
    if (namespace !== undefined) return [...(this.#order.get(namespace) ?? [])];
    // "a-b/x" comes before "a/x": what is ordered is the whole key.
    this.#namespaces ??= [...this.#order.keys()].toSorted((a, b) => (`${a}/` < `${b}/` ? -1 : 1));
    const none: StoredObject[] = [];
    return none.concat(...this.#namespaces.map((name) => this.#order.get(name) ?? []));
  }

  apply(changes: readonly ViewChange[]): void {
    if (changes.length >= BULK && this.#comeAndGo(changes) >= BULK) return this.#applyMany(changes);
    for (const change of changes) {
      if (change.type === "set") {
        const before = this.#put(change.object);
        const objects = this.#inNamespace(change.object.namespace);
        objects.splice(place(objects, change.object.key), before === undefined ? 0 : 1, change.object);
        this.#indexes.change(before, change.object);
      } else {
        const before = this.#drop(change.key);
        if (before === undefined) continue;
        const { namespace } = splitObjectKey(change.key);
        const objects = this.#inNamespace(namespace);
        objects.splice(place(objects, change.key), 1);
        if (objects.length === 0) this.#setNamespace(namespace, objects);
        this.#indexes.change(before, undefined);
      }
    }
  }

  /** How many keys come or go, about: what is only replaced keeps its place. */
  #comeAndGo(changes: readonly ViewChange[]): number {
    let count = 0;
    for (const change of changes) if (change.type === "removed" || !this.#objects.has(change.object.key)) count++;
    return count;
  }

  /** Puts the touched namespaces in order once, at the end. */
  #applyMany(changes: readonly ViewChange[]): void {
    this.#indexes.restart();
    const touched = new Map<string, Set<ObjectKey>>();
    const touch = (namespace: string): Set<ObjectKey> => {
      const keys = touched.get(namespace) ?? new Set(this.#order.get(namespace)?.map(({ key }) => key));
      touched.set(namespace, keys);
      return keys;
    };
    for (const change of changes) {
      if (change.type === "set") {
        this.#put(change.object);
        touch(change.object.namespace).add(change.object.key);
      } else if (this.#drop(change.key) !== undefined) {
        touch(splitObjectKey(change.key).namespace).delete(change.key);
      }
    }
    for (const [namespace, keys] of touched) {
      const objects = [...keys].flatMap((key) => this.#objects.get(key) ?? []);
      this.#setNamespace(
        namespace,
        objects.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      );
    }
  }

  #inNamespace(namespace: string): StoredObject[] {
    const known = this.#order.get(namespace);
    if (known !== undefined) return known;
    const objects: StoredObject[] = [];
    this.#order.set(namespace, objects);
    this.#namespaces = undefined;
    return objects;
  }

  #setNamespace(namespace: string, objects: StoredObject[]): void {
    if (objects.length === 0) this.#order.delete(namespace);
    else this.#order.set(namespace, objects);
    this.#namespaces = undefined;
  }

  /** Gives what was there before. */
  #put(object: StoredObject): StoredObject | undefined {
    const known = this.#objects.get(object.key);
    this.#objects.set(object.key, object);
    this.#bytes += object.bytes.byteLength - (known?.bytes.byteLength ?? 0);
    return known;
  }

  /** Gives what was there. */
  #drop(key: ObjectKey): StoredObject | undefined {
    const known = this.#objects.get(key);
    if (known === undefined) return undefined;
    this.#bytes -= known.bytes.byteLength;
    this.#objects.delete(key);
    return known;
  }
}
