import { setTimeout as delay } from "node:timers/promises";

/** What an operation that waits can be told. */
export interface CallOptions {
  /** Aborting rejects with the signal's reason; nothing is left running. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Time as a port. Nothing in core reads the real clock elsewhere. Ages are measured with `monotonic` (the wall clock of
 * a container can jump), points in time are written with `now`.
 */
export interface Clock {
  /** Wall clock, epoch milliseconds. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonic(): number;
  /** Resolves after `ms`. Rejects with the signal's reason when aborted, and leaves no timer behind. */
  sleep(ms: number, options?: CallOptions): Promise<void>;
}

/** `setTimeout` takes no more, and fires at once when given more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, options) {
    const signal = options?.signal;
    signal?.throwIfAborted();
    try {
      let left = ms;
      for (; left > LONGEST_TIMER_MS; left -= LONGEST_TIMER_MS) {
        await delay(LONGEST_TIMER_MS, undefined, signal === undefined ? {} : { signal });
      }
      await delay(left, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
