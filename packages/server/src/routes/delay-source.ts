import type { Scope } from "@krm/core";

/** How late the events of scopes were lately; a `DelayHistory` of @krm/metrics is one. */
export interface DelaySource {
  /** Since when it has measured: wall clock, epoch milliseconds. */
  readonly since: number;
  /** Of the minutes within `withinMs` those in which events were measured, oldest first. */
  minutes(scope: Scope, withinMs: number): readonly MeasuredMinute[];
}

/** One minute. Delays are in seconds. */
export interface MeasuredMinute {
  /** When it began: wall clock, epoch milliseconds. */
  readonly at: number;
  /** Events. */
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}
