import { type MetricInfo, type MetricName, METRICS, ROLES } from "@krm/core";
import { AUDIT_EVENTS } from "./audit-metrics.ts";
import { CANARY_METRICS } from "./canary-metrics.ts";
import { COLLECTOR_METRICS, INFLUX_METRICS } from "./collector-metrics.ts";
import { DELAYS, NEGATIVE_DELAYS, UNMEASURED_EVENTS } from "./delay-metrics.ts";
import { HTTP_BYTES, HTTP_DURATION, HTTP_FORWARDED, HTTP_IN_FLIGHT, HTTP_REQUESTS } from "./http-metrics.ts";
import { LEDGER_METRICS } from "./ledger-metrics.ts";
import { type MetricFacts, SCOPE_LABELS } from "./metric-facts.ts";
import { OWN_ROLE_METRICS, ROLE_METRICS } from "./role-metrics.ts";
import { STORE_DURATION, STORE_ERRORS } from "./store-metrics.ts";
import { VIEW_METRICS, VIEW_READ_ERRORS } from "./view-metrics.ts";
import { WATCH_METRICS } from "./watch-metrics.ts";

/**
 * What tells a metric: `core`, as it happens, through `Telemetry`; `role`, what the roles of this process report; `view`
 * and `ledger`, what stands in the store; `store`, calls of it; `http`, requests of readers; `watch`, their watches; `audit`,
 * what is written down of both; `delay`, how late events were; `collector`, `influx` and `canary`, what those do.
 */
export type MetricGroup =
  | "core"
  | "role"
  | "view"
  | "ledger"
  | "store"
  | "http"
  | "watch"
  | "audit"
  | "delay"
  | "collector"
  | "influx"
  | "canary";

/** One metric of KRM's own. */
export interface CatalogueEntry extends MetricFacts {
  readonly group: MetricGroup;
}

/** Every metric that KRM's processes tell beside those of all Node.js processes, each once. Not every process tells all. */
export function metricCatalogue(): readonly CatalogueEntry[] {
  const measured = (Object.keys(METRICS) as MetricName[]).map((name): MetricFacts => {
    const info: MetricInfo = METRICS[name];
    return { name, ...info, labels: [...SCOPE_LABELS, ...info.labels] };
  });
  return [
    ...measured.map((metric) => entry("core", metric)),
    ...[...ROLE_METRICS, ...ROLES.flatMap((role) => OWN_ROLE_METRICS[role])].map((metric) => entry("role", metric)),
    ...[...VIEW_METRICS, VIEW_READ_ERRORS].map((metric) => entry("view", metric)),
    ...LEDGER_METRICS.map((metric) => entry("ledger", metric)),
    ...[STORE_DURATION, STORE_ERRORS].map((metric) => entry("store", metric)),
    ...[HTTP_REQUESTS, HTTP_DURATION, HTTP_BYTES, HTTP_FORWARDED, HTTP_IN_FLIGHT].map((metric) =>
      entry("http", metric),
    ),
    ...WATCH_METRICS.map((metric) => entry("watch", metric)),
    entry("audit", AUDIT_EVENTS),
    ...[DELAYS, NEGATIVE_DELAYS, UNMEASURED_EVENTS].map((metric) => entry("delay", metric)),
    ...COLLECTOR_METRICS.map((metric) => entry("collector", metric)),
    ...INFLUX_METRICS.map((metric) => entry("influx", metric)),
    ...CANARY_METRICS.map((metric) => entry("canary", metric)),
  ];
}

function entry(group: MetricGroup, { name, type, help, labels, buckets }: MetricFacts): CatalogueEntry {
  return { group, name, type, help, labels, ...(buckets === undefined ? {} : { buckets }) };
}
