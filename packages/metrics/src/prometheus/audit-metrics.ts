import { Counter, type Registry } from "prom-client";
import { type MetricFacts, metricOptions } from "./metric-facts.ts";

/** Counts what becomes of audit events: what `openAuditLog` of `@krm/server` takes as `counts`. */
export interface AuditMetrics {
  written(events: number): void;
  lost(events: number): void;
}

/** What became of audit events. */
export const AUDIT_EVENTS: MetricFacts = {
  name: "krm_audit_events_total",
  type: "counter",
  help: "Audit events by what became of them: written into the audit log, or lost, because it could not be written for too long.",
  labels: ["outcome"],
};

/** Adds what is measured of an audit log. Both series are there from the start. */
export function auditMetrics(registry: Registry): AuditMetrics {
  const events = new Counter(metricOptions(AUDIT_EVENTS, registry));
  const written = events.labels("written");
  const lost = events.labels("lost");
  written.inc(0);
  lost.inc(0);
  return { written: (count) => written.inc(count), lost: (count) => lost.inc(count) };
}
