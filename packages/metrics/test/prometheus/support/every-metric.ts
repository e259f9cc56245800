import { MemoryStore, PODS, type Role, ROLES, type Scope, silentLogger } from "@krm/core";
import { ManualClock } from "@krm/testkit";
import { Registry } from "prom-client";
import { InfluxWriter } from "../../../src/influx/influx-writer.ts";
import type { InfluxTarget } from "../../../src/influx/target.ts";
import { registerCanaryMetrics } from "../../../src/prometheus/canary-metrics.ts";
import { auditMetrics } from "../../../src/prometheus/audit-metrics.ts";
import { registerCollectorMetrics, registerInfluxMetrics } from "../../../src/prometheus/collector-metrics.ts";
import { DelayMetrics } from "../../../src/prometheus/delay-metrics.ts";
import { httpMetrics } from "../../../src/prometheus/http-metrics.ts";
import { PrometheusTelemetry } from "../../../src/prometheus/prometheus-telemetry.ts";
import { registerRoleMetrics, type RoleAtWork } from "../../../src/prometheus/role-metrics.ts";
import { storeMetrics } from "../../../src/prometheus/store-metrics.ts";
import { registerViewMetrics } from "../../../src/prometheus/view-metrics.ts";
import { measureAll } from "./measure-all.ts";
import { fill, MERGER, metaAt, START, STREAMER, VERIFIER } from "./scopes.ts";

const SCOPES: readonly Scope[] = [{ resource: PODS }, { resource: PODS, namespace: "team-a" }];
const TARGET: InfluxTarget = { api: "v1", url: "http://127.0.0.1:8086", database: "krm" };
const REPORTS = { streamer: STREAMER, verifier: VERIFIER, merger: MERGER };

/** What a process has in its registry. */
export interface MeasuredProcess {
  readonly roles: readonly Role[];
  /** It reads the views. */
  readonly views: boolean;
  /** It answers readers. */
  readonly readers: boolean;
}

/** A monitor that serves, which tells everything. */
const MONITOR: MeasuredProcess = { roles: ROLES, views: true, readers: true };

/** A registry as a process has it, with samples in every metric. Without what all Node.js processes tell. */
export async function everyMetric(
  { roles, views, readers }: MeasuredProcess = MONITOR,
  registry: Registry = new Registry(),
): Promise<AsyncDisposable & { readonly registry: Registry }> {
  const clock = new ManualClock({ now: START });
  const store = new MemoryStore();
  const telemetry = new PrometheusTelemetry(registry, roles);
  const atWork: RoleAtWork[] = [];
  for (const scope of SCOPES) {
    await fill(store, scope, metaAt("100"));
    if (roles.length > 0) measureAll(telemetry.scope(scope));
    for (const role of roles) atWork.push({ role, scope, standing: "holding", report: REPORTS[role], queued: 2 });
  }
  if (roles.length > 0) registerRoleMetrics(registry, roles, { roles: atWork, store: { failingSeconds: () => 1.5 } });
  if (views) registerViewMetrics(registry, { store, clock });
  const calls = storeMetrics(registry);
  calls.answered("commit", 0.01);
  calls.failed("append", "KRM_STORE_FULL", 0.02);
  const delays = new DelayMetrics(registry);
  const delay = { event: "ADDED", source: "canary", resourceVersion: "7", observedAt: START } as const;
  delays.take({ resource: PODS }, [
    { type: "delay", delay: { ...delay, seconds: 0.2 } },
    { type: "delay", delay: { ...delay, seconds: -0.2 } },
    { type: "unmeasured", event: "DELETED", reason: "no-time" },
    undefined,
  ]);
  if (views) {
    registerCollectorMetrics(registry, () => ({
      delays: 2,
      unmeasured: 1,
      negative: 1,
      gaps: 0,
      scopes: 1,
      failing: 0,
    }));
    const canary = { writes: 9, failures: 1, delays: 6, lost: 1, unknown: 1, pending: 1, overdue: 1, waitingMs: 20 };
    registerCanaryMetrics(registry, () => canary);
    const writer = new InfluxWriter({ target: TARGET, clock, logger: silentLogger, random: () => 0.5 });
    registerInfluxMetrics(registry, () => ({ report: writer.report, now: START }));
  }
  if (readers) {
    const http = httpMetrics(registry);
    auditMetrics(registry).written(1);
    for (const complete of [true, false]) {
      http.began();
      http.answered({
        route: "/:resource",
        method: "GET",
        status: 200,
        complete,
        watch: false,
        seconds: 0.01,
        bytes: 1000,
        forwarded: !complete,
      });
    }
    http.watches(() => SCOPES.map((scope) => ({ scope, open: 2, ended: { left: 1, slow: 0 }, framed: 9 })));
  }
  return { registry, [Symbol.asyncDispose]: async () => store[Symbol.asyncDispose]() };
}
