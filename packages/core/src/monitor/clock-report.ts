import type { ClockOffset } from "../model/clock-offset.ts";
import type { ListWatch } from "../ports/list-watch.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** What is known of the API server's clock, for a role's report; the bounds are told to telemetry too. */
export function reportClock(listWatch: ListWatch, telemetry: Telemetry): ClockOffset | undefined {
  const offset = listWatch.clockOffset?.();
  if (listWatch.clockOffset === undefined) return undefined;
  // What is not known any more must not go on being told.
  telemetry.set("krm_clock_offset_seconds", { bound: "low" }, (offset?.lowMs ?? Number.NaN) / 1000);
  telemetry.set("krm_clock_offset_seconds", { bound: "high" }, (offset?.highMs ?? Number.NaN) / 1000);
  return offset;
}
