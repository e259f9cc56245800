import { randomUUID } from "node:crypto";
import { KrmError } from "../errors.ts";
import type { ViewChange } from "../merge/view-change.ts";
import type { FeedBatch, FeedEntry } from "./store.ts";

/** Entries that one batch hands over at most. */
const BATCH = 512;

/**
 * The newest changes of one view, in order, and those who wait for more. A cursor is `<generation>:<sequence>`; the
 * generation changes with each reset, so that a cursor from before it is known to be gone.
 */
export class ChangeFeed {
  readonly #capacity: number;
  #generation = randomUUID();
  /** Entry `i` of the ring's order has sequence `#first + i`; the array is cut back when it is twice the capacity. */
  #entries: FeedEntry[] = [];
  #first = 1;
  #wake = Promise.withResolvers<void>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The cursor behind the newest entry. */
  get cursor(): string {
    return this.#cursorOf(this.#next - 1);
  }

  get #next(): number {
    return this.#first + this.#entries.length;
  }

  #cursorOf(sequence: number): string {
    return `${this.#generation}:${sequence}`;
  }

  /** Forgets everything; whoever reads on gets `reset`. */
  reset(): void {
    this.#generation = randomUUID();
    this.#first = this.#next;
    this.#entries = [];
    this.#notify();
  }

  append(changes: readonly ViewChange[]): void {
    if (changes.length === 0) return;
    let sequence = this.#next;
    for (const change of changes) this.#entries.push({ cursor: this.#cursorOf(sequence++), change });
    if (this.#entries.length >= 2 * this.#capacity) {
      const cut = this.#entries.length - this.#capacity;
      this.#entries = this.#entries.slice(cut);
      this.#first += cut;
    }
    this.#notify();
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  async *read(options: {
    readonly since?: string | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly closed: AbortSignal;
  }): AsyncIterable<FeedBatch> {
    const signal = options.signal === undefined ? options.closed : AbortSignal.any([options.signal, options.closed]);
    let cursor = options.since ?? this.cursor;
    while (!signal.aborted) {
      const sequence = this.#sequenceOf(cursor);
      if (sequence === undefined || sequence + 1 < this.#first) {
        ({ cursor } = this);
        yield { type: "reset", cursor };
      } else if (sequence + 1 < this.#next) {
        const start = sequence + 1 - this.#first;
        const entries = this.#entries.slice(start, start + BATCH);
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
    const aborted = Promise.withResolvers<void>();
    const stop = (): void => aborted.resolve();
    signal.addEventListener("abort", stop, { once: true });
    try {
      await Promise.race([this.#wake.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}
