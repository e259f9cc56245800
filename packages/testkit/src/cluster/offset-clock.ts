import type { CallOptions, Clock } from "@krm/core";

/**
 * A clock that shows the wrong time, as a machine's can. Spans of time are right: only {@link OffsetClock.now} is off.
 *
 * @example
 * const clock = new OffsetClock(systemClock, -3000); // three seconds behind
 */
export class OffsetClock implements Clock {
  /** The clock that is right. */
  readonly truth: Clock;
  /** How far it is ahead, in milliseconds; below 0: behind. Another value is as when somebody sets the clock. */
  offsetMs: number;

  constructor(truth: Clock, offsetMs: number) {
    this.truth = truth;
    this.offsetMs = offsetMs;
  }

  now(): number {
    return this.truth.now() + this.offsetMs;
  }

  monotonic(): number {
    return this.truth.monotonic();
  }

  sleep(ms: number, options?: CallOptions): Promise<void> {
    return this.truth.sleep(ms, options);
  }
}
