import type { InfluxQuery } from "./influxql.ts";

/** A dashboard, whoever draws it. */
export interface Board {
  /** The end of file names and uids. */
  readonly name: string;
  readonly title: string;
  /** What it is for, and how to read it: Markdown. */
  readonly about: string;
  readonly rows: readonly Row[];
}

/** Panels that belong together. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** One picture, and what is asked for it. It is left out where the data source that is asked has nothing for it. */
export interface Panel {
  readonly title: string;
  /** What the number means, and what to do when it is bad: Markdown. */
  readonly about: string;
  readonly shape: Shape;
  readonly unit: Unit;
  /** Of 12. */
  readonly width: number;
  readonly bad?: Thresholds;
  readonly influx?: readonly InfluxSeries[];
  readonly prometheus?: readonly PrometheusSeries[];
}

/**
 * `number`: one, of the whole time that is shown. `table`: rows as they are asked for. `spread`: how many lie in which
 * range, over time: series are ranges, named by their upper bound.
 */
export type Shape = "number" | "lines" | "bars" | "table" | "spread";

/** Of the values. */
export type Unit = "seconds" | "count" | "bytes" | "none";

/** From where on a value is worth a look, and where it is bad: at or above. */
export interface Thresholds {
  readonly warn: number;
  readonly bad: number;
}

/** Series out of InfluxDB. */
export interface InfluxSeries {
  readonly query: InfluxQuery;
  /** What Grafana calls them: `$tag_NAME` is a tag, `$col` a column. Chronograf makes names of columns and tags. */
  readonly name: string;
}

/** Series out of Prometheus. */
export interface PrometheusSeries {
  readonly query: string;
  /** What Grafana calls them; labels in double braces. */
  readonly name: string;
}
