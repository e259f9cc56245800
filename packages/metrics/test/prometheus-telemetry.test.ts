import { type MetricName, METRICS, PODS, type Role, ROLES } from "@krm/core";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { knownLabels } from "../src/prometheus/known-labels.ts";
import { PrometheusTelemetry } from "../src/prometheus/prometheus-telemetry.ts";
import { measureAll } from "./prometheus/support/measure-all.ts";

const POD_LABELS = 'resource="v1/pods",namespace=""';

/** A telemetry, and what Prometheus gets of it: the lines of one metric. */
function measured(roles?: readonly Role[]): {
  readonly prometheus: PrometheusTelemetry;
  readonly lines: (name: string) => Promise<string[]>;
} {
  const registry = new Registry();
  const prometheus = new PrometheusTelemetry(registry, roles);
  const lines = async (name: string): Promise<string[]> =>
    (await registry.metrics()).split("\n").filter((line) => line.startsWith(name));
  return { prometheus, lines };
}

describe("what roles measure", () => {
  it("is told with the scope, by type and cause", async () => {
    const { prometheus, lines } = measured([]);
    const all = prometheus.scope({ resource: PODS });
    const one = prometheus.scope({ resource: PODS, namespace: "team-a" });
    all.add("krm_missed_events_total", { type: "deleted", cause: "upstream" });
    all.add("krm_missed_events_total", { type: "deleted", cause: "upstream" }, 2);
    one.add("krm_missed_events_total", { type: "added", cause: "expired" });
    expect(await lines("krm_missed_events_total")).toEqual([
      `krm_missed_events_total{${POD_LABELS},type="deleted",cause="upstream"} 3`,
      'krm_missed_events_total{resource="v1/pods",namespace="team-a",type="added",cause="expired"} 1',
    ]);
  });

  it("is a gauge where it goes up and down, and a histogram where its spread counts", async () => {
    const { prometheus, lines } = measured();
    const pods = prometheus.scope({ resource: PODS });
    pods.set("krm_watch_silence_seconds", {}, 70);
    pods.set("krm_watch_silence_seconds", {}, 3);
    expect(await lines("krm_watch_silence_seconds")).toEqual([`krm_watch_silence_seconds{${POD_LABELS}} 3`]);
    pods.observe("krm_drift_exposure_seconds", { type: "deleted", cause: "upstream" }, 7);
    const buckets = await lines("krm_drift_exposure_seconds_bucket");
    expect(buckets.map((line) => /le="([^"]+)".* (\d+)$/.exec(line)?.slice(1).join(" "))).toEqual([
      ...(METRICS.krm_drift_exposure_seconds.buckets ?? []).map((bound) => `${bound} ${bound >= 7 ? 1 : 0}`),
      "+Inf 1",
    ]);
  });

  it("starts at 0, by every label that is known, for the roles of the process alone", async () => {
    const { prometheus, lines } = measured(["streamer"]);
    prometheus.scope({ resource: PODS });
    prometheus.scope({ resource: PODS });
    expect(await lines("krm_desyncs_total")).toContain(`krm_desyncs_total{${POD_LABELS},cause="expired"} 0`);
    expect(await lines("krm_api_requests_total")).toHaveLength(4);
    expect(await lines("krm_missed_events_total")).toEqual([]);
    const merger = measured(["merger"]);
    merger.prometheus.scope({ resource: PODS });
    expect(await merger.lines("krm_missed_events_total")).toContain(
      `krm_missed_events_total{${POD_LABELS},type="recreated",cause="store-lost"} 0`,
    );
  });

  it("knows labels of every counter, and only those that it has", () => {
    const known = ROLES.flatMap(knownLabels);
    const counters = (Object.keys(METRICS) as MetricName[]).filter((name) => METRICS[name].type === "counter");
    expect([...new Set(known.map(([name]) => name))].toSorted()).toEqual(counters.toSorted());
    for (const [name, labels] of known) expect(Object.keys(labels)).toEqual(METRICS[name].labels);
  });

  it("never throws, whatever it is told", async () => {
    const { prometheus, lines } = measured([]);
    const pods = prometheus.scope({ resource: PODS });
    pods.add("krm_watch_stalls_total", {}, -1);
    pods.add("krm_watch_stalls_total", {}, Number.NaN);
    pods.observe("krm_drift_exposure_seconds", { type: "added", cause: "upstream" }, Number.NaN);
    pods.set("krm_watch_silence_seconds", {}, Number.POSITIVE_INFINITY);
    pods.add("krm_watch_stalls_total", {}, 1);
    expect(await lines("krm_watch_stalls_total")).toEqual([`krm_watch_stalls_total{${POD_LABELS}} 1`]);
    expect(await lines("krm_drift_exposure_seconds")).toEqual([]);
  });

  it("is told as Prometheus wants it: each with its help and type", async () => {
    const registry = new Registry();
    measureAll(new PrometheusTelemetry(registry).scope({ resource: PODS }));
    const text = await registry.metrics();
    for (const [name, { type, help }] of Object.entries(METRICS)) {
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
    }
  });
});
