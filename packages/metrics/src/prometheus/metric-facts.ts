import type { Registry } from "prom-client";

/** What is told of a metric beside its values. */
export interface MetricFacts {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** All of them, in the order in which they are written. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[];
}

/** Which scope a metric is about: the resource (`v1/pods`) and the namespace (`""`: all). */
export const SCOPE_LABELS: readonly string[] = ["resource", "namespace"];

/** What makes a metric in a registry. */
export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
  readonly buckets?: number[];
}

/** These facts as prom-client takes them. */
export function metricOptions({ name, help, labels, buckets }: MetricFacts, registry: Registry): MetricOptions {
  const bounds = buckets === undefined ? {} : { buckets: [...buckets] };
  return { name, help, labelNames: [...labels], registers: [registry], ...bounds };
}
