import type { PromSample, PromSeries, VictoriaMetricsServer } from "@krm/testkit/servers";
import { withVictoriaMetrics } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { deployed, type GrafanaFile, grafanaQueries } from "./support/dashboard-queries.ts";
import { filledForPrometheus, type Shown, unfilled } from "./support/fill-in.ts";
import { measuredCluster } from "./support/measured-cluster.ts";

// The cluster has a quarter of an hour to live, on a machine that may do other work.
vi.setConfig({ hookTimeout: 120_000 });

const GRAFANA = ["grafana/dashboards/krm-prometheus-delay.json", "grafana/dashboards/krm-prometheus-drift.json"];

/** What Prometheus adds to what it scrapes. */
const TARGET = "extra_label=job=krm&extra_label=instance=krm-0:9090";

withVictoriaMetrics(process.env, (victoria) => {
  let server: VictoriaMetricsServer;
  let shown: Shown;
  beforeAll(async () => {
    const measured = await measuredCluster();
    shown = measured;
    server = await victoria.start();
    for (const { at, text } of measured.scrapes) {
      const url = `${server.url}/api/v1/import/prometheus?timestamp=${at}&${TARGET}`;
      const answer = await fetch(url, { method: "POST", body: text });
      expect([answer.status, await answer.text()]).toEqual([204, ""]);
    }
  });
  afterAll(async () => server[Symbol.asyncDispose]());

  describe.each(GRAFANA)("Grafana's %s", (path) => {
    const queries = grafanaQueries(path);

    it.each(queries)("$name has values, and the labels that name them", async ({ text, legend = "", instant }) => {
      const query = filledForPrometheus(text, shown);
      expect(unfilled(query)).toEqual([]);
      const [start, end] = [shown.from / 1000, shown.to / 1000];
      const series = instant
        ? (await server.query(query, end)).map(asSeries)
        : await server.queryRange(query, { start, end, step: 15 });
      const finite = series.filter(({ values }) => values.some(([, value]) => Number.isFinite(Number(value))));
      expect(finite).not.toEqual([]);
      const labels = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      expect(finite.flatMap(({ metric }) => Object.keys(metric))).toEqual(expect.arrayContaining(labels));
    });

    it("offers resources to choose from", async () => {
      const { templating } = JSON.parse(deployed(path)) as GrafanaFile;
      const query = templating.list.find(({ name }) => name === "resource")?.definition ?? "";
      const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
      const found = await server.query(metric, shown.to / 1000);
      expect(found.map((each) => each.metric[label])).toContain("v1/pods");
    });
  });
});

function asSeries({ metric, value }: PromSample): PromSeries {
  return { metric, values: [value] };
}
