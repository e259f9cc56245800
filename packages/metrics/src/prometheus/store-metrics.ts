import { Counter, Histogram, type Registry } from "prom-client";
import { type MetricFacts, metricOptions } from "./metric-facts.ts";

/** Hears of every call of a store that has been answered. Cheap, and never throws: a commit is one for each batch of events. */
export interface StoreCalls {
  /** The store has done what it was asked, or has refused it. */
  answered(operation: string, seconds: number): void;
  /** It has not, or has refused it, with this code. */
  failed(operation: string, code: string, seconds?: number): void;
}

/** How long calls of the store take. */
export const STORE_DURATION: MetricFacts & { readonly buckets: readonly number[] } = {
  name: "krm_store_operation_duration_seconds",
  type: "histogram",
  help: "How long calls of the store took, by the name of the call, those that failed included.",
  labels: ["operation"],
  buckets: [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
};

/** Calls that did not do what they were for. */
export const STORE_ERRORS: MetricFacts = {
  name: "krm_store_operation_errors_total",
  type: "counter",
  help: "Calls of the store that failed or were refused, by the name of the call and the code of the error; changes and inputs are feeds, which end with an error.",
  labels: ["operation", "code"],
};

/** The code that every call can fail with: its series is there from the first call on. */
const COMMON_CODE = "KRM_STORE_FAILED";

/** Adds what is measured of the calls of a store, whichever scope they are about. */
export function storeMetrics(registry: Registry): StoreCalls {
  const durations = new Histogram(metricOptions(STORE_DURATION, registry));
  const errors = new Counter(metricOptions(STORE_ERRORS, registry));
  const observers = new Map<string, (seconds: number) => void>();
  const observe = (operation: string, seconds: number): void => {
    let observer = observers.get(operation);
    if (observer === undefined) {
      const labelled = durations.labels(operation);
      observer = (seconds) => labelled.observe(seconds);
      observers.set(operation, observer);
      errors.inc({ operation, code: COMMON_CODE }, 0);
    }
    observer(seconds);
  };
  return {
    answered: observe,
    failed: (operation, code, seconds) => {
      if (seconds !== undefined) observe(operation, seconds);
      errors.inc({ operation, code });
    },
  };
}
