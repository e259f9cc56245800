import { readFileSync } from "node:fs";

/** One query of a dashboard, as it stands in the file. */
export interface DashboardQuery {
  /** Which file, which panel, which query of it. */
  readonly name: string;
  readonly text: string;
  /** What the series are to be called; undefined: the program makes names up. */
  readonly legend: string | undefined;
}

const DEPLOY = new URL("../../../deploy/", import.meta.url);

/** A file of `deploy`, read. */
export function deployed(path: string): string {
  return readFileSync(new URL(path, DEPLOY), "utf8");
}

/** A template variable of Chronograf's. */
export interface ChronografVariable {
  readonly tempVar: string;
  readonly type: string;
  readonly values: readonly { readonly value: string; readonly selected: boolean }[];
}

/** As much of a `.dashboard` file of Chronograf as tests look at. */
export interface ChronografFile {
  readonly name: string;
  readonly templates: readonly ChronografVariable[];
  readonly cells: readonly {
    readonly name: string;
    readonly type: string;
    readonly queries: readonly { readonly query: string; readonly queryConfig: { readonly rawText: string } }[];
  }[];
}

/** As much of a dashboard of Grafana as tests look at. */
export interface GrafanaFile {
  readonly uid: string;
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly description?: string;
    readonly gridPos: Grid;
    readonly targets?: readonly {
      readonly refId: string;
      readonly query?: string;
      readonly alias?: string;
      readonly expr?: string;
      readonly legendFormat?: string;
      readonly instant?: boolean;
    }[];
  }[];
}

/** Where a panel stands. */
export interface Grid {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** The queries of a `.dashboard` file. */
export function chronografQueries(path: string): readonly DashboardQuery[] {
  const { cells } = JSON.parse(deployed(path)) as ChronografFile;
  return cells.flatMap((cell) =>
    cell.queries.map(({ query }, i) => ({ name: `${path}: ${cell.name} ${i + 1}`, text: query, legend: undefined })),
  );
}

/** The queries of a dashboard of Grafana. */
export function grafanaQueries(path: string): readonly (DashboardQuery & { readonly instant: boolean })[] {
  const { panels } = JSON.parse(deployed(path)) as GrafanaFile;
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, query, expr, alias, legendFormat, instant = false }) => ({
      name: `${path}: ${title} ${refId}`,
      text: query ?? expr ?? "",
      legend: alias ?? legendFormat,
      instant,
    })),
  );
}
