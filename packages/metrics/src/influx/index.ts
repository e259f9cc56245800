export { InfluxWriter } from "./influx-writer.ts";
export type { InfluxOverflow, InfluxWriterOptions } from "./writer-options.ts";
export type { InfluxErrorReport, InfluxReport } from "./influx-report.ts";
export type { OutboxBounds } from "./waiting/outbox.ts";
export type { InfluxBackoff } from "./exchange/retry-pause.ts";
export { REFUSAL_REASONS, type RefusalReason } from "./exchange/refusal.ts";
export { checkTarget as checkInfluxTarget, type InfluxTarget } from "./target.ts";
export { type InfluxProbe, probeInflux, type ProbeOptions } from "./probe-influx.ts";
export { type FieldValue, line } from "./line-protocol.ts";
