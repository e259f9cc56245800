import { Registry } from "prom-client";
import { expect, it } from "vitest";
import { storeMetrics } from "../../src/prometheus/store-metrics.ts";
import { series } from "./support/scrape.ts";

it("calls of the store are measured by their name, and their errors by code too", async () => {
  const registry = new Registry();
  const calls = storeMetrics(registry);
  calls.answered("commit", 0.002);
  calls.answered("commit", 0.004);
  calls.failed("commit", "KRM_STORE_CONFLICT", 0.25);
  calls.failed("changes", "KRM_STORE_FAILED");
  const duration = "krm_store_operation_duration_seconds";
  expect(await series(registry, `${duration}_count`)).toEqual([`${duration}_count{operation="commit"} 3`]);
  expect(await series(registry, `${duration}_sum`)).toEqual([`${duration}_sum{operation="commit"} 0.256`]);
  expect(await series(registry, `${duration}_bucket`)).toContain(
    `${duration}_bucket{le="0.0025",operation="commit"} 1`,
  );
  expect(await series(registry, "krm_store_operation_errors_total")).toEqual([
    // From the first call on: an increase from nothing is none to Prometheus.
    'krm_store_operation_errors_total{operation="commit",code="KRM_STORE_FAILED"} 0',
    'krm_store_operation_errors_total{operation="commit",code="KRM_STORE_CONFLICT"} 1',
    'krm_store_operation_errors_total{operation="changes",code="KRM_STORE_FAILED"} 1',
  ]);
});
