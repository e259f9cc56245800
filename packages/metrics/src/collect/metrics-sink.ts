import type { Scope, ScopeStatus } from "@krm/core";
import type { CollectorReport } from "./collector-counters.ts";
import type { Measured } from "../delay/delay.ts";

/** Told when nothing more is to be done for what a sink took: it is safe, or counted as lost. */
export type Settled = (memo?: string) => void;

/** Where what is measured goes. Takes at once, never throws, and keeps its own bounds. */
export interface MetricsSink {
  /**
   * What some changes of a scope told, in the order of its feed. `settled` is called once, and lets the collector move on
   * from behind them after a restart; what it is given then comes back by {@link restore}.
   */
  delays(scope: Scope, measured: readonly Measured[], settled: Settled): void;
  /** How a scope is at a moment (wall clock, epoch milliseconds). */
  status(status: ScopeStatus, at: number): void;
  /** How the collector itself is; after the statuses. */
  collector?(report: CollectorReport, at: number): void;
  /** Before the first delays of a scope: what the newest `settled` that was kept was given. */
  restore?(scope: Scope, memo: string): void;
}
