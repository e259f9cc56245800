import { KrmError } from "../errors.ts";
import type { ViewChange } from "../merge/view-change.ts";
import type { FeedBatch, FeedEntry, ViewMeta } from "./store.ts";

/** Where to start, and when to stop. */
interface FeedReadOptions {
  readonly since?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Aborted when the store is closed. */
  readonly closed: AbortSignal;
}

/** Entries that one batch hands over at most. */
const BATCH = 512;

/** What a feed keeps for readers that resume. */
export interface FeedBounds {
  /** @default 4096 */
  readonly entries: number;
  /** Bodies of the kept changes, in bytes; those that are in the view too cost nothing more. @default 64 MiB */
  readonly bytes: number;
}

/** The values that the fields of {@link FeedBounds} name. */
export const DEFAULT_FEED_BOUNDS: FeedBounds = { entries: 4096, bytes: 64 * 1024 * 1024 };

/** What a feed is made with. */
export interface ChangeFeedOptions {
  readonly bounds?: FeedBounds | undefined;
  /** The cursor before the first change. */
  readonly cursor: string;
  /** The view's meta right after the newest change. */
  readonly meta: () => ViewMeta;
}

/**
 * The newest changes of one view, in order, and those who wait for more. Cursors come from whoever appends; each is
 * there once, and one that is not there any more is gone.
 */
export class ChangeFeed {
  readonly #bounds: FeedBounds;
  readonly #meta: () => ViewMeta;
  /** Kept are those from `#head` on; the one there has the sequence `#first`. */
  #entries: (FeedEntry | undefined)[] = [];
  #head = 0;
  #first = 1;
  #bytes = 0;
  /** Each cursor that can be resumed from, and the sequence of the entry before it. */
  readonly #sequences = new Map<string, number>();
  #cursor: string;
  /** The cursor before the oldest entry. */
  #base: string;
  /** Rises with every commit, also one that changes nothing but the meta. */
  #commits = 0;
  /** Wakes those who wait for more. A promise that all share would remember every reader who left until the next change. */
  readonly #waiting = new Set<() => void>();

  constructor({ bounds = DEFAULT_FEED_BOUNDS, cursor, meta }: ChangeFeedOptions) {
    this.#bounds = bounds;
    this.#meta = meta;
    this.#cursor = cursor;
    this.#base = cursor;
    this.#sequences.set(cursor, 0);
  }

  /** The cursor behind the newest entry. */
  get cursor(): string {
    return this.#cursor;
  }

  /** The cursor before the oldest entry. */
  get oldest(): string {
    return this.#base;
  }

  /** How many readers wait for more. */
  get waiting(): number {
    return this.#waiting.size;
  }

  get #next(): number {
    return this.#first + this.#entries.length - this.#head;
  }

  /** Forgets everything; whoever reads on gets `reset`, and goes on from `cursor`. */
  reset(cursor: string): void {
    this.#first = this.#next;
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#sequences.clear();
    this.#sequences.set(cursor, this.#first - 1);
    this.#cursor = cursor;
    this.#base = cursor;
  }

  /** One commit: its changes, or none, where only the meta moved. Wakes the readers; the meta is of after it by then. */
  append(entries: readonly FeedEntry[]): void {
    let sequence = this.#next;
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#sequences.set(entry.cursor, sequence++);
      this.#bytes += sizeOf(entry.change);
    }
    this.#cursor = entries.at(-1)?.cursor ?? this.#cursor;
    while (this.#entries.length - this.#head > this.#bounds.entries || this.#bytes > this.#bounds.bytes) this.#forget();
    if (this.#head > this.#bounds.entries) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    this.#commits++;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #forget(): void {
    const oldest = this.#entries[this.#head] as FeedEntry;
    this.#bytes -= sizeOf(oldest.change);
    this.#entries[this.#head++] = undefined;
    this.#first++;
    this.#sequences.delete(this.#base);
    this.#base = oldest.cursor;
  }

  /** Starts where the feed is at the time of this call, or after `since`. */
  read(options: FeedReadOptions): AsyncIterable<FeedBatch> {
    return this.#read(options.since ?? this.cursor, this.#commits, options);
  }

  async *#read(from: string, commits: number, options: FeedReadOptions): AsyncGenerator<FeedBatch> {
    const signal = options.signal === undefined ? options.closed : AbortSignal.any([options.signal, options.closed]);
    let cursor = from;
    let seen = commits;
    while (!signal.aborted) {
      const sequence = this.#sequences.get(cursor);
      if (sequence === undefined) {
        ({ cursor } = this);
        seen = this.#commits;
        yield { type: "reset", cursor };
      } else if (sequence + 1 < this.#next || seen < this.#commits) {
        const start = this.#head + sequence + 1 - this.#first;
        const entries = this.#entries.slice(start, start + BATCH) as FeedEntry[];
        cursor = entries.at(-1)?.cursor ?? cursor;
        const whole = sequence + 1 + entries.length === this.#next;
        if (whole) seen = this.#commits;
        yield { type: "changes", entries, meta: whole ? this.#meta() : undefined };
      } else {
        await this.#woken(signal);
      }
    }
    if (options.closed.aborted && options.signal?.aborted !== true)
      throw new KrmError("KRM_STORE_CLOSED", "the store was closed while its changes were read");
  }

  async #woken(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    try {
      await promise;
    } finally {
      this.#waiting.delete(wake);
      signal.removeEventListener("abort", wake);
    }
  }
}

/** The body that a change keeps alive. */
function sizeOf(change: ViewChange): number {
  if (change.type === "set") return change.object.bytes.byteLength;
  return change.finalState === "unknown" ? 0 : change.finalState.bytes.byteLength;
}
