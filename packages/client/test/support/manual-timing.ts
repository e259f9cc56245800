import type { Timing } from "../../src/index.ts";

/** Time that goes on only by sleeping, which takes none; `expire` makes every running call time out. */
export interface ManualTiming extends Timing {
  readonly sleeps: number[];
  expire(): void;
}

/** Makes one. `random` is what chance always gives. */
export function manualTiming(random = 0.5): ManualTiming {
  let now = 0;
  const sleeps: number[] = [];
  const expiry = new AbortController();
  return {
    sleeps,
    now: () => now,
    wallClock: () => Date.UTC(2026, 0, 1) + now,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      sleeps.push(ms);
      now += ms;
    },
    timeout: () => expiry.signal,
    random: () => random,
    expire: () => expiry.abort(new DOMException("the time is over", "TimeoutError")),
  };
}
