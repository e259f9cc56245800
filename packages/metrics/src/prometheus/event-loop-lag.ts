import type { Clock } from "@krm/core";
import type { Registry } from "prom-client";

/** Several of the intervals (10 ms) in which prom-client looks at the event loop. Milliseconds. */
const LEAST_MS = 500;

/** The one of prom-client's gauges of the event loop that sets all of them. */
const LAG = "nodejs_eventloop_lag_seconds";

/**
 * prom-client tells the delays of the event loop since the scrape before, whoever's that was. Right after one there are
 * none yet, and it would tell a least delay of 292 years: then what it told last stands for a little longer.
 */
export function keepLag(registry: Registry, clock: Clock): void {
  // Its types do not have it, but it is what the metric was made with.
  const lag = registry.getSingleMetric(LAG) as { collect?: () => void } | undefined;
  const collect = lag?.collect;
  if (lag === undefined || collect === undefined) return;
  let told = clock.monotonic();
  lag.collect = () => {
    const now = clock.monotonic();
    if (now - told < LEAST_MS) return;
    told = now;
    collect();
  };
}
