import { ManualClock } from "@krm/testkit";
import { Gauge, Registry } from "prom-client";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keepLag } from "../../src/prometheus/event-loop-lag.ts";
import { type ProcessMetrics, processMetrics } from "../../src/prometheus/process-metrics.ts";
import { series } from "./support/scrape.ts";

let metrics: ProcessMetrics;

beforeEach(() => {
  metrics = processMetrics([]);
});
afterEach(() => metrics[Symbol.dispose]());

it("the lag of the event loop is told, its spread too", async () => {
  const names = ["", "_min", "_max", "_mean", "_stddev", "_p50", "_p90", "_p99"].map(
    (which) => `nodejs_eventloop_lag${which}_seconds`,
  );
  const lines = await series(metrics.registry, ...names);
  // What a scrape right after the start would tell: nothing is known yet.
  expect(lines).toEqual(names.map((name) => `${name} 0`));
});

it("the lag of the event loop stands for a while: right after it was told, nothing is known", async () => {
  const clock = new ManualClock();
  const registry = new Registry();
  let times = 0;
  const collect = (): void => void times++;
  const lag = new Gauge({ name: "nodejs_eventloop_lag_seconds", help: "Lag.", registers: [registry], collect });
  keepLag(registry, clock);
  lag.set(0.02);
  const timesAfter = async (ms: number): Promise<number> => {
    await clock.advance(ms);
    expect(await series(registry, "nodejs_eventloop_lag_seconds")).toEqual(["nodejs_eventloop_lag_seconds 0.02"]);
    return times;
  };
  expect([await timesAfter(499), await timesAfter(1), await timesAfter(499), await timesAfter(1)]).toEqual([
    0, 1, 1, 2,
  ]);
});

it("no gauge has the name of a counter", async () => {
  const all = await metrics.registry.getMetricsAsJSON();
  expect(all.filter(({ name, type }) => name.endsWith("_total") !== (String(type) === "counter"))).toEqual([]);
});
