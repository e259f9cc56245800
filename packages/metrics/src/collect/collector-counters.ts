import type { Measured } from "../delay/delay.ts";

/** What a collector has read since it began. */
export interface CollectorReport {
  /** Delays measured. */
  readonly delays: number;
  /** Changes that told none. */
  readonly unmeasured: number;
  /** Delays below zero: the clocks differ by more than the delay. */
  readonly negative: number;
  /** Times that a change feed was begun anew, or no longer reached back to where the collector was. */
  readonly gaps: number;
  /** Scopes that are read. */
  readonly scopes: number;
}

/** Counts what a collector reads. */
export class CollectorCounters {
  #delays = 0;
  #unmeasured = 0;
  #negative = 0;
  #gaps = 0;
  scopes = 0;

  count(measured: Measured): void {
    if (measured?.type === "delay") {
      this.#delays++;
      if (measured.delay.seconds < 0) this.#negative++;
    } else if (measured !== undefined) this.#unmeasured++;
  }

  gap(): void {
    this.#gaps++;
  }

  get report(): CollectorReport {
    return {
      delays: this.#delays,
      unmeasured: this.#unmeasured,
      negative: this.#negative,
      gaps: this.#gaps,
      scopes: this.scopes,
    };
  }
}
