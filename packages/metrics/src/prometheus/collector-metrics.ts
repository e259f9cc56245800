import type { Registry } from "prom-client";
import type { CollectorReport } from "../collect/collector-counters.ts";
import type { InfluxReport } from "../influx/influx-report.ts";
import { plain, registerScraped, type ScrapedMetric } from "./scraped-metric.ts";

/** What a collector reads. */
export const COLLECTOR_METRICS: readonly ScrapedMetric<CollectorReport>[] = [
  plain("counter", "krm_collector_delays_total", "Delays that the collector has measured.", ({ delays }) => delays),
  plain(
    "counter",
    "krm_collector_gaps_total",
    "Times that a change feed no longer reached back to where the collector was: delays in between are missing.",
    ({ gaps }) => gaps,
  ),
  plain(
    "gauge",
    "krm_collector_failing_scopes",
    "Scopes whose change feed the collector cannot read now.",
    ({ failing }) => failing,
  ),
  plain("gauge", "krm_collector_scopes", "Scopes whose change feed the collector reads.", ({ scopes }) => scopes),
];

/** What becomes of points. */
export const INFLUX_METRICS: readonly ScrapedMetric<Pick<InfluxMetricsSource, "report" | "now">>[] = [
  {
    type: "counter",
    name: "krm_influx_points_total",
    help: "Points by what became of them: written, refused by the database, or dropped for want of room.",
    labels: ["outcome"],
    read: ({ report: { written, refused, dropped } }) => [
      { labels: { outcome: "written" }, value: written },
      { labels: { outcome: "refused" }, value: Object.values(refused).reduce((sum, count) => sum + count, 0) },
      { labels: { outcome: "dropped" }, value: dropped },
    ],
  },
  plain("counter", "krm_influx_retries_total", "Points sent again after a failure.", ({ report }) => report.retried),
  plain(
    "gauge",
    "krm_influx_waiting_lines",
    "Points in memory that wait to be written.",
    ({ report }) => report.waiting.lines,
  ),
  plain("gauge", "krm_influx_waiting_bytes", "Their size.", ({ report }) => report.waiting.bytes),
  plain(
    "gauge",
    "krm_influx_spilled_bytes",
    "Points on disk that wait to be written: the size of their files.",
    ({ report }) => report.spilled.bytes,
  ),
  plain(
    "gauge",
    "krm_influx_failing_seconds",
    "For how long nothing could be written to InfluxDB, in seconds; 0: it can.",
    ({ report: { failing }, now }) => (failing === undefined ? 0 : Math.max(0, now - failing.since) / 1000),
  ),
];

/** Adds what a collector reads. */
export function registerCollectorMetrics(registry: Registry, read: () => CollectorReport): void {
  registerScraped(registry, COLLECTOR_METRICS, read);
}

/** What the metrics of a writer are read off. `now`: wall clock, epoch milliseconds. */
export interface InfluxMetricsSource {
  readonly report: InfluxReport;
  readonly now: number;
}

/** Adds what becomes of points that an `InfluxWriter` takes. */
export function registerInfluxMetrics(registry: Registry, read: () => InfluxMetricsSource): void {
  registerScraped(registry, INFLUX_METRICS, read);
}
