import { START } from "./fixtures.ts";

/** A clock on which whoever waits has waited long enough at once. */
export function impatientClock(): { now(): number; monotonic(): number; sleep(ms: number): Promise<void> } {
  let at = START;
  return {
    now: () => at,
    monotonic: () => at,
    sleep: async (ms) => {
      at += ms;
    },
  };
}
