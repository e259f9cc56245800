import { KrmError, type WatchEvent } from "@krm/core";

/** The two ends of one open watch: a cluster puts events in, a reader takes them out, in order and without a bound. */
export class WatchPipe implements AsyncIterable<readonly WatchEvent[]> {
  readonly #signal: AbortSignal;
  #waiting: WatchEvent[] = [];
  #ended: { readonly error: unknown } | undefined;
  #arrived = Promise.withResolvers<void>();
  readonly #onClose: () => void;

  constructor(signal: AbortSignal, onClose: () => void) {
    this.#signal = signal;
    this.#onClose = onClose;
    signal.addEventListener("abort", () => this.#arrived.resolve(), { once: true });
  }

  put(event: WatchEvent): void {
    this.#waiting.push(event);
    this.#arrived.resolve();
  }

  /** Bytes without an event. */
  stir(): void {
    this.#arrived.resolve();
  }

  /** Ends the stream: in good order, or by an error, after what was put before. */
  end(error?: unknown): void {
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
      this.#onClose();
    }
  }
}
