import type { Measured } from "../delay/delay.ts";

/** What a collector has read since it began. */
export interface CollectorReport {
  /** Delays measured. */
  readonly delays: number;
  /** Changes that told none. */
  readonly unmeasured: number;
  /** Delays below zero: the clocks differ by more than the delay. */
  readonly negative: number;
  /** Times that a change feed no longer reached back to where the collector was, so that delays are missing. */
  readonly gaps: number;
  /** Scopes that are read. */
  readonly scopes: number;
  /** Those of them whose feed cannot be read now. */
  readonly failing: number;
}

/** Counts what a collector reads. */
export class CollectorCounters {
  readonly #onTrouble: (error: unknown, scope: string | undefined) => void;
  readonly #failing = new Set<string>();
  #delays = 0;
  #unmeasured = 0;
  #negative = 0;
  #gaps = 0;
  scopes = 0;

  /** @param onTrouble Told when the first scope begins to fail, and, with undefined, when none does any more. */
  constructor(onTrouble: (error: unknown, scope: string | undefined) => void) {
    this.#onTrouble = onTrouble;
  }

  count(measured: Measured): void {
    if (measured?.type === "delay") {
      this.#delays++;
      if (measured.delay.seconds < 0) this.#negative++;
    } else if (measured !== undefined) this.#unmeasured++;
  }

  gap(): void {
    this.#gaps++;
  }

  /** The feed of a scope cannot be read, or, with undefined, can be read again. */
  failing(scope: string, error: unknown): void {
    if (error === undefined) {
      if (this.#failing.delete(scope) && this.#failing.size === 0) this.#onTrouble(undefined, undefined);
      return;
    }
    if (this.#failing.size === 0) this.#onTrouble(error, scope);
    this.#failing.add(scope);
  }

  get report(): CollectorReport {
    return {
      delays: this.#delays,
      unmeasured: this.#unmeasured,
      negative: this.#negative,
      gaps: this.#gaps,
      scopes: this.scopes,
      failing: this.#failing.size,
    };
  }
}
