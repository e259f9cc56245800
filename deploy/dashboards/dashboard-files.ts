import type { Board } from "./board.ts";
import { chronografDashboard } from "./chronograf.ts";
import { DELAY_BOARD } from "./delay-board.ts";
import { DRIFT_BOARD } from "./drift-board.ts";
import { grafanaDashboard } from "./grafana.ts";

/** A file that is made, and what stands in it. */
export interface DashboardFile {
  /** From the folder `deploy`. */
  readonly path: string;
  readonly content: object;
}

const BOARDS: readonly Board[] = [DELAY_BOARD, DRIFT_BOARD];

/** Every dashboard, for every program. */
export const DASHBOARD_FILES: readonly DashboardFile[] = BOARDS.flatMap((board, index) => [
  { path: `chronograf/krm-${board.name}.dashboard`, content: chronografDashboard(board, index) },
  { path: `grafana/dashboards/krm-influxdb-${board.name}.json`, content: grafanaDashboard(board, "influxdb") },
  { path: `grafana/dashboards/krm-prometheus-${board.name}.json`, content: grafanaDashboard(board, "prometheus") },
]);
