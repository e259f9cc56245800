import { Counter, Gauge, type Registry } from "prom-client";
import { type MetricFacts, metricOptions } from "./metric-facts.ts";

/** One series. One without a value, or with one that its kind cannot have, is left out. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | undefined;
}

/** A metric that is read off something whenever it is asked for. */
export interface ScrapedMetric<S> extends MetricFacts {
  readonly type: "counter" | "gauge";
  readonly read: (of: S) => readonly Sample[];
}

/** One number without labels. */
export function plain<S>(
  type: "counter" | "gauge",
  name: string,
  help: string,
  read: (of: S) => number | undefined,
): ScrapedMetric<S> {
  return { type, name, help, labels: [], read: (of) => [{ labels: {}, value: read(of) }] };
}

/**
 * Adds metrics that are read off what `look` gives. It is called by each of them at every scrape, all in the same turn
 * of the event loop, and must not reject: that would be the end of the whole scrape.
 */
export function registerScraped<S>(
  registry: Registry,
  metrics: readonly ScrapedMetric<S>[],
  look: () => S | Promise<S>,
): void {
  for (const metric of metrics) {
    const { type, read } = metric;
    const options = metricOptions(metric, registry);
    // Between taking away the old series and putting down the new ones nothing else runs: two scrapes may overlap.
    if (type === "gauge") {
      // oxlint-disable-next-line no-new -- it registers itself
      new Gauge({
        ...options,
        async collect() {
          const seen = await look();
          this.reset();
          for (const { labels, value } of read(seen)) {
            if (value !== undefined && !Number.isNaN(value)) this.set(labels, value);
          }
        },
      });
    } else {
      // oxlint-disable-next-line no-new -- it registers itself
      new Counter({
        ...options,
        async collect() {
          const seen = await look();
          this.reset();
          for (const { labels, value } of read(seen)) {
            if (value !== undefined && value >= 0 && Number.isFinite(value)) this.inc(labels, value);
          }
        },
      });
    }
  }
}
