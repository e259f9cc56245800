import { type Clock, KrmError, type WatchEvent } from "@krm/core";
import { DelayLane } from "../faults/delay-lane.ts";

/** The two ends of one open watch: a cluster puts events in, a reader takes them out, in order and without a bound. */
export class WatchPipe implements AsyncIterable<readonly WatchEvent[]> {
  readonly #signal: AbortSignal;
  #waiting: WatchEvent[] = [];
  #ended: { readonly error: unknown } | undefined;
  #arrived = Promise.withResolvers<void>();
  readonly #onClose: () => void;
  readonly #closed = new AbortController();
  readonly #underway: DelayLane<WatchEvent>;

  constructor(clock: Clock, signal: AbortSignal, onClose: () => void) {
    this.#signal = signal;
    this.#onClose = onClose;
    this.#underway = new DelayLane(clock, AbortSignal.any([signal, this.#closed.signal]), (event) => this.put(event));
    signal.addEventListener("abort", () => this.#arrived.resolve(), { once: true });
  }

  /** Puts an event in when it is due, on the monotonic clock, but behind those that were to come before it. */
  putLater(event: WatchEvent, due: number): void {
    this.#underway.put(event, due);
  }

  /** Puts an event in now, before those that are under way. */
  put(event: WatchEvent): void {
    this.#waiting.push(event);
    this.#arrived.resolve();
  }

  /** Bytes without an event. */
  stir(): void {
    this.#arrived.resolve();
  }

  /** Ends the stream: in good order, or by an error, after what was put before. What is under way never comes. */
  end(error?: unknown): void {
    this.#closed.abort();
    this.#ended ??= { error };
    this.#arrived.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<readonly WatchEvent[]> {
    try {
      for (;;) {
        if (this.#signal.aborted) throw this.#signal.reason ?? new KrmError("KRM_CONNECTION", "the watch was aborted");
        const ended = this.#ended;
        const batch = this.#waiting;
        if (batch.length > 0) {
          this.#waiting = [];
          yield batch;
          continue;
        }
        if (ended !== undefined) {
          if (ended.error !== undefined) throw ended.error;
          return;
        }
        await this.#arrived.promise;
        this.#arrived = Promise.withResolvers<void>();
        if (this.#signal.aborted || this.#ended !== undefined || this.#waiting.length > 0) continue;
        yield [];
      }
    } finally {
      this.#closed.abort();
      this.#onClose();
    }
  }
}
