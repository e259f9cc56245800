import type { Timing } from "../timing.ts";

/** Tells by its signal when something that is waited for does not come. Time in which nobody waits does not count. */
export class Watchdog {
  readonly #timing: Timing;
  readonly #boundMs: number;
  readonly #barked = new AbortController();
  #waitingSince: number | undefined;

  constructor(timing: Timing, boundMs: number) {
    this.#timing = timing;
    this.#boundMs = boundMs;
  }

  /** Aborts when the bound is over. */
  get signal(): AbortSignal {
    return this.#barked.signal;
  }

  /** Waits for `work` under its eye. */
  async watch<T>(work: Promise<T>): Promise<T> {
    this.#waitingSince = this.#timing.now();
    try {
      return await work;
    } finally {
      this.#waitingSince = undefined;
    }
  }

  /** Looks until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        const now = this.#timing.now();
        const left = (this.#waitingSince ?? now) + this.#boundMs - now;
        if (left <= 0) return this.#barked.abort();
        await this.#timing.sleep(left, signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#barked.abort(error);
    }
  }
}
