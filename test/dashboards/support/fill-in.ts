import type { ChronografVariable } from "./dashboard-queries.ts";

/** The time that a dashboard shows: epoch milliseconds. */
export interface Shown {
  readonly from: number;
  readonly to: number;
}

/** How often is measured and scraped, at least: what a step of a picture must not be shorter than. */
const STEP_SECONDS = 15;

/**
 * A query as Chronograf asks it: variables of the dashboard with the values that are selected (names of databases in
 * quotes), an absolute time, and 360 points in a picture.
 */
export function filledByChronograf(
  query: string,
  variables: readonly ChronografVariable[],
  { from, to }: Shown,
): string {
  let text = query;
  for (const { tempVar, type, values } of variables) {
    const value = values.find(({ selected }) => selected)?.value ?? "";
    text = text.replaceAll(tempVar, type === "databases" ? `"${value}"` : value);
  }
  return text
    .replaceAll(":dashboardTime:", `'${new Date(from).toISOString()}'`)
    .replaceAll(":upperDashboardTime:", `'${new Date(to).toISOString()}'`)
    .replaceAll(":interval:", `${Math.round((to - from) / 360)}ms`);
}

/** A query as Grafana's data source for InfluxDB asks it, of all resources. */
export function filledByGrafana(query: string, { from, to }: Shown): string {
  return query
    .replaceAll("$timeFilter", `time >= ${from}ms and time <= ${to}ms`)
    .replaceAll("$__interval", `${STEP_SECONDS}s`)
    .replaceAll("$resource", ".*");
}

/** A query as Grafana's data source for Prometheus asks it, of all resources: a rate is of four scrapes. */
export function filledForPrometheus(query: string, { from, to }: Shown): string {
  return query
    .replaceAll("$__rate_interval", `${4 * STEP_SECONDS}s`)
    .replaceAll("$__range", `${(to - from) / 1000}s`)
    .replaceAll("$resource", ".*");
}

/** What no program has filled in. */
export function unfilled(text: string): readonly string[] {
  return text.match(/\$\w+|\$\{|:[A-Za-z][\w-]*:/g) ?? [];
}
