import type { Clock } from "@krm/core";

/** What was published may be lost with a connection: it is looked again at least this often, in milliseconds. */
const LOOK_AGAIN_MS = 1000;

/** Waits for something that is told on a channel, and does not rely on being told. */
export class WakeUp implements Disposable {
  readonly #clock: Clock;
  readonly #stop: () => void;
  #told = false;
  #wake: (() => void) | undefined;

  constructor(listen: (listener: () => void) => () => void, clock: Clock) {
    this.#clock = clock;
    this.#stop = listen(() => {
      this.#told = true;
      this.#wake?.();
    });
  }

  /** Resolves when something was told since the last call, after a while, or when a signal aborts. */
  async wait(signals: readonly (AbortSignal | undefined)[]): Promise<void> {
    const ends = signals.filter((signal) => signal !== undefined);
    if (!this.#told && !ends.some((signal) => signal.aborted)) await this.#pause(ends);
    this.#told = false;
  }

  async #pause(ends: readonly AbortSignal[]): Promise<void> {
    const { promise, resolve: done } = Promise.withResolvers<void>();
    const resolve = (): void => done();
    const cut = new AbortController();
    this.#wake = resolve;
    for (const signal of ends) signal.addEventListener("abort", resolve, { once: true });
    const slept = this.#clock.sleep(LOOK_AGAIN_MS, { signal: cut.signal }).catch(() => {});
    try {
      await Promise.race([promise, slept]);
    } finally {
      this.#wake = undefined;
      cut.abort();
      for (const signal of ends) signal.removeEventListener("abort", resolve);
    }
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
