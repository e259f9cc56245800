import { randomUUID } from "node:crypto";
import type { ViewChange } from "../merge/view-change.ts";
import { ChangeFeed, DEFAULT_FEED_BOUNDS, type FeedBounds } from "../store/change-feed.ts";
import type { FeedBatch, FeedEntry, ViewMeta } from "../store/store.ts";

/** What a {@link ReplicaFeed} is made with. */
export interface ReplicaFeedOptions {
  readonly bounds?: FeedBounds | undefined;
  /** The view's meta right after the newest change. */
  readonly meta: () => ViewMeta;
}

/**
 * A change feed that goes on with another one's cursors, so that a cursor of one server means the same to the next.
 *
 * A cursor is a promise of what its owner has seen. Where the source would use one a second time, for other changes,
 * this feed starts anew rather than leave a gap: whoever comes with an old cursor then gets `reset`.
 */
export class ReplicaFeed {
  readonly #feed: ChangeFeed;
  readonly #remembered: number;
  readonly #capacity: number;
  /** Other replicas make cursors of their own at the same place, for other changes: theirs must not be taken for ours. */
  readonly #id: string = randomUUID();
  #made = 0;
  /** What was used lately, oldest first: more than the feed reaches. */
  readonly #used = new Set<string>();
  /** Another name for a place in the feed: the source got there by a way that left the objects as they are. */
  #alias: { readonly name: string; readonly cursor: string } | undefined;
  #cursor: string;

  constructor({ bounds = DEFAULT_FEED_BOUNDS, meta }: ReplicaFeedOptions) {
    this.#capacity = bounds.entries;
    this.#remembered = 2 * bounds.entries + 2;
    this.#cursor = this.#make("");
    this.#used.add(this.#cursor);
    this.#feed = new ChangeFeed({ bounds, cursor: this.#cursor, meta });
  }

  /** The cursor of the view as it is now. */
  get cursor(): string {
    return this.#cursor;
  }

  /** The cursor before the oldest change that is kept. */
  get oldest(): string {
    return this.#feed.oldest;
  }

  /** How many readers wait for more. */
  get waiting(): number {
    return this.#feed.waiting;
  }

  /** One commit of the source; without entries, only the meta moved. */
  append(entries: readonly FeedEntry[]): void {
    if (entries.some(({ cursor }) => this.#used.has(cursor))) this.restart(this.#cursor);
    for (const { cursor } of entries) this.#use(cursor);
    this.#feed.append(entries);
  }

  /** Leads to a place in the source's feed by changes that the source has told nobody, in this order. */
  bridge(changes: readonly ViewChange[], to: string): void {
    if (to === this.#cursor && changes.length === 0) return this.#feed.append([]);
    if (changes.length > this.#capacity || this.#used.has(to)) return this.restart(to);
    if (changes.length === 0) {
      this.#alias = { name: to, cursor: this.#feed.cursor };
      this.#use(to);
    }
    this.append(changes.map((change, i) => ({ cursor: i + 1 < changes.length ? this.#make(to) : to, change })));
  }

  /** Forgets everything; every reader gets `reset`. Goes on from this cursor, or one of its own where that was used. */
  restart(cursor: string): void {
    const fresh = this.#used.has(cursor) ? this.#make(cursor) : cursor;
    this.#alias = undefined;
    this.#use(fresh);
    this.#feed.reset(fresh);
    this.#feed.append([]);
  }

  /** Starts where the feed is at the time of this call, or after `since`. */
  read(options: Parameters<ChangeFeed["read"]>[0]): AsyncIterable<FeedBatch> {
    const { since } = options;
    return this.#feed.read(since === this.#alias?.name ? { ...options, since: this.#alias?.cursor } : options);
  }

  #make(at: string): string {
    return `${at}~${this.#id}.${++this.#made}`;
  }

  #use(cursor: string): void {
    this.#cursor = cursor;
    this.#used.delete(cursor);
    this.#used.add(cursor);
    for (const oldest of this.#used) {
      if (this.#used.size <= this.#remembered) break;
      this.#used.delete(oldest);
    }
  }
}
