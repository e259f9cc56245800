/** What a timer takes, in milliseconds: 24 days. One that is given more fires at once. */
export const LONGEST_TIMER: number = 2 ** 31 - 1;

/** Time and chance, as the client uses them. Milliseconds. */
export interface Timing {
  /** A clock that only goes forwards; its zero means nothing. */
  now(): number;
  /** The wall clock, epoch milliseconds, for `Retry-After` dates. */
  wallClock(): number;
  /** Resolves after `ms`; rejects with the signal's reason. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A signal that aborts after `ms`. */
  timeout(ms: number): AbortSignal;
  /** From 0 (included) to 1 (excluded). */
  random(): number;
}

/** The machine's own. Nothing of it lasts longer than 24 days. */
export const systemTiming: Timing = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(
        () => {
          signal.removeEventListener("abort", abort);
          resolve();
        },
        Math.min(ms, LONGEST_TIMER),
      );
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    }),
  timeout: (ms) => AbortSignal.timeout(ms),
  random: () => Math.random(),
};
