import type { Timing } from "../../src/index.ts";

/** Time that stands still until it is told to go on. */
export interface SteppedTiming extends Timing {
  /** Resolves when somebody pauses for less than a minute, with for how long. A watchdog sleeps longer. */
  untilPaused(): Promise<number>;
  /** Waits for a pause, and lets it pass; resolves with how long it was. */
  passPause(): Promise<number>;
  /** Lets time pass, and wakes who is due. */
  advance(ms: number): void;
}

const LONG_MS = 60_000;

/** Makes one. `random` is what chance always gives. */
export function steppedTiming(random = 0.5): SteppedTiming {
  let now = 0;
  const sleepers = new Set<{ readonly ms: number; readonly due: number; readonly wake: () => void }>();
  const waits = new Set<(ms: number) => void>();
  const untilPaused = async (): Promise<number> => {
    const pause = [...sleepers].find(({ ms }) => ms < LONG_MS);
    return pause === undefined ? new Promise((resolve) => waits.add(resolve)) : pause.ms;
  };
  const advance = (ms: number): void => {
    now += ms;
    for (const sleeper of sleepers) if (sleeper.due <= now) sleeper.wake();
  };
  return {
    advance,
    untilPaused,
    passPause: async () => {
      const ms = await untilPaused();
      advance(ms);
      return ms;
    },
    now: () => now,
    wallClock: () => Date.UTC(2026, 0, 1) + now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const finish = (): void => {
          sleepers.delete(sleeper);
          signal.removeEventListener("abort", abort);
        };
        const abort = (): void => {
          finish();
          reject(signal.reason as Error);
        };
        const sleeper = {
          ms,
          due: now + ms,
          wake: () => {
            finish();
            resolve();
          },
        };
        if (signal.aborted) return reject(signal.reason as Error);
        signal.addEventListener("abort", abort, { once: true });
        sleepers.add(sleeper);
        if (ms >= LONG_MS) return;
        for (const wait of waits) wait(ms);
        waits.clear();
      }),
    timeout: (ms) => {
      const expiry = new AbortController();
      const timer = {
        // No pause, however short.
        ms: LONG_MS,
        due: now + ms,
        wake: () => {
          sleepers.delete(timer);
          expiry.abort(new DOMException("the time is over", "TimeoutError"));
        },
      };
      sleepers.add(timer);
      return expiry.signal;
    },
    random: () => random,
  };
}
