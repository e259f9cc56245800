// Delays
export {
  type Delay,
  DELAY_EVENTS,
  DELAY_SOURCES,
  type DelayEvent,
  type DelaySource,
  type DelaySourceInfo,
  type Measured,
  UNMEASURED,
  type Unmeasured,
} from "./delay/delay.ts";
export { measureChange } from "./delay/measure-change.ts";

// Canary
export { Canary, type CanaryOptions, type CanaryReport } from "./canary/canary.ts";
export type { CanaryLease, RenewedLease } from "@krm/core";

// Collector
export { Collector, type CollectorOptions } from "./collect/collector.ts";
export { DelayHistory, type DelayMinute } from "./collect/delay-history.ts";
export type { CollectorReport } from "./collect/collector-counters.ts";
export { TeeSink } from "./collect/tee-sink.ts";
export type { MetricsSink, Settled } from "./collect/metrics-sink.ts";

// Points
export { isPointName } from "./points/point-names.ts";
export { DELAY_MEASUREMENT } from "./points/delay-point.ts";
export { HISTOGRAM_MEASUREMENT } from "./points/interval-histograms.ts";
export {
  COLLECTOR_MEASUREMENT,
  DRIFT_MEASUREMENT,
  SCOPE_MEASUREMENT,
  VERIFICATION_MEASUREMENT,
  type WrittenReport,
} from "./points/status-points.ts";
export { type DelayDetail, InfluxSink, type InfluxSinkOptions, type LineWriter } from "./points/influx-sink.ts";
