import { type Delay, DELAY_EVENTS, DELAY_SOURCES, type DelayEvent, type DelaySource } from "../delay/delay.ts";
import { QuantileSketch } from "./quantile-sketch.ts";

/** Upper bounds of the buckets, in seconds. */
export const DELAY_BUCKETS: readonly number[] = [0, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300];

/** What a {@link DelayHistogram} is of. */
export interface HistogramOf {
  readonly event: DelayEvent;
  readonly source: DelaySource;
  /** Of its interval. Epoch milliseconds. */
  readonly start: number;
  /** The resourceVersion of the first event that it took. */
  readonly firstVersion: string;
}

/**
 * The delays of one event and source in one interval, in seconds: all of them, and exact but for the quantiles. The same
 * delays in the same order give the same numbers to the last digit, also where it was packed and unpacked in between.
 */
export class DelayHistogram {
  readonly of: HistogramOf;
  readonly #sketch = new QuantileSketch();
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #buckets: readonly number[] = DELAY_BUCKETS.map(() => 0);

  constructor(of: HistogramOf) {
    this.of = of;
  }

  get count(): number {
    return this.#sketch.count;
  }

  get sum(): number {
    return this.#sum;
  }

  get min(): number {
    return this.#min;
  }

  get max(): number {
    return this.#max;
  }

  /** How many lie at or below each of {@link DELAY_BUCKETS}. */
  get buckets(): readonly number[] {
    return this.#buckets;
  }

  add({ seconds }: Delay): void {
    this.#sketch.add(seconds);
    this.#sum += seconds;
    this.#min = Math.min(this.#min, seconds);
    this.#max = Math.max(this.#max, seconds);
    this.#buckets = this.#buckets.map((count, i) => (seconds <= (DELAY_BUCKETS[i] ?? 0) ? count + 1 : count));
  }

  /** The nearest rank's delay, as near as `QUANTILE_ACCURACY` says; never outside of `min` and `max`. */
  quantile(share: number): number {
    return Math.min(this.#max, Math.max(this.#min, this.#sketch.quantile(share)));
  }

  /** All of it, in a form that JSON keeps. */
  pack(): readonly unknown[] {
    const { event, source, start, firstVersion } = this.of;
    return [event, source, start, firstVersion, this.#sum, this.#min, this.#max, this.#buckets, this.#sketch.pack()];
  }

  /** Undefined for anything that {@link pack} does not give. */
  static unpack(packed: unknown): DelayHistogram | undefined {
    if (!Array.isArray(packed)) return undefined;
    const [event, source, start, firstVersion, sum, min, max, buckets, sketch] = packed as readonly unknown[];
    if (!isEvent(event) || !isSource(source) || !isNumber(start) || typeof firstVersion !== "string") return undefined;
    const made = new DelayHistogram({ event, source, start, firstVersion });
    if (!made.#sketch.absorb(sketch) || made.count === 0) return undefined;
    if (!isNumber(sum) || !isNumber(min) || !isNumber(max) || !isBuckets(buckets, made.count)) return undefined;
    made.#sum = sum;
    made.#min = min;
    made.#max = max;
    made.#buckets = buckets;
    return made;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isEvent(value: unknown): value is DelayEvent {
  return DELAY_EVENTS.some((each) => each === value);
}

function isSource(value: unknown): value is DelaySource {
  return typeof value === "string" && Object.hasOwn(DELAY_SOURCES, value);
}

function isBuckets(value: unknown, count: number): value is readonly number[] {
  if (!Array.isArray(value) || value.length !== DELAY_BUCKETS.length) return false;
  return value.every((each: unknown) => isNumber(each) && Number.isInteger(each) && each >= 0 && each <= count);
}
