import { randomUUID } from "node:crypto";
import { KrmError } from "../errors.ts";
import type { ViewChange } from "../merge/view-change.ts";
import type { FeedBatch, FeedEntry } from "./store.ts";

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

/**
 * The newest changes of one view, in order, and those who wait for more. A cursor is `<generation>:<sequence>`; the
 * generation changes with each reset, so that a cursor from before it is known to be gone.
 */
export class ChangeFeed {
  readonly #bounds: FeedBounds;
  #generation = randomUUID();
  /** Kept are those from `#head` on; the one there has the sequence `#first`. */
  #entries: (FeedEntry | undefined)[] = [];
  #head = 0;
  #first = 1;
  #bytes = 0;
  /** Wakes those who wait for more. A promise that all share would remember every reader who left until the next change. */
  readonly #waiting = new Set<() => void>();

  constructor(bounds: FeedBounds = DEFAULT_FEED_BOUNDS) {
    this.#bounds = bounds;
  }

  /** The cursor behind the newest entry. */
  get cursor(): string {
    return this.#cursorOf(this.#next - 1);
  }

  /** How many readers wait for more. */
  get waiting(): number {
    return this.#waiting.size;
  }

  get #next(): number {
    return this.#first + this.#entries.length - this.#head;
  }

  #cursorOf(sequence: number): string {
    return `${this.#generation}:${sequence}`;
  }

  /** Forgets everything; whoever reads on gets `reset`. */
  reset(): void {
    this.#generation = randomUUID();
    this.#first = this.#next;
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#notify();
  }

  append(changes: readonly ViewChange[]): void {
    if (changes.length === 0) return;
    let sequence = this.#next;
    for (const change of changes) {
      this.#entries.push({ cursor: this.#cursorOf(sequence++), change });
      this.#bytes += sizeOf(change);
    }
    while (this.#entries.length - this.#head > this.#bounds.entries || this.#bytes > this.#bounds.bytes) this.#forget();
    if (this.#head > this.#bounds.entries) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    this.#notify();
  }

  #forget(): void {
    const oldest = this.#entries[this.#head];
    if (oldest !== undefined) this.#bytes -= sizeOf(oldest.change);
    this.#entries[this.#head++] = undefined;
    this.#first++;
  }

  #notify(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Starts where the feed is at the time of this call, or after `since`. */
  read(options: FeedReadOptions): AsyncIterable<FeedBatch> {
    return this.#read(options.since ?? this.cursor, options);
  }

  async *#read(from: string, options: FeedReadOptions): AsyncGenerator<FeedBatch> {
    const signal = options.signal === undefined ? options.closed : AbortSignal.any([options.signal, options.closed]);
    let cursor = from;
    while (!signal.aborted) {
      const sequence = this.#sequenceOf(cursor);
      if (sequence === undefined || sequence + 1 < this.#first) {
        ({ cursor } = this);
        yield { type: "reset", cursor };
      } else if (sequence + 1 < this.#next) {
        const start = this.#head + sequence + 1 - this.#first;
        const entries = this.#entries.slice(start, start + BATCH) as FeedEntry[];
        cursor = (entries.at(-1) as FeedEntry).cursor;
        yield { type: "changes", entries };
      } else {
        await this.#woken(signal);
      }
    }
    if (options.closed.aborted && options.signal?.aborted !== true)
      throw new KrmError("KRM_STORE_CLOSED", "the store was closed while its changes were read");
  }

  /** The sequence that a cursor names; undefined where it is of another generation, or none of ours. */
  #sequenceOf(cursor: string): number | undefined {
    const prefix = `${this.#generation}:`;
    if (!cursor.startsWith(prefix)) return undefined;
    const sequence = Number(cursor.slice(prefix.length));
    return Number.isSafeInteger(sequence) && sequence < this.#next ? sequence : undefined;
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
