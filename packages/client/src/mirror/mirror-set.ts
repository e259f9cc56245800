import type { WatchChange, WatchEvent } from "../watch/watch-event.ts";
import { fieldsOf, objectKey } from "./object-fields.ts";
import { compareVersions } from "./resource-version.ts";

/** What became of one object in a mirror's view. */
export type MirrorChange<T> =
  | { readonly type: "add"; readonly key: string; readonly object: T }
  | { readonly type: "update"; readonly key: string; readonly object: T; readonly previous: T }
  | {
      readonly type: "delete";
      readonly key: string;
      readonly object: T;
      /** What is in the view until now. */
      readonly previous: T;
      /** Nobody told the deletion: `object` is what was last known. */
      readonly finalStateUnknown: boolean;
    };

/**
 * The view that a watch's events make, one whole set after the other. Pure: takes events, and tells what they change.
 *
 * A set that comes is kept aside until it is complete; of an object that is in the view already, in that very version, the
 * one that is there is kept. Within one life of an object its version never goes back, but by a new set.
 */
export class MirrorSet<T> {
  #view: Map<string, T>;
  #filling: Map<string, T> | undefined;
  #isSynced = false;
  #position: string | undefined;
  /** The last version that was told of all namespaces at once. */
  #marked: string | undefined;
  /** The newest change of each namespace that was told since. */
  readonly #newest = new Map<string, string>();

  /** `before`: what is shown until the first set is complete, which tells what it changed of it. */
  constructor(before: ReadonlyMap<string, T> = new Map()) {
    this.#view = new Map(before);
  }

  /** By key. Always a whole set; another map after each new set. */
  get view(): ReadonlyMap<string, T> {
    return this.#view;
  }

  /** Whether a set was ever complete. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** The last version that was told with the view, or after it. */
  get position(): string | undefined {
    return this.#position;
  }

  /** Takes an event. The changes are in the view already when they are returned. */
  take(event: WatchEvent<T>): readonly MirrorChange<T>[] {
    switch (event.type) {
      case "reset":
        this.#filling = new Map();
        return [];
      case "synced":
        this.#isSynced = true;
        this.#mark(event.resourceVersion);
        return this.#swap();
      case "bookmark":
        this.#mark(event.resourceVersion);
        return [];
      case "added":
      case "modified":
      case "deleted":
        if (this.#filling !== undefined) return this.#fill(this.#filling, event);
        this.#position = event.resourceVersion;
        this.#newest.set(fieldsOf(event.object).metadata?.namespace ?? "", event.resourceVersion);
        return event.type === "deleted" ? this.#delete(event) : this.#put(event);
      default:
        return event satisfies never;
    }
  }

  /**
   * Whether the view holds all up to a version: of what was written to one namespace, where one is named. Versions that
   * cannot be ordered are passed only by themselves.
   */
  hasPassed(version: string, namespace: string | undefined): boolean {
    const told = [this.#marked, namespace === undefined ? this.#position : this.#newest.get(namespace)];
    return told.some((one) => one !== undefined && (compareVersions(one, version) ?? -1) >= 0);
  }

  #mark(version: string): void {
    this.#position = version;
    this.#marked = version;
    this.#newest.clear();
  }

  #fill(filling: Map<string, T>, event: WatchChange<T>): readonly MirrorChange<T>[] {
    const key = objectKey(event.object);
    const there = filling.get(key);
    if (there !== undefined && isOlder(event, there)) return [];
    const held = this.#view.get(key);
    if (event.type === "deleted") filling.delete(key);
    else filling.set(key, held !== undefined && isSame(held, event.object) ? held : event.object);
    return [];
  }

  #swap(): readonly MirrorChange<T>[] {
    const next = this.#filling;
    if (next === undefined) return [];
    const before = this.#view;
    const gone: MirrorChange<T>[] = [];
    const come: MirrorChange<T>[] = [];
    for (const [key, object] of before) {
      const now = next.get(key);
      if (now === undefined || isAnotherLife(object, now)) gone.push(lost(key, object));
    }
    for (const [key, object] of next) {
      const previous = before.get(key);
      if (previous === undefined || isAnotherLife(previous, object)) come.push({ type: "add", key, object });
      else if (previous !== object) come.push({ type: "update", key, object, previous });
    }
    this.#view = next;
    this.#filling = undefined;
    return [...gone, ...come];
  }

  #put(event: WatchChange<T>): readonly MirrorChange<T>[] {
    const { object } = event;
    const key = objectKey(object);
    const previous = this.#view.get(key);
    if (previous !== undefined && (isSame(previous, object) || isOlder(event, previous))) return [];
    this.#view.set(key, object);
    if (previous === undefined) return [{ type: "add", key, object }];
    if (isAnotherLife(previous, object)) return [lost(key, previous), { type: "add", key, object }];
    return [{ type: "update", key, object, previous }];
  }

  #delete(event: WatchChange<T>): readonly MirrorChange<T>[] {
    const key = objectKey(event.object);
    const previous = this.#view.get(key);
    if (previous === undefined || isOlder(event, previous)) return [];
    this.#view.delete(key);
    if (isAnotherLife(previous, event.object)) return [lost(key, previous)];
    return [{ type: "delete", key, object: event.object, previous, finalStateUnknown: false }];
  }
}

function lost<T>(key: string, object: T): MirrorChange<T> {
  return { type: "delete", key, object, previous: object, finalStateUnknown: true };
}

function isSame(a: unknown, b: unknown): boolean {
  const [one, other] = [fieldsOf(a).metadata, fieldsOf(b).metadata];
  return one?.resourceVersion !== undefined && one.resourceVersion === other?.resourceVersion && one.uid === other.uid;
}

function isAnotherLife(a: unknown, b: unknown): boolean {
  return fieldsOf(a).metadata?.uid !== fieldsOf(b).metadata?.uid;
}

function isOlder(event: WatchChange<unknown>, held: unknown): boolean {
  const version = fieldsOf(held).metadata?.resourceVersion;
  const order = version === undefined ? undefined : compareVersions(event.resourceVersion, version);
  return order !== undefined && order < 0;
}
