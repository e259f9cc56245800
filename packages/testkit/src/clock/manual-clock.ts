import { setImmediate as nextTurn } from "node:timers/promises";
import type { CallOptions, Clock } from "@krm/core";

interface Sleeper {
  readonly due: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Where a {@link ManualClock} starts. */
export interface ManualClockOptions {
  /** Wall clock at the start, epoch milliseconds. Default: 2026-01-01T00:00:00Z. */
  readonly now?: number;
}

/**
 * Time that passes only when told. Both the wall clock and the monotonic one move by `advance`; the wall clock can also
 * jump by `setNow`, as in a container that was paused.
 *
 * Sleepers wake in the order in which they are due, and those due at the same time in the order in which they lay down.
 * Between two wake-ups the event loop turns, so that what a sleeper does next (also sleep again within the same span)
 * happens at the right time. No timer of the machine is used.
 *
 * @example
 * const clock = new ManualClock();
 * const loop = streamer.run({ signal });   // sleeps 800 ms between two tries
 * await clock.untilSleeping(1);
 * await clock.advance(800);
 */
export class ManualClock implements Clock {
  #wall: number;
  #monotonic = 0;
  #order = 0;
  readonly #sleepers = new Set<Sleeper>();
  readonly #waits = new Set<{ readonly count: number; readonly resolve: () => void }>();

  constructor(options: ManualClockOptions = {}) {
    this.#wall = options.now ?? Date.UTC(2026, 0, 1);
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** How many sleep now. */
  get pending(): number {
    return this.#sleepers.size;
  }

  /** Milliseconds until the next sleeper is due; undefined: nobody sleeps. */
  get nextDueIn(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : Math.max(0, next.due - this.#monotonic);
  }

  async sleep(ms: number, options: CallOptions = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const finish = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", abort);
      };
      const abort = (): void => {
        finish();
        reject(signal?.reason as Error);
      };
      const sleeper: Sleeper = {
        due: this.#monotonic + Math.max(0, ms),
        order: this.#order++,
        wake: () => {
          finish();
          resolve();
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#sleepers.add(sleeper);
      this.#settleWaits();
    });
  }

  /**
   * Lets `ms` pass. Resolves when all who were due, also those who lay down meanwhile, have woken and the promise jobs
   * that they started have run. I/O that they started may still be under way.
   *
   * @throws RangeError for a negative span: time does not go back (see `setNow`).
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`cannot advance the clock by ${ms} ms: give 0 or more`);
    const end = this.#monotonic + ms;
    await nextTurn();
    for (let next = this.#next(); next !== undefined && next.due <= end; next = this.#next()) {
      this.#moveTo(Math.max(next.due, this.#monotonic));
      next.wake();
      await nextTurn();
    }
    this.#moveTo(end);
    await nextTurn();
  }

  /** Lets time pass up to the next sleeper that is due, and wakes it; how many milliseconds that took (0: nobody slept). */
  async advanceToNext(): Promise<number> {
    await nextTurn();
    const span = this.nextDueIn ?? 0;
    if (this.pending > 0) await this.advance(span);
    return span;
  }

  /** Makes the wall clock jump, forwards or back. Monotonic time, and so every sleep, is not touched. */
  setNow(now: number): void {
    this.#wall = now;
  }

  /** Resolves as soon as at least `count` sleep. */
  async untilSleeping(count = 1, options: CallOptions = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#sleepers.size >= count) return;
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.#waits.delete(wait);
        reject(signal?.reason as Error);
      };
      const wait = {
        count,
        resolve: () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waits.add(wait);
    });
  }

  #next(): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (next === undefined || sleeper.due < next.due || (sleeper.due === next.due && sleeper.order < next.order)) {
        next = sleeper;
      }
    }
    return next;
  }

  #moveTo(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }

  #settleWaits(): void {
    for (const wait of this.#waits) {
      if (this.#sleepers.size < wait.count) continue;
      this.#waits.delete(wait);
      wait.resolve();
    }
  }
}
