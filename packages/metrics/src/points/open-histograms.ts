import type { Delay } from "../delay/delay.ts";
import { DelayHistogram } from "./delay-histogram.ts";

/** Intervals of one event and source that are open at a time. */
export const MOST_OPEN = 8;

/**
 * The histograms that can still grow. Of each event and source they are those of the {@link MOST_OPEN} intervals that were
 * touched last: not the newest ones, so that one event of a clock that is wrong costs one place and not all that follows.
 *
 * What is open follows from the delays alone, and for each event and source from its own: whoever takes the same delays
 * again, from the same histograms on, forgets the same ones. The clock has no say, nor has what is written when.
 */
export class OpenHistograms {
  readonly #intervalMs: number;
  /** By event and source, then by start: the last one was touched last. */
  readonly #open = new Map<string, Map<number, DelayHistogram>>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** All, of each event and source the one that was touched last at last. */
  get all(): readonly DelayHistogram[] {
    return [...this.#open.values()].flatMap((intervals) => [...intervals.values()]);
  }

  /** Where a delay belongs, which then was touched; and what was forgotten to make room for it. */
  touch({ event, source, observedAt, resourceVersion }: Delay): {
    readonly touched: DelayHistogram;
    readonly forgotten: DelayHistogram | undefined;
  } {
    const start = Math.floor(observedAt / this.#intervalMs) * this.#intervalMs;
    const known = this.#open.get(seriesOf({ event, source }))?.get(start);
    const touched = known ?? new DelayHistogram({ event, source, start, firstVersion: resourceVersion });
    return { touched, forgotten: this.put(touched) };
  }

  /** Opens one, or touches it. What was forgotten to make room for it. */
  put(histogram: DelayHistogram): DelayHistogram | undefined {
    const series = seriesOf(histogram.of);
    const { start } = histogram.of;
    const intervals = this.#open.get(series) ?? new Map<number, DelayHistogram>();
    this.#open.set(series, intervals);
    intervals.delete(start);
    intervals.set(start, histogram);
    if (intervals.size <= MOST_OPEN) return undefined;
    const [oldest] = intervals.values();
    if (oldest !== undefined) intervals.delete(oldest.of.start);
    return oldest;
  }
}

function seriesOf({ event, source }: Pick<Delay, "event" | "source">): string {
  return `${event} ${source}`;
}
