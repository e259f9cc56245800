import type { InfluxSeries } from "./board.ts";

/** Delays above the one bound and up to the other, in seconds. */
export interface DelayRange {
  readonly above: number | undefined;
  /** Undefined: there is none. */
  readonly upTo: number | undefined;
}

/** The bounds of `streamed_data_histogram`, in seconds. */
const BOUNDS: readonly number[] = [0, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300];

const RANGES: readonly DelayRange[] = [...BOUNDS, undefined].map((upTo, i) => ({ above: BOUNDS[i - 1], upTo }));

/** A series for each range of delays, named by its upper bound: of events one by one. */
export function rangesOfEvents(condition: string): readonly InfluxSeries[] {
  return RANGES.map((range) => ({
    name: boundOf(range),
    query: ({ from, where, every }) =>
      `SELECT count("delay") AS "${columnOf(range)}" FROM ${from("streamed_data")} WHERE ${where} AND ${condition}${within(range)} GROUP BY ${every} FILL(0)`,
  }));
}

/** The same of points that stand for an interval each. */
export function rangesOfIntervals(condition: string): readonly InfluxSeries[] {
  return RANGES.map((range) => ({
    name: boundOf(range),
    query: ({ from, where, every }) =>
      `SELECT ${countIn(range)} AS "${columnOf(range)}" FROM ${from("streamed_data_histogram")} WHERE ${where} AND ${condition} GROUP BY ${every} FILL(0)`,
  }));
}

/** A number where there is one, which puts the rows of a heat map in order. */
function boundOf({ upTo }: DelayRange): string {
  return upTo === undefined ? "+Inf" : String(upTo);
}

/** Chronograf puts series in the order of their names, as texts. */
function columnOf(range: DelayRange): string {
  const place = String(RANGES.indexOf(range) + 1).padStart(2, "0");
  return range.upTo === undefined ? `${place}. longer` : `${place}. up to ${range.upTo} s`;
}

function within({ above, upTo }: DelayRange): string {
  const from = above === undefined ? "" : ` AND "delay" > ${above}`;
  return upTo === undefined ? from : `${from} AND "delay" <= ${upTo}`;
}

/** Fields count all up to their bound. */
function countIn({ above, upTo }: DelayRange): string {
  const all = `sum("${upTo === undefined ? "count" : `le_${upTo}`}")`;
  return above === undefined ? all : `${all} - sum("le_${above}")`;
}
