import { KrmError } from "../errors.ts";
import { within } from "../internal/within.ts";
import type { Clock } from "../ports/clock.ts";
import type { ListWatch, WatchEvent, WatchRequest, WatchStream } from "../ports/list-watch.ts";

type Batch = readonly WatchEvent[];

/** What a watch is asked to last at least. */
const MIN_TIMEOUT_SECONDS = 300;

/**
 * Seconds a watch is asked to last: by chance in 5 to 10 minutes, as client-go asks, so that watches do not end together.
 *
 * @param random a number in [0, 1)
 */
export function watchSeconds(random: number): number {
  return Math.floor(MIN_TIMEOUT_SECONDS * (1 + random));
}

/** The API server itself gives up starting a request after a minute. */
const OPENING_MS = 65_000;

/** One watch: opened once, read in steps, and closed by whoever has it last. */
export class WatchConnection {
  /** After this long the server ends it by itself. */
  readonly timeoutMs: number;
  readonly #listWatch: ListWatch;
  readonly #request: WatchRequest;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  #batches: AsyncIterator<Batch> | undefined;
  #unread: Batch | undefined;
  #heardAt: number | undefined;

  constructor(listWatch: ListWatch, request: WatchRequest, clock: Clock) {
    this.timeoutMs = request.timeoutSeconds * 1000;
    this.#listWatch = listWatch;
    this.#request = request;
    this.#clock = clock;
  }

  /** When the source had last heard from its own as this watch began; undefined: it is the cluster, or not open yet. */
  get heardAt(): number | undefined {
    return this.#heardAt;
  }

  /** Resolves when the server accepted the watch. Rejects with `KRM_WATCH_SILENT` when it says nothing to it. */
  async open(withinMs: number = OPENING_MS): Promise<void> {
    const late = (): KrmError =>
      new KrmError("KRM_WATCH_SILENT", `the API server has not answered the watch for ${withinMs / 1000} s`);
    const stream = await within(
      withinMs,
      { clock: this.#clock, signal: this.#over.signal },
      late,
      async (signal): Promise<WatchStream> => {
        // Not the signal that ends with the opening: this one lasts as long as the watch.
        const stop = (): void => this.close(signal.reason);
        signal.addEventListener("abort", stop, { once: true });
        try {
          return await this.#listWatch.watch(this.#request, { signal: this.#over.signal });
        } finally {
          signal.removeEventListener("abort", stop);
        }
      },
    );
    this.#heardAt = stream.heardAt;
    this.#batches = stream[Symbol.asyncIterator]();
  }

  /** What arrived next, or the end in good order. Rejects as `ListWatch.watch` says, and when the watch is closed. */
  async next(): Promise<IteratorResult<Batch, unknown>> {
    const unread = this.#unread;
    this.#unread = undefined;
    if (unread !== undefined) return { done: false, value: unread };
    if (this.#batches === undefined) throw new Error("the watch is not open");
    const step = await this.#batches.next();
    // A close may end the iteration in good order.
    this.#over.signal.throwIfAborted();
    return step;
  }

  /** Gives a batch, or what is left of it, back: it comes next. */
  unread(batch: Batch): void {
    this.#unread = batch;
  }

  /** Ends the watch; who reads it, or waits for it to open, gets the reason. */
  close(reason: unknown = new Error("the watch was closed")): void {
    this.#over.abort(reason);
    // Nobody may come back to read the end.
    void this.#batches?.return?.().catch(() => {});
  }
}
