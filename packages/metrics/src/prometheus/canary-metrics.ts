import type { Registry } from "prom-client";
import type { CanaryReport } from "../canary/canary.ts";
import { plain, registerScraped, type ScrapedMetric } from "./scraped-metric.ts";

/** What a canary does. */
export const CANARY_METRICS: readonly ScrapedMetric<CanaryReport>[] = [
  {
    type: "counter",
    name: "krm_canary_writes_total",
    help: "Writes of the canary's Lease, by how they ended.",
    labels: ["result"],
    read: ({ writes, failures }) => [
      { labels: { result: "ok" }, value: writes },
      { labels: { result: "failed" }, value: failures },
    ],
  },
  plain(
    "counter",
    "krm_canary_lost_total",
    "Writes of the canary that the watch went past without telling: proven losses.",
    ({ lost }) => lost,
  ),
  plain(
    "counter",
    "krm_canary_unknown_total",
    "Writes of the canary of which neither a delay nor a loss can be said: a list told them, they changed nothing, or nobody could see.",
    ({ unknown }) => unknown,
  ),
  plain(
    "counter",
    "krm_canary_overdue_total",
    "Writes of the canary that the view had not shown within the bound.",
    ({ overdue }) => overdue,
  ),
  plain(
    "gauge",
    "krm_canary_waiting_seconds",
    "Age of the oldest write of the canary that the view has not shown, in seconds; 0: there is none.",
    ({ waitingMs }) => waitingMs / 1000,
  ),
];

/** Adds what a canary does. */
export function registerCanaryMetrics(registry: Registry, read: () => CanaryReport): void {
  registerScraped(registry, CANARY_METRICS, read);
}
