import { compareResourceVersions, type ResourceVersion } from "@krm/core";
import type { SimResource } from "./sim-resource.ts";
import type { ClusterEvent, SimObject } from "./sim-object.ts";

/** One object at one version; `object` undefined: it was deleted there. */
interface Revision {
  readonly version: ResourceVersion;
  readonly object: SimObject | undefined;
}

/**
 * The history of one resource: for each key its revisions, and the log of events, both ordered by version. What etcd is
 * to the API server, for one prefix of keys.
 *
 * A read at a version costs a binary search per key; the log is cut at its old end by `compact`.
 */
export class Collection {
  readonly resource: SimResource;
  readonly #revisions = new Map<string, Revision[]>();
  #keys: string[] = [];
  #sorted = true;
  #events: ClusterEvent[] = [];

  constructor(resource: SimResource) {
    this.resource = resource;
  }

  /** Events that are still kept. */
  get eventCount(): number {
    return this.#events.length;
  }

  /** The current state of a key. */
  get(key: string): SimObject | undefined {
    return this.#revisions.get(key)?.at(-1)?.object;
  }

  /** Adds one committed change. Versions only rise. */
  commit(key: string, event: ClusterEvent): void {
    const revision: Revision = {
      version: event.resourceVersion as ResourceVersion,
      object: event.type === "DELETED" ? undefined : event.object,
    };
    const revisions = this.#revisions.get(key);
    if (revisions === undefined) {
      this.#revisions.set(key, [revision]);
      this.#sorted &&= this.#keys.length === 0 || (this.#keys.at(-1) as string) < key;
      this.#keys.push(key);
    } else revisions.push(revision);
    this.#events.push(event);
  }

  /** The objects at a version (undefined: now), ordered by key as etcd orders them: byte by byte. */
  list(namespace: string | undefined, at: ResourceVersion | undefined): SimObject[] {
    const keys = this.#sortedKeys();
    const prefix = namespace === undefined ? "" : `${namespace}/`;
    const items: SimObject[] = [];
    for (let index = prefix === "" ? 0 : firstIndex(keys, (key) => key >= prefix); index < keys.length; index++) {
      const key = keys[index] as string;
      if (!key.startsWith(prefix)) break;
      const revisions = this.#revisions.get(key) as Revision[];
      const object = at === undefined ? revisions.at(-1)?.object : revisionAt(revisions, at)?.object;
      if (object !== undefined) items.push(object);
    }
    return items;
  }

  /** The events after a version. */
  eventsAfter(version: ResourceVersion): readonly ClusterEvent[] {
    return this.#events.slice(firstAfter(this.#events, version));
  }

  /** Forgets the events up to a version, and the revisions that no read above it can need. */
  compact(upTo: ResourceVersion): void {
    const cut = firstAfter(this.#events, upTo);
    const touched = new Set(this.#events.slice(0, cut).map((event) => keyOf(event.object)));
    this.#events = this.#events.slice(cut);
    for (const key of touched) {
      const revisions = this.#revisions.get(key);
      if (revisions === undefined) continue;
      const after = firstIndex(revisions, (revision) => compareResourceVersions(revision.version, upTo) > 0);
      const keep = after > 0 && revisions[after - 1]?.object !== undefined ? after - 1 : after;
      if (keep === revisions.length) this.#forget(key);
      else if (keep > 0) this.#revisions.set(key, revisions.slice(keep));
    }
  }

  /** Forgets what happened after a version. */
  restore(version: ResourceVersion): void {
    const cut = firstAfter(this.#events, version);
    const touched = new Set(this.#events.slice(cut).map((event) => keyOf(event.object)));
    this.#events = this.#events.slice(0, cut);
    for (const key of touched) {
      const revisions = this.#revisions.get(key) ?? [];
      const keep = firstIndex(revisions, (revision) => compareResourceVersions(revision.version, version) > 0);
      if (keep === 0) this.#forget(key);
      else this.#revisions.set(key, revisions.slice(0, keep));
    }
  }

  #forget(key: string): void {
    if (this.#revisions.delete(key)) this.#keys = [];
  }

  #sortedKeys(): readonly string[] {
    if (this.#keys.length !== this.#revisions.size) {
      this.#keys = [...this.#revisions.keys()];
      this.#sorted = false;
    }
    if (!this.#sorted) this.#keys.sort();
    this.#sorted = true;
    return this.#keys;
  }
}

/** The key of an object within its resource. */
export function keyOf(object: SimObject): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

function revisionAt(revisions: readonly Revision[], at: ResourceVersion): Revision | undefined {
  return revisions[firstIndex(revisions, (revision) => compareResourceVersions(revision.version, at) > 0) - 1];
}

function firstAfter(events: readonly ClusterEvent[], version: ResourceVersion): number {
  return firstIndex(events, (event) => compareResourceVersions(event.resourceVersion as ResourceVersion, version) > 0);
}

/** Where the elements begin for which `holds`, given that it holds for all behind the first such one. */
function firstIndex<T>(from: readonly T[], holds: (element: T) => boolean): number {
  let low = 0;
  let high = from.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(from[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
