import type { Clock } from "@krm/core";

/** A sleep that others can end. */
export class Alarm {
  readonly #clock: Clock;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sleeps so long (undefined: without an end), until it is rung or the signal aborts. Leaves no timer behind. */
  async sleep(ms: number | undefined, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const rung = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => {
      rung.abort();
      resolve();
    };
    this.#wake = wake;
    signal.addEventListener("abort", wake, { once: true });
    if (ms !== undefined) this.#clock.sleep(ms, { signal: rung.signal }).then(resolve, resolve);
    await promise;
    signal.removeEventListener("abort", wake);
    this.#wake = undefined;
  }

  /** Wakes who sleeps; nobody, where none does. */
  ring(): void {
    this.#wake?.();
  }
}
