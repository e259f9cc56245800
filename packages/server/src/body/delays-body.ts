import type { Scope } from "@krm/core";
import type { DelaysStatus } from "@krm/protocol";
import type { DelaySource } from "../routes/delay-source.ts";
import { time } from "./time.ts";

/** Tells how late the events of a scope were. */
export function delaysBody(source: DelaySource, scope: Scope, withinMs: number): DelaysStatus {
  return {
    since: time(source.since),
    minutes: source.minutes(scope, withinMs).map(({ at, count, p50, p90, p99 }) => ({
      at: time(at),
      count,
      p50Seconds: rounded(p50),
      p90Seconds: rounded(p90),
      p99Seconds: rounded(p99),
    })),
  };
}

/** To the tenth of a millisecond. */
function rounded(seconds: number): number {
  return Math.round(seconds * 10_000) / 10_000;
}
