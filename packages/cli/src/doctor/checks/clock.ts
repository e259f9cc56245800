import { certainOffsetMs, type Clock, type ClockOffset, clockOffsetText } from "@krm/core";
import { serverVersion } from "@krm/kubernetes";
import type { Check } from "../check.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { failed, type Finding, ok, warning } from "../finding.ts";

/** A `Date` tells whole seconds: several, at different parts of one, tell more. */
const SAMPLES = 4;
const BETWEEN_MS = 260;

/** Below this, an offset between two clocks is what clocks do. */
const OFF_MS = 1000;
/** From here on, tokens and certificates begin to be taken for expired. */
const MUCH_MS = 300_000;

/** The API server's clock against ours. */
export function clockCheck(facts: ClusterFacts, clock: Clock): Check {
  return {
    name: "clock",
    after: ["API server"],
    async run(signal) {
      for (let sample = 1; sample < SAMPLES && !isSurelyWell(facts.serverClock.offset()); sample++) {
        await clock.sleep(BETWEEN_MS, { signal });
        // Only answers of the API server itself count; whether it lets this one be asked is told elsewhere.
        await serverVersion(facts.source, { signal }).catch(() => undefined);
      }
      signal.throwIfAborted();
      return [judgeClock(facts.serverClock.offset())];
    },
  };
}

/** No more answers would change anything. */
function isSurelyWell(offset: ClockOffset | undefined): boolean {
  return offset !== undefined && offset.lowMs >= -OFF_MS && offset.highMs <= OFF_MS;
}

/** Pure. Undefined: no answer bore a time. */
export function judgeClock(offset: ClockOffset | undefined): Finding {
  if (offset === undefined) return { result: "skipped", found: "the API server's answers bear no Date" };
  const certain = Math.abs(certainOffsetMs(offset));
  const found = `the API server's clock is ${clockOffsetText(offset)}`;
  if (certain <= OFF_MS) return ok(found);
  const mend = "See whether NTP runs on both machines: chronyc tracking, timedatectl.";
  return certain > MUCH_MS
    ? failed(`${found}: tokens and certificates will be taken for expired`, mend)
    : warning(`${found}: delays and ages that compare the two are wrong by as much`, mend);
}
