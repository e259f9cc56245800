import type { Clock } from "@krm/core";

/** Calls `beat` at once, and then every second until aborted. */
export async function everySecond(beat: () => void, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    beat();
    await clock.sleep(1000, { signal }).catch(() => {});
  }
}
