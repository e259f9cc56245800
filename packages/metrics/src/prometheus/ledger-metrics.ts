import type { MergerReport, ScopeStatus } from "@krm/core";
import { scopeMetric, scopeSeries } from "./scope-metric.ts";
import type { Sample, ScrapedMetric } from "./scraped-metric.ts";
import type { SeenViews } from "./view-reader.ts";

/**
 * The drift ledger as it stands in the store: since the state of the scope began, whichever processes have found it. What
 * this process has found is told by `krm_missed_events_total` and the others of core.
 */
export const LEDGER_METRICS: readonly ScrapedMetric<SeenViews>[] = [
  scopeSeries(
    "counter",
    "krm_ledger_missed_events_total",
    "Events that the stream missed since the state began: by what was missed, and by what hid it (upstream: no cause is known here).",
    ["type", "cause"],
    (status) => ofLedger(status, missed),
  ),
  scopeSeries(
    "counter",
    "krm_ledger_verifications_total",
    "Verifications since the state began, by how they ended.",
    ["result"],
    (status) =>
      ofLedger(status, ({ verifications }) =>
        Object.entries(verifications).map(([result, value]) => ({ labels: { result }, value })),
      ),
  ),
  ledger(
    "krm_ledger_repairs_total",
    "Changes of the view by a verification, since the state began.",
    (it) => it.repairs,
  ),
  ledger(
    "krm_ledger_resynced_objects_total",
    "Objects that lists of the streamer changed after known gaps, since the state began.",
    (it) => it.resynced,
  ),
  ledger(
    "krm_ledger_list_contradictions_total",
    "Objects of which a list of the API server told another state than the object itself, or than an earlier event, since the state began.",
    (it) => it.contradictions,
  ),
  ledger(
    "krm_ledger_exposure_seconds_total",
    "For how long readers could see what missed events had changed, at most, all together, since the state began.",
    (it) => it.exposure.totalMs / 1000,
  ),
  scopeMetric(
    "gauge",
    "krm_ledger_longest_exposure_seconds",
    "For how long readers could see what the longest hidden of the missed events had changed, at most, since the state began.",
    ({ reports }) => reports.merger && reports.merger.exposure.longestMs / 1000,
  ),
  scopeMetric(
    "gauge",
    "krm_ledger_last_drift_timestamp_seconds",
    "When a missed event was found last; left out: there was none.",
    ({ reports }) => {
      const at = reports.merger?.lastDriftAt;
      return at === undefined ? undefined : at / 1000;
    },
  ),
  scopeMetric(
    "gauge",
    "krm_ledger_pending_verifications",
    "Verifications that wait for the stream before they can be decided.",
    ({ reports }) => reports.merger?.pending,
  ),
];

function ledger(name: string, help: string, read: (report: MergerReport) => number): ScrapedMetric<SeenViews> {
  return scopeMetric("counter", name, help, ({ reports }) => reports.merger && read(reports.merger));
}

/** Nothing where no merger has ever told how it is. */
function ofLedger({ reports }: ScopeStatus, read: (report: MergerReport) => readonly Sample[]): readonly Sample[] {
  return reports.merger === undefined ? [] : read(reports.merger);
}

function missed(report: MergerReport): readonly Sample[] {
  return Object.entries(report.missed).flatMap(([cause, types]) =>
    Object.entries(types).map(([type, value]) => ({ labels: { type, cause }, value })),
  );
}
