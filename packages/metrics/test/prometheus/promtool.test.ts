import { type Role, ROLES } from "@krm/core";
import { withPromtool } from "@krm/testkit/servers";
import { expect, it } from "vitest";
import { processMetrics } from "../../src/prometheus/process-metrics.ts";
import { everyMetric, type MeasuredProcess } from "./support/every-metric.ts";

function role(name: Role): MeasuredProcess {
  return { roles: [name], views: false, readers: false };
}

const PROCESSES: readonly (readonly [name: string, process: MeasuredProcess])[] = [
  ["serve", { roles: [], views: true, readers: true }],
  ["monitor", { roles: ROLES, views: true, readers: true }],
  ["stream", role("streamer")],
  ["verify", role("verifier")],
  ["merge", role("merger")],
];

withPromtool(process.env, (promtool) => {
  it.each(PROCESSES)("finds nothing in what krm %s tells", async (_name, of) => {
    // Roles measure through a telemetry of their own here, with samples in every metric.
    using metrics = processMetrics([]);
    await using all = await everyMetric(of, metrics.registry);
    const { code, output } = await promtool.checkMetrics(await all.registry.metrics());
    expect([code, output]).toEqual([0, ""]);
  });
});
