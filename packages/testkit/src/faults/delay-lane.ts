import type { Clock } from "@krm/core";

/** One way on which things are late but keep their order: none goes before its time, nor before what was put in before it. */
export class DelayLane<T> {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #send: (item: T) => void;
  readonly #waiting: { readonly item: T; readonly due: number }[] = [];

  /** What waits when `signal` is aborted never goes. */
  constructor(clock: Clock, signal: AbortSignal, send: (item: T) => void) {
    this.#clock = clock;
    this.#signal = signal;
    this.#send = send;
  }

  /** Sends something when it is due, on the monotonic clock: at once, before this returns, if that is now and nothing waits. */
  put(item: T, due: number): void {
    if (this.#waiting.length === 0 && due <= this.#clock.monotonic()) {
      this.#send(item);
      return;
    }
    this.#waiting.push({ item, due });
    if (this.#waiting.length === 1) void this.#pump();
  }

  async #pump(): Promise<void> {
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      // A timer can be early by the fraction of a millisecond that it does not count.
      for (let left = this.#left(head.due); left > 0; left = this.#left(head.due)) {
        try {
          await this.#clock.sleep(Math.ceil(left), { signal: this.#signal });
        } catch (error) {
          if (this.#signal.aborted) return;
          throw error;
        }
      }
      this.#send(head.item);
      this.#waiting.shift();
    }
  }

  #left(due: number): number {
    return due - this.#clock.monotonic();
  }
}
