import type { Measured } from "../delay/delay.ts";
import type { Settled } from "../collect/metrics-sink.ts";
import { line } from "../influx/line-protocol.ts";
import { DELAY_BUCKETS, type DelayHistogram } from "./delay-histogram.ts";
import { readMemo, writeMemo } from "./histogram-memo.ts";
import type { LineWriter } from "./influx-sink.ts";
import { OpenHistograms } from "./open-histograms.ts";
import { eventTime } from "./point-time.ts";
import type { Tags } from "./scope-tags.ts";

/** Where delays are written that are not told one by one. */
export const HISTOGRAM_MEASUREMENT = "streamed_data_histogram";

/**
 * Entries of the feed that may gather before they are settled, whatever the database does. A feed keeps 4096: what it has
 * dropped cannot be read again after a crash, so that the memo must hold it before then.
 */
const MOST_GATHERED = 1000;

/** What was offered to the writer, and is not written yet. */
interface Flight {
  batches: readonly Settled[];
}

/**
 * The delays of one scope, gathered by interval: a point for each interval, event and source with `count`, `sum`, `min`,
 * `max`, `p50`, `p95`, `p99` and cumulative buckets `le_…`. An event belongs to the interval in which it was read, by its own
 * `observedAt`.
 *
 * **Points are running totals.** Each flush writes those that have changed again, over what was written before, and
 * settles what was taken until then with a memo: the totals at that place in the feed. Who goes on from place and memo takes
 * the same delays in the same order, and writes the same points. Nothing waits for the end of an interval: a restart goes on
 * within it, and a late event changes the one that it belongs to.
 *
 * **What is forgotten is not overwritten.** Only some intervals can grow ({@link OpenHistograms}). The time of a point is the
 * interval's start, and in the digits below the millisecond the end of the version of the first event that it counts. So an
 * event of an interval that was forgotten, or that this process knows nothing of, begins another point of the same
 * interval. Counts, sums and buckets of both add up to the truth; quantiles are of each alone. (That both begin with versions
 * whose last six digits are the same, so that one overwrites the other, is left to chance: one in a million.)
 *
 * Delays of the canary do not come out of the feed, and are in no memo. With a crash those are lost that were not written; none is
 * counted twice, since the next process begins other points.
 *
 * Not promised: that events count just once where the place itself was lost and the feed is read anew, or where the interval's
 * length or the tags are changed right after a crash, for those since the last memo. Nor, when the process crashes while the
 * database is away, the totals of intervals that were forgotten meanwhile, once a thousand further entries were read.
 */
export class IntervalHistograms {
  readonly #tags: Tags;
  readonly #intervalMs: number;
  readonly #writer: LineWriter;
  readonly #open: OpenHistograms;
  /** What the writer was not offered as it is now. */
  readonly #changed = new Set<DelayHistogram>();
  /** Taken since the last flush, in order. */
  #batches: Settled[] = [];
  /** How many entries of the feed those are. */
  #gathered = 0;
  readonly #flights = new Set<Flight>();
  /** A flush was asked for while one was under way. */
  #due = false;

  constructor(tags: Tags, intervalMs: number, writer: LineWriter) {
    this.#tags = tags;
    this.#intervalMs = intervalMs;
    this.#writer = writer;
    this.#open = new OpenHistograms(intervalMs);
  }

  /**
   * Takes up where another process left off. A memo that cannot be read, or is of points with other tags, is as if there were
   * none. One of intervals of another length is written as it is, and nothing is added to it.
   */
  restore(text: string): void {
    const memo = readMemo(text);
    if (memo === undefined || JSON.stringify(memo.tags) !== JSON.stringify(this.#tags)) return;
    if (memo.intervalMs !== this.#intervalMs) {
      // The process before may have written more than is in here: what comes again is counted in other intervals.
      this.#write(memo.histograms);
      return;
    }
    for (const each of memo.histograms) {
      this.#open.put(each);
      if (!memo.written) this.#changed.add(each);
    }
  }

  /** Takes what some entries of the feed told, in its order. */
  take(measured: readonly Measured[], settled: Settled): void {
    const parting: DelayHistogram[] = [];
    for (const each of measured) {
      if (each?.type !== "delay") continue;
      const { touched, forgotten } = this.#open.touch(each.delay);
      touched.add(each.delay);
      this.#changed.add(touched);
      if (forgotten !== undefined && this.#changed.delete(forgotten)) parting.push(forgotten);
    }
    // Now: what is forgotten is in no memo any more. The writer settles in order, so that these come before the next flush.
    this.#write(parting);
    this.#batches.push(settled);
    this.#gathered += measured.length;
    if (this.#gathered >= MOST_GATHERED) this.#hurry();
  }

  /**
   * Writes what has changed, and settles everything that was taken when it is written. While the flush before is under way
   * it waits for that, so that a database that is away is not offered the same points again and again.
   */
  flush(): void {
    this.#due = this.#flights.size > 0;
    if (!this.#due) this.#offer();
  }

  /** A flush that waits for nothing, for the end of the process. */
  finish(): void {
    this.#due = false;
    this.#offer();
  }

  #offer(): void {
    const points = [...this.#changed];
    this.#changed.clear();
    const flight: Flight = { batches: this.#taken() };
    if (points.length === 0 && flight.batches.length === 0) return;
    const memo = this.#memo(true);
    this.#flights.add(flight);
    this.#write(points, () => {
      this.#flights.delete(flight);
      for (const settled of flight.batches) settled(memo);
      if (this.#due) this.flush();
    });
  }

  /** Settles all that was taken, written or not: the memo holds it, and who goes on from there writes it. */
  #hurry(): void {
    this.flush();
    const batches: Settled[] = [];
    for (const flight of this.#flights) {
      batches.push(...flight.batches);
      flight.batches = [];
    }
    batches.push(...this.#taken());
    if (batches.length === 0) return;
    const memo = this.#memo(false);
    for (const settled of batches) settled(memo);
  }

  #taken(): readonly Settled[] {
    const batches = this.#batches;
    this.#batches = [];
    this.#gathered = 0;
    return batches;
  }

  #memo(written: boolean): string {
    const histograms = this.#open.all.filter(({ of }) => of.source !== "canary");
    return writeMemo({ intervalMs: this.#intervalMs, tags: this.#tags, written, histograms });
  }

  #write(histograms: readonly DelayHistogram[], settled?: () => void): void {
    if (histograms.length === 0 && settled === undefined) return;
    const lines = histograms.flatMap((each) => point(each, this.#tags) ?? []);
    this.#writer.offer(lines, settled);
  }
}

function point(histogram: DelayHistogram, tags: Tags): string | undefined {
  const { event, source, start, firstVersion } = histogram.of;
  const fields: Record<string, number | { readonly integer: number }> = {
    count: { integer: histogram.count },
    sum: histogram.sum,
    min: histogram.min,
    max: histogram.max,
    p50: histogram.quantile(0.5),
    p95: histogram.quantile(0.95),
    p99: histogram.quantile(0.99),
  };
  for (const [i, bound] of DELAY_BUCKETS.entries()) fields[`le_${bound}`] = { integer: histogram.buckets[i] ?? 0 };
  return line(HISTOGRAM_MEASUREMENT, { ...tags, event, source }, fields, eventTime(start, firstVersion));
}
