import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { DASHBOARD_FILES } from "../../deploy/dashboards/dashboard-files.ts";
import { deployed, type GrafanaFile, type Grid } from "./support/dashboard-queries.ts";

const DEPLOY = fileURLToPath(new URL("../../deploy/", import.meta.url));

function words(text: string): readonly string[] {
  return text.split(/\s+/);
}

/** Every square of the grid that these take, as often as they take it. */
function squares(all: readonly Grid[]): readonly string[] {
  return all.flatMap(({ x, y, w, h }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  );
}

function expectGrid(all: readonly Grid[], columns: number): void {
  const taken = squares(all);
  expect(new Set(taken).size).toBe(taken.length);
  expect(Math.max(...all.map(({ x, w }) => x + w))).toBeLessThanOrEqual(columns);
}

describe("files of dashboards", () => {
  it.each(DASHBOARD_FILES)("$path is what the boards say: run deploy/dashboards/write-dashboards.ts", (file) => {
    expect(JSON.parse(deployed(file.path))).toEqual(JSON.parse(JSON.stringify(file.content)));
  });

  it("are all that there are", () => {
    const found = ["chronograf", "grafana/dashboards"].flatMap((folder) =>
      readdirSync(DEPLOY + folder)
        .filter((name) => /\.(?:dashboard|json)$/.test(name))
        .map((name) => `${folder}/${name}`),
    );
    expect(found.toSorted()).toEqual(DASHBOARD_FILES.map(({ path }) => path).toSorted());
  });
});

const CHRONOGRAF = DASHBOARD_FILES.map(({ path }) => path).filter((path) => path.startsWith("chronograf/"));
const GRAFANA = DASHBOARD_FILES.map(({ path }) => path).filter((path) => path.startsWith("grafana/"));

/*
 * What Chronograf reads, by its own types (chronograf.go: Dashboard, DashboardCell, DashboardQuery, QueryConfig, Axis,
 * CellColor, Template, TemplateValue), and what its API would refuse (server/cells.go, server/templates.go): it reads
 * files without looking, and shows what it can.
 */
const KEYS = {
  dashboard: words("id cells templates name organization"),
  cell: words(`i x y w h name queries axes type colors legend tableOptions fieldOptions timeFormat decimalPlaces note
    noteVisibility`),
  query: words("query label range queryConfig source type"),
  axis: words("bounds label prefix suffix base scale"),
  color: words("id type hex name value"),
  template: words("tempVar values id type label query sourceID"),
};
const CELL_TYPES = words("line line-stacked line-stepplot bar line-plus-single-stat single-stat gauge table note");

type Json = Readonly<Record<string, unknown>>;

function expectKeys(of: Json, known: readonly string[]): void {
  expect(known).toEqual(expect.arrayContaining(Object.keys(of)));
}

describe.each(CHRONOGRAF)("Chronograf's %s", (path) => {
  const text = deployed(path);
  const dashboard = JSON.parse(text) as Json & { readonly cells: readonly Json[]; readonly templates: readonly Json[] };
  const { cells, templates } = dashboard;

  it("has the fields that Chronograf knows, and no others", () => {
    expectKeys(dashboard, KEYS.dashboard);
    for (const cell of cells) {
      expectKeys(cell, KEYS.cell);
      expect(CELL_TYPES).toContain(cell["type"]);
      for (const query of cell["queries"] as readonly Json[]) {
        expectKeys(query, KEYS.query);
        expect(query).toMatchObject({ type: "influxql", queryConfig: { fields: [], rawText: query["query"] } });
      }
      for (const [name, axis] of Object.entries(cell["axes"] as Record<string, Json>)) {
        expect(["x", "y", "y2"]).toContain(name);
        expectKeys(axis, KEYS.axis);
        expect(["10", "2", "raw", ""]).toContain(axis["base"]);
      }
      for (const color of cell["colors"] as readonly Json[]) {
        expectKeys(color, KEYS.color);
        expect(color["hex"]).toMatch(/^#[\dA-F]{6}$/);
        expect(typeof color["value"]).toBe("string");
      }
    }
    for (const template of templates) expectKeys(template, KEYS.template);
  });

  it("belongs to the organization that there is, and has a number of its own", () => {
    expect(dashboard["organization"]).toBe("default");
    const ids = CHRONOGRAF.map((each) => (JSON.parse(deployed(each)) as Json)["id"]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(cells.map((cell) => cell["i"])).size).toBe(cells.length);
  });

  it("is not taken for a template by Go, through which Chronograf reads it", () => {
    expect(text).not.toContain("{{");
  });

  it("lays its cells out side by side, on twelve columns", () => {
    expectGrid(cells as unknown as readonly Grid[], 12);
  });

  it("says of each cell what it means", () => {
    expect(cells.filter((cell) => String(cell["note"]).length < 40)).toEqual([]);
  });
});

describe.each(GRAFANA)("Grafana's %s", (path) => {
  const text = deployed(path);
  const dashboard = JSON.parse(text) as GrafanaFile & Json;
  const { panels, uid } = dashboard;

  it("has a fixed uid of its own, and nothing of the Grafana that it was made in", () => {
    expect(uid).toMatch(/^[a-z-]{1,40}$/);
    expect(new Set(GRAFANA.map((each) => (JSON.parse(deployed(each)) as GrafanaFile).uid)).size).toBe(GRAFANA.length);
    for (const strange of ["id", "iteration", "gnetId", "__inputs"]) expect(dashboard).not.toHaveProperty(strange);
  });

  it("asks the data source that is chosen in it", () => {
    const asked = [...text.matchAll(/"uid": "([^"]+)"/g)].map(([, each]) => each);
    expect(new Set(asked)).toEqual(new Set([uid, "${datasource}"]));
  });

  it("lays its panels out side by side, on 24 columns, each with a number of its own", () => {
    expectGrid(
      panels.map(({ gridPos }) => gridPos),
      24,
    );
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  it("says of each panel what it means", () => {
    const shown = panels.filter(({ type }) => type !== "row" && type !== "text");
    expect(shown.filter(({ description = "" }) => description.length < 40)).toEqual([]);
  });

  it("shows delays as a heat map", () => {
    if (!path.includes("delay")) return;
    expect(panels.map(({ type }) => type)).toContain("heatmap");
  });
});
