import type { Clock } from "../ports/clock.ts";

/** Does something soon after it was asked for, but not sooner than so long after the time before: whoever asks may ask often. */
export class Soon {
  readonly #clock: Clock;
  readonly #apartMs: number;
  readonly #act: () => void;
  #last: number | undefined;
  #waiting = false;

  constructor(clock: Clock, apartMs: number, act: () => void) {
    this.#clock = clock;
    this.#apartMs = apartMs;
    this.#act = act;
  }

  /** Asked again while it waits, it is done once. Nothing is done after the signal has aborted. */
  ask(signal: AbortSignal): void {
    if (this.#waiting) return;
    this.#waiting = true;
    void this.#wait(signal);
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const left = this.#last === undefined ? 0 : this.#last + this.#apartMs - now;
    try {
      if (left > 0) await this.#clock.sleep(left, { signal });
    } catch {
      return;
    } finally {
      this.#waiting = false;
    }
    this.#last = this.#clock.monotonic();
    this.#act();
  }
}
