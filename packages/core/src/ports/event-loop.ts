import { monitorEventLoopDelay } from "node:perf_hooks";

/** By how much timers fired too late, in milliseconds: for so long the process did not get to what had arrived. */
export interface EventLoopDelay {
  /** Of 100 timers, 99 were no later. */
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How late timers fire in this process. */
export interface EventLoopLag {
  /**
   * Of the last one to two minutes, and never of less than the time since the reading before. Many may read: nobody takes
   * away what another has not seen. Cheap, but not for every event.
   */
  read(): EventLoopDelay;
}

/** What of Node.js's `IntervalHistogram` is needed. In nanoseconds, of the intervals between two of its timers. */
export interface DelayHistogram {
  readonly max: number;
  enable(): unknown;
  percentile(percent: number): number;
  reset(): void;
}

/** Costs a thousandth of a core; a delay may be told this much too short. */
const RESOLUTION_MS = 50;

/** The window is this long at least. */
const WINDOW_MS = 60_000;

/**
 * {@link EventLoopLag} off two histograms that are emptied in turn, when the other one has run for a minute. So what comes
 * right after a histogram was emptied, which that one does not measure, is told by the other.
 */
export class StaggeredLag implements EventLoopLag {
  readonly #make: () => DelayHistogram;
  readonly #monotonic: () => number;
  /** The older one, which is read, and the newer one. */
  #histograms: readonly [DelayHistogram, DelayHistogram] | undefined;
  #newerSince = 0;

  /** Measures from the first reading on, with histograms made then. */
  constructor(make: () => DelayHistogram, monotonic: () => number) {
    this.#make = make;
    this.#monotonic = monotonic;
  }

  read(): EventLoopDelay {
    const now = this.#monotonic();
    const [older, newer] = this.#histograms ?? this.#begin(now);
    const delay = { p99Ms: lateMs(older.percentile(99)), maxMs: lateMs(older.max) };
    if (now - this.#newerSince >= WINDOW_MS) {
      older.reset();
      this.#histograms = [newer, older];
      this.#newerSince = now;
    }
    return delay;
  }

  #begin(now: number): readonly [DelayHistogram, DelayHistogram] {
    const both = [this.#make(), this.#make()] as const;
    for (const histogram of both) histogram.enable();
    this.#histograms = both;
    this.#newerSince = now;
    return both;
  }
}

function lateMs(nanoseconds: number): number {
  return Math.max(0, Math.round(nanoseconds / 1e6) - RESOLUTION_MS);
}

/** The lag of this process, one for all who ask. Measured from the first reading on; does not keep the process alive. */
export const systemEventLoop: EventLoopLag = new StaggeredLag(
  () => monitorEventLoopDelay({ resolution: RESOLUTION_MS }),
  () => performance.now(),
);
