import { expired, notFoundPath, tooLargeResourceVersion } from "@krm/apimachinery";
import { compareResourceVersions, resourceId, type ResourceType, type ResourceVersion } from "@krm/core";
import { Collection, keyOf } from "../cluster/collection.ts";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { ClusterEvent, SimObject } from "../cluster/sim-object.ts";
import type { ClusterReader } from "./cluster-reader.ts";

type Resource = Pick<ResourceType, "group" | "version" | "resource">;

/** How a {@link WatchCacheModel} differs from the cluster. */
export interface WatchCacheOptions {
  readonly cluster: SimCluster;
  /**
   * Asked once for each event that is committed from now on, in order: true: it never reaches this cache. Default: none
   * is lost.
   */
  readonly lose?: ((event: ClusterEvent) => boolean) | undefined;
  /** How many events it is behind, also of those before it was made; `Infinity`: it stands still. Default: 0. */
  readonly behind?: number | undefined;
  /** How long each event needs to get here, in milliseconds of the cluster's clock. Default: 0. */
  readonly delayMs?: number | undefined;
}

interface Underway {
  readonly event: ClusterEvent;
  readonly lost: boolean;
  /** Monotonic time at which it is here. */
  readonly due: number;
}

/**
 * The watch cache of one API server: what its lists and watches are answered from. It can lose events and lag behind.
 *
 * What is lost is lost for lists and watches alike, and its version goes on as if nothing were: a lost DELETE leaves the
 * object in every list, and no watch tells of it; a lost MODIFY leaves the old version there. What comes later for the
 * same key is judged by what the cache holds, as upstream does: a new object under the name of one whose deletion was
 * lost comes as MODIFIED, the deletion of an object that never arrived comes as nothing. Only reads past the cache (GET)
 * tell the truth.
 *
 * What lags behind comes to all, but later. An Exact version that has not arrived is a 504, and the list's own version
 * is an old one.
 *
 * A restore of the cluster rebuilds it, as the API servers before a restored etcd are started anew.
 *
 * @example
 * const cache = new WatchCacheModel({ cluster, lose: (event) => event.type === "DELETED" });
 * const source = new ClusterSource({ cluster, cache });
 */
export class WatchCacheModel implements ClusterReader, Disposable {
  readonly #cluster: SimCluster;
  readonly #lose: (event: ClusterEvent) => boolean;
  readonly #collections = new Map<string, Collection>();
  readonly #listeners = new Set<(event: ClusterEvent) => void>();
  readonly #progressListeners = new Set<() => void>();
  readonly #closed = new AbortController();
  readonly #unsubscribe: readonly (() => void)[];
  #underway: Underway[] = [];
  #version = "0";
  #compacted = "0";
  #behind: number;
  #delayMs: number;
  #lost = 0;
  /** False: what arrives is the past, which concerns no watch. */
  #listening = true;

  constructor({ cluster, lose = () => false, behind = 0, delayMs = 0 }: WatchCacheOptions) {
    this.#cluster = cluster;
    this.#lose = lose;
    this.#behind = behind;
    this.#delayMs = delayMs;
    this.rebuild();
    this.#unsubscribe = [
      cluster.subscribe((event) => this.#receive(event)),
      cluster.subscribeRestores(() => this.rebuild()),
    ];
  }

  /** Of the newest event that arrived, or was lost on its way. */
  get version(): string {
    return this.#version;
  }

