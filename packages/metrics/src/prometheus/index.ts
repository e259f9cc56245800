// What a process measures
export { type ProcessMetrics, processMetrics } from "./process-metrics.ts";
export { PrometheusTelemetry } from "./prometheus-telemetry.ts";
export { type MeasuredRoles, registerRoleMetrics, type RoleAtWork } from "./role-metrics.ts";
export { registerViewMetrics } from "./view-metrics.ts";
export type { MeasuredViews } from "./view-reader.ts";
export { type AuditMetrics, auditMetrics } from "./audit-metrics.ts";
export { type AnsweredHttpRequest, type HttpMetrics, httpMetrics } from "./http-metrics.ts";
export type { MeasuredWatches } from "./watch-metrics.ts";
export { type StoreCalls, storeMetrics } from "./store-metrics.ts";

export { DelayMetrics } from "./delay-metrics.ts";
export { registerCanaryMetrics } from "./canary-metrics.ts";
export { type InfluxMetricsSource, registerCollectorMetrics, registerInfluxMetrics } from "./collector-metrics.ts";

// What there is
export { type CatalogueEntry, metricCatalogue, type MetricGroup } from "./metric-catalogue.ts";
export type { MetricFacts } from "./metric-facts.ts";
