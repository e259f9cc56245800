import type { Board, Panel, Shape, Thresholds, Unit } from "./board.ts";
import { IN_CHRONOGRAF } from "./influxql.ts";
import { placed, type Placed } from "./layout.ts";

/*
 * What Chronograf 1.x reads as a `.dashboard` file (its `Dashboard`, `DashboardCell` and `Template`). Files go through
 * Go's text/template first: two opening braces in a row would be taken for one.
 */

/** Chronograf counts its own dashboards from 1, and shows one of two with the same number. */
const FIRST_ID = 7700;

/** All columns of a grid; a row of it is about 85 pixels high. */
const COLUMNS = 12;
const HEIGHTS: Readonly<Record<Shape | "text", number>> = {
  number: 2,
  lines: 3,
  bars: 3,
  spread: 3,
  table: 4,
  text: 2,
};

/** It has no heat map: a stack of ranges is the nearest. */
const TYPES: Readonly<Record<Shape, string>> = {
  number: "single-stat",
  lines: "line",
  bars: "bar",
  spread: "line-stacked",
  table: "table",
};

const SUFFIXES: Readonly<Record<Unit, string>> = { seconds: " s", count: "", bytes: " B", none: "" };

/** Below everything, as Chronograf writes it. */
const LEAST = "-1000000000000000000";

const TIME = { internalName: "time", displayName: "", visible: true };

/** The database to begin with, as `krm metrics` creates it. */
const DATABASE = "krm";

const RESOURCES = [
  "pods",
  "deployments",
  "persistentvolumeclaims",
  "services",
  "ingresses",
  "nodes",
  "leases",
] as const;

/** A board as a `.dashboard` file. `index`: which of the boards it is. */
export function chronografDashboard(board: Board, index: number): object {
  const panels = board.rows.map(({ panels }) => panels.filter(({ influx }) => influx !== undefined));
  return {
    id: FIRST_ID + index,
    name: board.title,
    // Every Chronograf has it; without it nobody would see the dashboard.
    organization: "default",
    templates: [databaseVariable(board), resourceVariable(board)],
    cells: [
      note(board),
      ...placed(panels, COLUMNS, (panel) => HEIGHTS[panel.shape], HEIGHTS.text).map((each, i) =>
        cell(board, each, i + 1),
      ),
    ],
  };
}

function databaseVariable({ name }: Board): object {
  return {
    id: `krm-${name}-db`,
    tempVar: ":db:",
    type: "databases",
    label: "",
    values: [{ value: DATABASE, type: "database", selected: true }],
    query: { influxql: "SHOW DATABASES", measurement: "", tagKey: "", fieldKey: "" },
    sourceID: "",
  };
}

/** Names of a list: what is asked of the database could not include "all". */
function resourceVariable({ name }: Board): object {
  const values = [["all", ".*"] as const, ...RESOURCES.map((each) => [each, each] as const)];
  return {
    id: `krm-${name}-resource`,
    tempVar: ":resource:",
    type: "map",
    label: "",
    values: values.map(([key, value]) => ({ key, value, type: "map", selected: key === "all" })),
    sourceID: "",
  };
}

function note(board: Board): object {
  const about = { title: "", about: board.about, shape: "number", unit: "none", width: COLUMNS } as const;
  const at = { x: 0, y: 0, width: COLUMNS, height: HEIGHTS.text };
  return { ...cell(board, { panel: about, ...at }, 0), type: "note", queries: [] };
}

function cell(board: Board, { panel, x, y, width, height }: Placed, index: number): object {
  const { title, about, shape, unit, bad, influx = [] } = panel;
  return {
    i: `krm-${board.name}-${index}`,
    x,
    y,
    w: width,
    h: height,
    name: title,
    queries: influx.map(({ query }) => {
      const text = query(IN_CHRONOGRAF);
      return { query: text, queryConfig: rawQuery(text), source: "", type: "influxql" };
    }),
    axes: { x: axis(), y: axis(unit, shape), y2: axis() },
    type: TYPES[shape],
    colors: shape === "number" ? colors(bad) : [],
    legend: shape === "number" || shape === "table" ? {} : { type: "static", orientation: "bottom" },
    tableOptions: { verticalTimeAxis: true, sortBy: TIME, wrapping: "truncate", fixFirstColumn: false },
    fieldOptions: [TIME],
    timeFormat: "YYYY-MM-DD HH:mm:ss",
    decimalPlaces: { isEnforced: true, digits: unit === "seconds" ? 3 : 0 },
    note: about,
    noteVisibility: "default",
  };
}

/** A query that is text, and not put together by Chronograf's query builder. */
function rawQuery(rawText: string): object {
  return {
    database: "",
    measurement: "",
    retentionPolicy: "",
    fields: [],
    tags: {},
    groupBy: { time: "", tags: [] },
    areTagsAccepted: false,
    rawText,
    range: null,
    shifts: [],
  };
}

function axis(unit: Unit = "none", shape: Panel["shape"] = "lines"): object {
  return {
    bounds: [shape === "bars" || shape === "spread" ? "0" : "", ""],
    label: "",
    prefix: "",
    // A stack is of events, whatever its ranges are of.
    suffix: shape === "spread" ? "" : SUFFIXES[unit],
    // Thousands are written out: a fraction of a second would become thousandths of one.
    base: unit === "bytes" ? "2" : "raw",
    scale: "linear",
  };
}

function colors(bad: Thresholds | undefined): readonly object[] {
  const steps =
    bad === undefined
      ? [["base", "#00C9FF", "laser", LEAST] as const]
      : [
          ["base", "#4ED8A0", "rainforest", LEAST] as const,
          ...(bad.warn < bad.bad ? [["warn", "#FFB94A", "pineapple", String(bad.warn)] as const] : []),
          ["bad", "#DC4E58", "fire", String(bad.bad)] as const,
        ];
  return steps.map(([id, hex, name, value]) => ({ id, type: "text", hex, name, value }));
}
