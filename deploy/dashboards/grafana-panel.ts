import type { InfluxSeries, Panel, PrometheusSeries, Shape, Thresholds, Unit } from "./board.ts";
import { IN_GRAFANA } from "./influxql.ts";
import type { Placed } from "./layout.ts";

/** Which of Grafana's data sources is asked. */
export type DataSourceKind = "influxdb" | "prometheus";

/** The one that was chosen in the dashboard. */
export const DATA_SOURCE: Readonly<Record<DataSourceKind, object>> = {
  influxdb: { type: "influxdb", uid: "${datasource}" },
  prometheus: { type: "prometheus", uid: "${datasource}" },
};

/** In rows of the grid, of 38 pixels each. */
export const HEIGHTS: Readonly<Record<Shape | "text", number>> = {
  number: 4,
  lines: 8,
  bars: 8,
  spread: 8,
  table: 9,
  text: 4,
};

const TYPES: Readonly<Record<Shape, string>> = {
  number: "stat",
  lines: "timeseries",
  bars: "timeseries",
  spread: "heatmap",
  table: "table",
};

const UNITS: Readonly<Record<Unit, string>> = { seconds: "s", count: "short", bytes: "bytes", none: "none" };

/** A panel without its number. */
export function grafanaPanel({ panel, x, y, width, height }: Placed, kind: DataSourceKind): object {
  const { title, about, shape } = panel;
  return {
    type: TYPES[shape],
    title,
    description: about,
    datasource: DATA_SOURCE[kind],
    gridPos: { x, y, w: width, h: height },
    targets: targets(panel, kind),
    fieldConfig: fieldConfig(panel),
    options: options(panel),
    ...(shape === "table" && kind === "prometheus" ? { transformations: [LABELS_ONLY] } : {}),
  };
}

/** Time and value of an instant query say nothing where only labels count. */
const LABELS_ONLY = {
  id: "organize",
  options: { excludeByName: { Time: true, Value: true }, indexByName: {}, renameByName: {} },
};

function targets(panel: Panel, kind: DataSourceKind): readonly object[] {
  return kind === "influxdb"
    ? (panel.influx ?? []).map((series, i) => influxTarget(series, panel.shape, refId(i)))
    : (panel.prometheus ?? []).map((series, i) => prometheusTarget(series, panel.shape, refId(i)));
}

/** `A`, `B`, … */
function refId(index: number): string {
  return String.fromCodePoint(65 + index);
}

function influxTarget({ query, name }: InfluxSeries, shape: Shape, ref: string): object {
  return {
    refId: ref,
    datasource: DATA_SOURCE.influxdb,
    rawQuery: true,
    query: query(IN_GRAFANA),
    resultFormat: shape === "table" ? "table" : "time_series",
    ...(name === "" ? {} : { alias: name }),
  };
}

function prometheusTarget({ query, name }: PrometheusSeries, shape: Shape, ref: string): object {
  const instant = shape === "number" || shape === "table";
  return {
    refId: ref,
    datasource: DATA_SOURCE.prometheus,
    editorMode: "code",
    expr: query,
    legendFormat: name,
    format: shape === "spread" ? "heatmap" : shape === "table" ? "table" : "time_series",
    instant,
    range: !instant,
  };
}

function fieldConfig(panel: Panel): object {
  const { shape, unit } = panel;
  // What has a range of its own in each row of a heat map is counted in its cells.
  const defaults = shape === "spread" ? {} : { unit: UNITS[unit], ...graphDefaults(panel) };
  return { defaults, overrides: [] };
}

function graphDefaults({ shape, unit, bad }: Panel): object {
  switch (shape) {
    case "number":
      // A count of nothing comes as no answer; of anything else that is no value.
      return {
        thresholds: steps(bad),
        color: { mode: "thresholds" },
        noValue: unit === "count" ? "0" : "no data",
      };
    case "table":
      return { custom: { align: "auto", filterable: true } };
    case "lines":
      return {
        thresholds: steps(bad),
        color: { mode: "palette-classic" },
        custom: {
          drawStyle: "line",
          lineWidth: 1,
          fillOpacity: 0,
          showPoints: "auto",
          // Samples that come less often than the picture has points are one line all the same.
          spanNulls: true,
          thresholdsStyle: { mode: bad === undefined ? "off" : "dashed" },
        },
      };
    case "bars":
      return {
        min: 0,
        color: { mode: "palette-classic" },
        custom: { drawStyle: "bars", lineWidth: 1, fillOpacity: 60, stacking: { mode: "normal", group: "A" } },
      };
    case "spread":
      return {};
    default:
      return shape satisfies never;
  }
}

function steps(bad: Thresholds | undefined): object {
  const fine = { color: bad === undefined ? "blue" : "green", value: null };
  const warn = bad !== undefined && bad.warn < bad.bad ? [{ color: "orange", value: bad.warn }] : [];
  return {
    mode: "absolute",
    steps: [fine, ...warn, ...(bad === undefined ? [] : [{ color: "red", value: bad.bad }])],
  };
}

function options({ shape, unit }: Panel): object {
  switch (shape) {
    case "number":
      return {
        colorMode: "value",
        graphMode: "none",
        justifyMode: "auto",
        orientation: "auto",
        textMode: "value",
        reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
      };
    case "lines":
    case "bars":
      return {
        legend: { displayMode: "table", placement: "bottom", showLegend: true, calcs: ["max", "lastNotNull"] },
        tooltip: { mode: "multi", sort: "desc" },
      };
    case "table":
      return { showHeader: true, cellHeight: "sm", footer: { show: false, reducer: ["sum"], countRows: false } };
    case "spread":
      return {
        calculate: false,
        rowsFrame: { layout: "le", value: "events" },
        yAxis: { unit: UNITS[unit], axisPlacement: "left", reverse: false },
        cellValues: { unit: "short" },
        color: {
          mode: "scheme",
          scheme: "Oranges",
          scale: "exponential",
          exponent: 0.5,
          steps: 64,
          fill: "dark-orange",
          reverse: false,
        },
        // A cell without events is empty, not pale.
        filterValues: { le: 1e-9 },
        cellGap: 1,
        showValue: "never",
        legend: { show: true },
        exemplars: { color: "rgba(255,0,255,0.7)" },
        tooltip: { mode: "single", yHistogram: true, showColorScale: true },
      };
    default:
      return shape satisfies never;
  }
}
