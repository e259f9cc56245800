import {
  type MetricInfo,
  type MetricLabels,
  type MetricName,
  type MetricOf,
  METRICS,
  type Role,
  ROLES,
  type Scope,
  scopeId,
  type Telemetry,
} from "@krm/core";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { knownLabels } from "./known-labels.ts";
import { type MetricOptions, metricOptions, SCOPE_LABELS } from "./metric-facts.ts";
import { labelsOfScope } from "./scope-metric.ts";

/**
 * What the roles of a process measure, for Prometheus: a metric of `METRICS` each, labelled with `resource`
 * (`v1/pods`) and `namespace` (`""`: all). Counters whose labels are known before anything has happened start at 0, since
 * an increase from nothing is none to Prometheus.
 *
 * @example
 * const registry = new Registry();
 * const prometheus = new PrometheusTelemetry(registry);
 * const monitor = new Monitor({ source, telemetry: prometheus.scope });
 * await registry.metrics();
 */
export class PrometheusTelemetry {
  readonly #registry: Registry;
  readonly #roles: readonly Role[];
  readonly #counters = new Map<MetricName, Counter>();
  readonly #gauges = new Map<MetricName, Gauge>();
  readonly #histograms = new Map<MetricName, Histogram>();
  readonly #scopes = new Map<string, Telemetry>();

  /** @param roles Those of this process: what only others measure does not appear. @default all */
  constructor(registry: Registry, roles: readonly Role[] = ROLES) {
    this.#registry = registry;
    this.#roles = roles;
  }

  /** Where the roles of a scope measure to; for one scope always the same. */
  readonly scope = (scope: Scope): Telemetry => {
    const id = scopeId(scope);
    const telemetry = this.#scopes.get(id) ?? this.#begin(scope);
    this.#scopes.set(id, telemetry);
    return telemetry;
  };

  #begin(scope: Scope): Telemetry {
    const about = labelsOfScope(scope);
    const telemetry: Telemetry = {
      // What prom-client would throw at must not end a role.
      add: (name, labels, by = 1) => {
        if (by >= 0 && Number.isFinite(by)) this.#counter(name).inc({ ...about, ...labels }, by);
      },
      set: (name, labels, value) => {
        this.#gauge(name).set({ ...about, ...labels }, value);
      },
      observe: (name, labels, value) => {
        if (Number.isFinite(value)) this.#histogram(name).observe({ ...about, ...labels }, value);
      },
    };
    for (const role of this.#roles) {
      for (const [name, labels] of knownLabels(role)) {
        // Which labels go with which name was checked where they are listed.
        telemetry.add(name, labels as MetricLabels<typeof name>, 0);
      }
    }
    return telemetry;
  }

  #counter(name: MetricOf<"counter">): Counter {
    const counter = this.#counters.get(name) ?? new Counter(this.#options(name));
    this.#counters.set(name, counter);
    return counter;
  }

  #gauge(name: MetricOf<"gauge">): Gauge {
    const gauge = this.#gauges.get(name) ?? new Gauge(this.#options(name));
    this.#gauges.set(name, gauge);
    return gauge;
  }

  #histogram(name: MetricOf<"histogram">): Histogram {
    const histogram = this.#histograms.get(name) ?? new Histogram(this.#options(name));
    this.#histograms.set(name, histogram);
    return histogram;
  }

  #options(name: MetricName): MetricOptions {
    const info: MetricInfo = METRICS[name];
    return metricOptions({ name, ...info, labels: [...SCOPE_LABELS, ...info.labels] }, this.#registry);
  }
}