  /** Somebody subscribed to it, and has not stopped. */
  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  /** How many events are kept: what a compaction of the cluster makes fewer, with the next event. */
  get eventCount(): number {
    let count = 0;
    for (const collection of this.#collections.values()) count += collection.eventCount;
    return count;
  }

  /** How many events were lost. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * From now on it is so many events, and so long, behind; it never goes back. `lagBy(0)`: it catches up, and does not
   * lag any more.
   */
  lagBy(events: number, delayMs = 0): void {
    this.#behind = events;
    this.#delayMs = delayMs;
    if (delayMs === 0) this.#underway = this.#underway.map((each) => ({ ...each, due: -Infinity }));
    this.#arrive();
  }

  /** Takes in at once what is under way; how far it lags from then on does not change. */
  catchUp(): void {
    for (let next = this.#underway.shift(); next !== undefined; next = this.#underway.shift()) this.#apply(next);
  }

  /**
   * Reads all anew from the cluster, as an API server does that starts: nothing is missing any more. Its watches hear
   * nothing of it; whoever calls this ends them.
   */
  rebuild(): void {
    this.#collections.clear();
    this.#version = this.#compacted = this.#cluster.compacted;
    const events: ClusterEvent[] = [];
    for (const resource of this.#cluster.resources) {
      const collection = new Collection(resource);
      this.#collections.set(resourceId(resource), collection);
      const base = this.#cluster.list(resource, { at: this.#compacted }).items;
      for (const object of base.toSorted(byVersion)) collection.commit(keyOf(object), initial(resource, object));
      collection.compact(this.#compacted as ResourceVersion);
      events.push(...this.#cluster.eventsAfter(resource, this.#compacted));
    }
    this.#underway = events
      .toSorted((a, b) => compare(a.resourceVersion, b.resourceVersion))
      .map((event) => ({ event, lost: false, due: -Infinity }));
    this.#listening = false;
    this.#arrive();
    this.#listening = true;
  }

  /** As {@link SimCluster.list}, of what is here. */
  list(
    resource: Resource,
    options: { readonly namespace?: string | undefined; readonly at?: string | undefined } = {},
  ): { readonly resourceVersion: string; readonly items: SimObject[] } {
    const collection = this.#collection(resource);
    const namespace = collection.resource.namespaced && options.namespace !== "" ? options.namespace : undefined;
    const at = options.at ?? this.version;
    if (compare(at, this.version) > 0) throw tooLargeResourceVersion(at, this.version);
    if (this.#isCompacted(at)) throw expired("The resourceVersion for the provided list is too old.");
    return { resourceVersion: at, items: collection.list(namespace, at as ResourceVersion) };
  }

  /** As {@link SimCluster.eventsAfter}, of what is here. */
  eventsAfter(resource: Resource, version: string): readonly ClusterEvent[] {
    const collection = this.#collection(resource);
    if (this.#isCompacted(version)) {
      throw expired(`too old resource version: ${version} (${this.#cluster.compacted})`);
    }
    return collection.eventsAfter(version as ResourceVersion);
  }

  /** As {@link SimCluster.subscribe}, when they arrive. */
  subscribe(listener: (event: ClusterEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  subscribeProgress(listener: () => void): () => void {
    this.#progressListeners.add(listener);
    return () => this.#progressListeners.delete(listener);
  }

  /** Hears no more of the cluster. */
  [Symbol.dispose](): void {
    this.#closed.abort();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #receive(event: ClusterEvent): void {
    const due = this.#delayMs > 0 ? this.#cluster.clock.monotonic() + this.#delayMs : -Infinity;
    this.#underway.push({ event, lost: this.#lose(event), due });
    if (this.#delayMs > 0) {
      const { signal } = this.#closed;
      this.#cluster.clock.sleep(this.#delayMs, { signal }).then(
        () => this.#arrive(),
        () => {},
      );
    }
    this.#arrive();
  }

  /** Takes in what is due. */
  #arrive(): void {
    const now = this.#cluster.clock.monotonic();
    for (let next = this.#underway[0]; next !== undefined; next = this.#underway[0]) {
      if (this.#underway.length <= this.#behind || next.due > now) return;
      this.#underway.shift();
      this.#apply(next);
    }
  }

  #apply({ event, lost }: Underway): void {
    this.#version = event.resourceVersion;
    this.#compact();
    const collection = this.#collections.get(resourceId(event.resource));
    if (lost) this.#lost += 1;
    const key = keyOf(event.object);
    const seen = lost || collection === undefined ? undefined : asSeen(event, collection.get(key));
    if (seen !== undefined) collection?.commit(key, seen);
    if (!this.#listening) return;
    if (seen === undefined) for (const listener of this.#progressListeners) listener();
    else for (const listener of this.#listeners) listener(seen);
  }

  /** Old history goes when the cluster's goes, but never what only this cache still needs. */
  #compact(): void {
    const upTo = this.#cluster.compacted;
    if (upTo === this.#compacted || compare(upTo, this.version) > 0) return;
    this.#compacted = upTo;
    for (const collection of this.#collections.values()) collection.compact(upTo as ResourceVersion);
  }

  #isCompacted(version: string): boolean {
    return compare(version, this.#cluster.compacted) < 0 && compare(version, this.version) < 0;
  }

  #collection(resource: Resource): Collection {
    const collection = this.#collections.get(resourceId(resource));
    if (collection === undefined) throw notFoundPath();
    return collection;
  }
}

/** What an event is to a cache that holds `held` under its key; undefined: nothing. */
function asSeen(event: ClusterEvent, held: SimObject | undefined): ClusterEvent | undefined {
  if (held === event.previous) return event;
  if (event.type !== "DELETED") return { ...event, type: held === undefined ? "ADDED" : "MODIFIED", previous: held };
  if (held === undefined) return undefined;
  const { resourceVersion } = event;
  return { ...event, object: { ...held, metadata: { ...held.metadata, resourceVersion } }, previous: held };
}

function initial(resource: ResourceType, object: SimObject): ClusterEvent {
  const { resourceVersion } = object.metadata;
  return { type: "ADDED", resource, resourceVersion, object, previous: undefined, at: 0 };
}

function byVersion(a: SimObject, b: SimObject): number {
  return compare(a.metadata.resourceVersion, b.metadata.resourceVersion);
}

function compare(a: string, b: string): number {
  return compareResourceVersions(a as ResourceVersion, b as ResourceVersion);
}
