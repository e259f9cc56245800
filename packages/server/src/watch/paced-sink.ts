import type { Clock } from "@krm/core";
import type { ReaderBounds } from "./reader-bounds.ts";
import { untilRoom } from "./until-room.ts";
import type { WatchSink } from "./watch-sink.ts";

/** A sink, and whether its reader takes what is written to it. */
export class PacedSink {
  readonly #sink: WatchSink;
  readonly #bounds: ReaderBounds;
  readonly #clock: Clock;
  /** All that ever had to wait. */
  #queued = 0;
  #looked: { readonly at: number; readonly waiting: number; readonly taken: number };

  constructor(sink: WatchSink, bounds: ReaderBounds, clock: Clock) {
    this.#sink = sink;
    this.#bounds = bounds;
    this.#clock = clock;
    this.#looked = { at: clock.monotonic(), waiting: 0, taken: 0 };
  }

  get closed(): AbortSignal {
    return this.#sink.closed;
  }

  get hasRoom(): boolean {
    return this.#sink.waiting <= this.#bounds.windowBytes;
  }

  write(block: Buffer): void {
    const before = this.#sink.waiting;
    this.#sink.write(block);
    this.#queued += this.#sink.waiting - before;
  }

  /** See {@link untilRoom}. */
  async room(signal: AbortSignal): Promise<"room" | "stalled" | "over"> {
    return untilRoom(this.#sink, this.#bounds, this.#clock, signal);
  }

  /** To be asked now and then: whether something waited the last time, and nothing at all was taken for too long since. */
  isStuck(): boolean {
    const at = this.#clock.monotonic();
    const before = this.#looked;
    if (at - before.at < this.#bounds.stallMs) return false;
    const { waiting } = this.#sink;
    this.#looked = { at, waiting, taken: this.#queued - waiting };
    return before.waiting > 0 && waiting > 0 && this.#looked.taken <= before.taken;
  }

  /** Ends the stream behind what was written; who does not take that is cut. */
  end(): void {
    this.#sink.end();
    if (this.#sink.waiting > 0) void this.#cutOff();
  }

  destroy(): void {
    this.#sink.destroy();
  }

  async #cutOff(): Promise<void> {
    const { closed } = this.#sink;
    for (let before = Infinity; this.#sink.waiting < before && !closed.aborted;) {
      before = this.#sink.waiting;
      await this.#clock.sleep(this.#bounds.stallMs, { signal: closed }).catch(() => {});
    }
    if (!closed.aborted) this.#sink.destroy();
  }
}
