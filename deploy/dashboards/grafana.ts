import type { Board, Panel } from "./board.ts";
import { type DataSourceKind, DATA_SOURCE, grafanaPanel, HEIGHTS } from "./grafana-panel.ts";
import { placed } from "./layout.ts";

/** All columns of Grafana's grid. */
const COLUMNS = 24;
const ROW_HEIGHT = 1;

/** The newest that Grafana 11 writes; later ones read it, and 10 does. */
const SCHEMA_VERSION = 39;

const TITLES: Readonly<Record<DataSourceKind, string>> = { prometheus: "Prometheus", influxdb: "InfluxDB" };

/** A board as a dashboard for one kind of data source, to be provisioned or imported. */
export function grafanaDashboard(board: Board, kind: DataSourceKind): object {
  return {
    uid: `krm-${kind}-${board.name}`,
    title: `${board.title} (${TITLES[kind]})`,
    tags: ["krm", kind],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    timezone: "browser",
    links: [
      {
        title: "KRM",
        type: "dashboards",
        tags: ["krm", kind],
        asDropdown: false,
        icon: "external link",
        includeVars: true,
        keepTime: true,
        targetBlank: false,
        tooltip: "",
        url: "",
      },
    ],
    annotations: { list: [] },
    templating: { list: [dataSourceVariable(kind), resourceVariable(kind)] },
    panels: panelsOf(board, kind).map((panel, i) => ({ id: i + 1, ...panel })),
  };
}

function panelsOf(board: Board, kind: DataSourceKind): readonly object[] {
  const text = {
    type: "text",
    title: "",
    gridPos: { x: 0, y: 0, w: COLUMNS, h: HEIGHTS.text },
    options: { mode: "markdown", content: board.about },
  };
  let y = HEIGHTS.text;
  const rows = board.rows.flatMap(({ title, panels }): object[] => {
    const own = panels.filter((panel) => seriesOf(panel, kind) !== undefined);
    if (own.length === 0) return [];
    const at = placed([own], COLUMNS, ({ shape }) => HEIGHTS[shape], y + ROW_HEIGHT);
    const row = { type: "row", title, collapsed: false, panels: [], gridPos: { x: 0, y, w: COLUMNS, h: ROW_HEIGHT } };
    y = Math.max(...at.map((each) => each.y + each.height));
    return [row, ...at.map((each) => grafanaPanel(each, kind))];
  });
  return [text, ...rows];
}

function seriesOf(panel: Panel, kind: DataSourceKind): unknown {
  return kind === "influxdb" ? panel.influx : panel.prometheus;
}

function dataSourceVariable(kind: DataSourceKind): object {
  return {
    name: "datasource",
    label: "Data source",
    type: "datasource",
    query: kind,
    regex: "",
    hide: 0,
    includeAll: false,
    multi: false,
    refresh: 1,
    options: [],
  };
}

function resourceVariable(kind: DataSourceKind): object {
  const query =
    kind === "influxdb"
      ? 'SHOW TAG VALUES FROM "krm_scope" WITH KEY = "resource"'
      : "label_values(krm_view_objects, resource)";
  return {
    name: "resource",
    label: "Resource",
    type: "query",
    datasource: DATA_SOURCE[kind],
    query: kind === "influxdb" ? query : { query, refId: "resource" },
    definition: query,
    regex: "",
    hide: 0,
    includeAll: true,
    allValue: ".*",
    multi: true,
    refresh: 2,
    sort: 1,
    options: [],
    current: { selected: true, text: ["All"], value: ["$__all"] },
  };
}
