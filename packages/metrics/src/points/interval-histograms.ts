import type { Delay } from "../delay/delay.ts";
import type { Settled } from "../collect/metrics-sink.ts";
import { line } from "../influx/line-protocol.ts";
import type { LineWriter } from "./influx-sink.ts";
import { sampleTime } from "./point-time.ts";
import type { Tags } from "./scope-tags.ts";

/** Where delays are written that are not told one by one. */
export const HISTOGRAM_MEASUREMENT = "streamed_data_histogram";

/** Upper bounds of the buckets, in seconds, and the fields that count what lies at or below them. */
export const DELAY_BUCKETS: readonly number[] = [0, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300];

/** An event that is read later than this after the end of its interval counts for a later one. Milliseconds. */
const LATE_MS = 10_000;

/** Values of one series and interval that quantiles are told from; above it, from those that came first. */
const MOST_VALUES = 10_000;

/** The delays of one series in one interval. */
interface Series {
  readonly event: string;
  readonly source: string;
  count: number;
  sum: number;
  readonly values: number[];
  readonly buckets: number[];
}

/** One interval that is not over. */
interface Interval {
  readonly start: number;
  readonly series: Map<string, Series>;
  readonly settled: Settled[];
}

/**
 * The delays of one scope, gathered by interval: a point for each event and source with `count`, `sum`, `min`, `max`,
 * `p50`, `p95`, `p99` and cumulative buckets `le_…`, at the interval's start. What an interval is made of is the events'
 * own time, so that events which are read again after a crash give the same points again: an interval settles nothing
 * before it is written whole, and one that was written is never begun again (that is the memo).
 *
 * Not promised: that an event which came more than ten seconds after the end of its interval is counted just once when
 * the process crashes between writing that interval and the next.
 */
export class IntervalHistograms {
  readonly #tags: Tags;
  readonly #intervalMs: number;
  readonly #writer: LineWriter;
  /** Ascending. */
  #open: Interval[] = [];
  /** The start of the newest interval that is over. */
  #over = Number.NEGATIVE_INFINITY;

  constructor(tags: Tags, intervalMs: number, writer: LineWriter) {
    this.#tags = tags;
    this.#intervalMs = intervalMs;
    this.#writer = writer;
  }

  /** Takes up where another process left off. */
  restore(memo: string): void {
    const over = Number(memo);
    if (Number.isFinite(over)) this.#over = Math.max(this.#over, over);
  }

  /** Takes some delays, in the order of the feed. */
  take(delays: readonly Delay[], settled: Settled): void {
    let last: Interval | undefined;
    for (const delay of delays) {
      last = this.#intervalAt(delay.observedAt);
      add(last.series, delay);
    }
    // All that is open must be written before the cursor may move past these.
    const holder = this.#open.at(-1);
    if (holder === undefined) settled();
    else holder.settled.push(settled);
    if (last !== undefined) this.tick(last.start);
  }

  /** Ends the intervals that nothing more is awaited of. `now`: wall clock, epoch milliseconds. */
  tick(now: number): void {
    this.#end((interval) => interval.start + this.#intervalMs + LATE_MS <= now);
  }

  /** Ends all. */
  finish(): void {
    this.#end(() => true);
  }

  #intervalAt(at: number): Interval {
    const own = Math.floor(at / this.#intervalMs) * this.#intervalMs;
    const start = own > this.#over ? own : this.#over + this.#intervalMs;
    const known = this.#open.find((interval) => interval.start === start);
    if (known !== undefined) return known;
    const begun: Interval = { start, series: new Map(), settled: [] };
    this.#open = [...this.#open, begun].toSorted((a, b) => a.start - b.start);
    return begun;
  }

  #end(isOver: (interval: Interval) => boolean): void {
    for (let first = this.#open[0]; first !== undefined && isOver(first); first = this.#open[0]) {
      const { start, series, settled } = first;
      this.#open.shift();
      this.#over = start;
      const lines = [...series.values()].flatMap((each) => point(each, start, this.#tags) ?? []);
      this.#writer.offer(lines, () => {
        for (const each of settled) each(String(start));
      });
    }
  }
}

function add(into: Map<string, Series>, { event, source, seconds }: Delay): void {
  const key = `${event} ${source}`;
  const series = into.get(key) ?? {
    event,
    source,
    count: 0,
    sum: 0,
    values: [],
    buckets: DELAY_BUCKETS.map(() => 0),
  };
  into.set(key, series);
  series.count++;
  series.sum += seconds;
  if (series.values.length < MOST_VALUES) series.values.push(seconds);
  for (const [i, bound] of DELAY_BUCKETS.entries())
    if (seconds <= bound) series.buckets[i] = (series.buckets[i] ?? 0) + 1;
}

function point({ event, source, count, sum, values, buckets }: Series, start: number, tags: Tags): string | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const quantile = (q: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
  const fields: Record<string, number | { readonly integer: number }> = {
    count: { integer: count },
    sum,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
  };
  for (const [i, bound] of DELAY_BUCKETS.entries()) fields[`le_${bound}`] = { integer: buckets[i] ?? 0 };
  return line(HISTOGRAM_MEASUREMENT, { ...tags, event, source }, fields, sampleTime(start));
}
