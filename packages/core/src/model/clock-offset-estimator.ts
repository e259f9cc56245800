import type { ClockOffset } from "./clock-offset.ts";

/** One moment by both of our clocks, in milliseconds. */
export interface Moment {
  /** Since the epoch, rounded down to whole ones. */
  readonly wall: number;
  /** Of a clock that nobody sets. */
  readonly monotonic: number;
}

/** One answer that bears the time of the server that wrote it. */
export interface DatedAnswer {
  /** Its `Date` header, epoch milliseconds: the server's clock, rounded down to whole seconds. */
  readonly date: number;
  /** Not after the request left us. */
  readonly sent: Moment;
  /** Not before the head of the answer was here. */
  readonly received: Moment;
}

/** Between which offsets one answer says that the truth is, as of our monotonic clock's `since`. */
interface Bounds {
  readonly low: number;
  readonly high: number;
  readonly since: number;
}

/** What is kept of the answers of ten seconds: many answers at once say no more than two of them. */
interface Span {
  readonly began: number;
  answers: number;
  /** The one with the highest lower bound, and the one with the lowest upper bound. */
  highest: Bounds;
  lowest: Bounds;
}

const SPAN_MS = 10_000;
/** Spans in which there was an answer: eleven minutes where there are many, so that each of several servers has its turn. */
const SPANS = 64;
const OLDEST_MS = 30 * 60_000;
/** By how much two clocks drift apart that nobody sets: 50 millionths each, the worst of common crystals. */
const DRIFT = 1e-4;
/** Our wall clock was set when it went this much further, or less far, than the monotonic one. */
const STEP_MS = 100;

/**
 * Estimates how far a server's clock is off from the `Date` of its answers. One answer bounds it: the server's clock showed
 * `date` to `date` + 1 s at some time between `sent` and `received`. What counts are the last 64 spans of ten seconds with an
 * answer in them, none older than half an hour, each the wider the older it is, since clocks drift:
 *
 * - while all of them can be of one clock, that lies where they overlap;
 * - where they cannot (several servers with different clocks answer, or the server's clock was set), the result reaches
 *   from the lower bound of the lowest clock to the upper bound of the highest. With two clocks it holds both. It gets
 *   narrow again when the answers of all clocks but one have gone out of date. Clocks less far apart than single answers
 *   can tell may stay unnoticed, and are then taken for one;
 * - when our own clock was set (or the machine slept), all that came before is forgotten at once.
 *
 * An answer costs one push, a reading some hundred comparisons.
 */
export class ClockOffsetEstimator {
  #spans: Span[] = [];
  #at = 0;
  #last: Moment | undefined;

  /** Takes an answer into account. A slow one does no harm: it says little. */
  add({ date, sent, received }: DatedAnswer): void {
    this.#notice(received);
    if (isStep(sent, received)) {
      this.#spans = [];
      return;
    }
    // Our wall clock may have shown up to 1 ms more than was read.
    const bounds = { low: date - received.wall - 1, high: date + 1000 - sent.wall, since: sent.monotonic };
    this.#at = received.wall;
    const span = this.#spans.at(-1);
    if (span === undefined || received.monotonic - span.began >= SPAN_MS) {
      this.#spans.push({ began: received.monotonic, answers: 1, highest: bounds, lowest: bounds });
      if (this.#spans.length > SPANS) this.#spans.shift();
      return;
    }
    span.answers++;
    if (bounds.low > span.highest.low) span.highest = bounds;
    if (bounds.high < span.lowest.high) span.lowest = bounds;
  }

  /** What is known now; undefined: nothing. */
  read(now: Moment): ClockOffset | undefined {
    this.#notice(now);
    this.#spans = this.#spans.filter(({ began }) => now.monotonic - began < OLDEST_MS);
    if (this.#spans.length === 0) return undefined;
    const bounds = this.#spans.flatMap(({ highest, lowest }) => [widened(highest, now), widened(lowest, now)]);
    const mirrored = bounds.map(({ low, high }) => ({ low: -high, high: -low }));
    return {
      lowMs: Math.floor(lowestClock(bounds)),
      highMs: Math.ceil(-lowestClock(mirrored)),
      samples: this.#spans.reduce((sum, { answers }) => sum + answers, 0),
      at: this.#at,
    };
  }

  /** Forgets everything when our clock was set since the last time. */
  #notice(now: Moment): void {
    if (this.#last !== undefined && isStep(this.#last, now)) this.#spans = [];
    this.#last = now;
  }
}

function isStep(from: Moment, to: Moment): boolean {
  const passed = to.monotonic - from.monotonic;
  return Math.abs(to.wall - from.wall - passed) > STEP_MS + DRIFT * Math.abs(passed);
}

function widened({ low, high, since }: Bounds, now: Moment): Pick<Bounds, "low" | "high"> {
  const drift = DRIFT * Math.max(0, now.monotonic - since);
  return { low: low - drift, high: high + drift };
}

/**
 * The lower bound of the lowest clock: the highest lower bound of those that can all be of one clock with the lowest
 * upper bound. Who lies wholly below another is of a lower clock than that.
 */
function lowestClock(bounds: readonly Pick<Bounds, "low" | "high">[]): number {
  const lowestHigh = Math.min(...bounds.map(({ high }) => high));
  let left = bounds;
  for (;;) {
    const highestLow = Math.max(...left.map(({ low }) => low));
    if (highestLow <= lowestHigh) return highestLow;
    left = left.filter(({ high }) => high < highestLow);
  }
}
