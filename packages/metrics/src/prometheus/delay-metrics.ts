import type { Scope, ViewChange } from "@krm/core";
import { Counter, Histogram, type Registry } from "prom-client";
import type { Measured } from "../delay/delay.ts";
import { measureChange } from "../delay/measure-change.ts";
import { type MetricFacts, metricOptions, SCOPE_LABELS } from "./metric-facts.ts";
import { labelsOfScope } from "./scope-metric.ts";

/** How late events were. Timestamps of the API server are whole seconds, so that the finer buckets only serve the canary. */
export const DELAYS: MetricFacts & { readonly buckets: readonly number[] } = {
  name: "krm_stream_delay_seconds",
  type: "histogram",
  help: "How late the watch told of a change: when it was read minus the time that source names. Negative ones count as 0 here, and in krm_stream_negative_delays_total.",
  labels: [...SCOPE_LABELS, "event", "source"],
  buckets: [0, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300],
};

/** Delays that cannot be. */
export const NEGATIVE_DELAYS: MetricFacts = {
  name: "krm_stream_negative_delays_total",
  type: "counter",
  help: "Delays below zero: the clocks differ by more than the delay (krm_clock_offset_seconds).",
  labels: [...SCOPE_LABELS, "event", "source"],
};

/** Changes without a delay. */
export const UNMEASURED_EVENTS: MetricFacts = {
  name: "krm_stream_unmeasured_events_total",
  type: "counter",
  help: "Changes whose delay cannot be told, and why.",
  labels: [...SCOPE_LABELS, "event", "reason"],
};

/**
 * How late events were, for Prometheus. They are measured where the view is written (`krm monitor`, `krm merge`), or by
 * a collector (`krm metrics`): of both, only one should be scraped, or each event counts twice.
 */
export class DelayMetrics {
  readonly #delays: Histogram;
  readonly #negative: Counter;
  readonly #unmeasured: Counter;

  constructor(registry: Registry) {
    this.#delays = new Histogram(metricOptions(DELAYS, registry));
    this.#negative = new Counter(metricOptions(NEGATIVE_DELAYS, registry));
    this.#unmeasured = new Counter(metricOptions(UNMEASURED_EVENTS, registry));
  }

  /** Measures some changes of a view, in the order in which they were made. */
  changes(scope: Scope, changes: readonly ViewChange[]): void {
    this.take(
      scope,
      changes.map((change) => measureChange(change, scope)),
    );
  }

  /** Counts what some changes of a scope told. */
  take(scope: Scope, measured: readonly Measured[]): void {
    const about = labelsOfScope(scope);
    for (const each of measured) {
      if (each === undefined) continue;
      if (each.type === "unmeasured") {
        this.#unmeasured.inc({ ...about, event: each.event, reason: each.reason });
        continue;
      }
      const { event, source, seconds } = each.delay;
      // A sum that falls would look like a restart to Prometheus.
      this.#delays.observe({ ...about, event, source }, Math.max(0, seconds));
      this.#negative.inc({ ...about, event, source }, seconds < 0 ? 1 : 0);
    }
  }
}
