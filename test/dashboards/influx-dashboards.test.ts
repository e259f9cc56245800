import type { InfluxDbSeries, InfluxDbServer } from "@krm/testkit/servers";
import { withInfluxDb } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  type ChronografFile,
  chronografQueries,
  deployed,
  type GrafanaFile,
  grafanaQueries,
} from "./support/dashboard-queries.ts";
import { filledByChronograf, filledByGrafana, type Shown, unfilled } from "./support/fill-in.ts";
import { measuredCluster } from "./support/measured-cluster.ts";

// The cluster has a quarter of an hour to live, on a machine that may do other work.
vi.setConfig({ hookTimeout: 120_000 });

const CHRONOGRAF = ["chronograf/krm-delay.dashboard", "chronograf/krm-drift.dashboard"];
const GRAFANA = ["grafana/dashboards/krm-influxdb-delay.json", "grafana/dashboards/krm-influxdb-drift.json"];
const DATABASE = "krm";
const LINES_A_WRITE = 5000;

withInfluxDb(process.env, (influx) => {
  let server: InfluxDbServer;
  let shown: Shown;
  beforeAll(async () => {
    const measured = await measuredCluster();
    shown = measured;
    server = await influx.start();
    await server.query(`CREATE DATABASE ${DATABASE}`);
    for (let at = 0; at < measured.lines.length; at += LINES_A_WRITE) {
      const body = measured.lines.slice(at, at + LINES_A_WRITE).join("\n");
      const answer = await fetch(`${server.url}/write?db=${DATABASE}`, { method: "POST", body });
      expect([answer.status, await answer.text()]).toEqual([204, ""]);
    }
  });
  afterAll(async () => server[Symbol.asyncDispose]());

  describe.each(CHRONOGRAF)("Chronograf's %s", (path) => {
    const { templates } = JSON.parse(deployed(path)) as ChronografFile;

    it.each(chronografQueries(path))("$name has values", async ({ text }) => {
      const query = filledByChronograf(text, templates, shown);
      expect(unfilled(query)).toEqual([]);
      expectValues(await server.query(query), query);
    });
  });

  describe.each(GRAFANA)("Grafana's %s", (path) => {
    const queries = grafanaQueries(path);

    it.each(queries)("$name has values, and the tags that name them", async ({ text, legend }) => {
      const query = filledByGrafana(text, shown);
      expect(unfilled(query)).toEqual([]);
      const series = await server.query(query, { db: DATABASE });
      expectValues(series, query);
      const tags = (legend?.match(/\$tag_\w+/g) ?? []).map((tag) => tag.slice("$tag_".length));
      expect(Object.keys(series[0]?.tags ?? {})).toEqual(expect.arrayContaining(tags));
    });

    it("offers resources to choose from", async () => {
      const { templating } = JSON.parse(deployed(path)) as GrafanaFile;
      const query = templating.list.find(({ name }) => name === "resource")?.definition ?? "";
      expectValues(await server.query(query, { db: DATABASE }), query);
    });
  });
});

/** Each column has values, and others than those with which gaps are filled. */
function expectValues(series: readonly InfluxDbSeries[], query: string): void {
  const columns = new Set(series.flatMap(({ columns }) => columns));
  columns.delete("time");
  // Scopes of all namespaces have none.
  columns.delete("namespace");
  expect(columns.size).toBeGreaterThan(0);
  for (const column of columns) {
    const values = series.flatMap((each) => {
      const at = each.columns.indexOf(column);
      return at < 0 ? [] : (each.values ?? []).map((row) => row[at] ?? null);
    });
    const nothing = query.includes("FILL(0)") ? [null, 0] : [null];
    expect(
      values.filter((value) => !nothing.includes(value as number | null)),
      column,
    ).not.toEqual([]);
  }
}
