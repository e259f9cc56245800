import { SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";
import { type Place, Progress } from "../src/collect/progress.ts";
import type { Delay, Measured } from "../src/delay/delay.ts";
import { DELAY_BUCKETS } from "../src/points/delay-histogram.ts";
import { IntervalHistograms } from "../src/points/interval-histograms.ts";
import { MOST_OPEN } from "../src/points/open-histograms.ts";
import { QUANTILE_ACCURACY } from "../src/points/quantile-sketch.ts";
import { LineStore, type ReadPoint } from "./support/line-store.ts";

const START = Date.UTC(2026, 0, 1, 12);
const INTERVAL = 10_000;
const DAY = 86_400_000;
const SEEDS = Array.from({ length: 120 }, (_, seed) => seed);
const KINDS = [
  { event: "ADDED", source: "creationTimestamp" },
  { event: "MODIFIED", source: "managedFields" },
  { event: "DELETED", source: "deletionTimestamp" },
] as const;

/** What a cluster, its clocks, a database and an operator do to one scope. */
interface Weather {
  /** Entries of a batch, at most. */
  readonly batch: number;
  readonly turns: number;
  /** How far time goes on between batches, at most, in milliseconds. */
  readonly step: number;
  /** Whether clocks jump and events come late, so that intervals are forgotten. */
  readonly forgetful: boolean;
}

// Either intervals are forgotten, or so much waits that it is settled unwritten. Both at once is what is not promised.
const FORGETFUL: Weather = { batch: 12, turns: 300, step: 4000, forgetful: true };
const CROWDED: Weather = { batch: 400, turns: 200, step: 300, forgetful: false };

class History {
  readonly db = new LineStore();
  readonly feed: Measured[][] = [];
  readonly memos: string[] = [];
  readonly #random: SeededRandom;
  readonly #weather: Weather;
  #now = START;
  #jump = 0;
  #version = 4_999_000;
  #kept: Place = { cursor: "0", memo: undefined };
  #read = 0;
  #progress = new Progress(this.#kept);
  #histograms = new IntervalHistograms({}, INTERVAL, this.db);

  constructor(seed: number, weather: Weather) {
    this.#random = new SeededRandom(seed);
    this.#weather = weather;
  }

  run(): void {
    for (let turn = 0; turn < this.#weather.turns; turn++) this.#turn();
    this.#take(this.feed.length);
    this.db.openUp();
    this.#histograms.finish();
  }

  #turn(): void {
    switch (
      this.#random.weighted({ write: 8, read: 8, flush: 4, keep: 3, canary: 2, away: 1, back: 2, crash: 1, end: 1 })
    ) {
      case "write":
        return this.#write();
      case "read":
        return this.#take(this.#random.integer(1, 3));
      case "flush":
        return this.#histograms.flush();
      case "keep":
        return this.#keep();
      case "canary":
        return this.#histograms.take([this.#event({ event: "MODIFIED", source: "canary" }, this.#now)], () => {});
      case "away":
        this.db.open = false;
        return;
      case "back":
        return this.db.openUp();
      case "crash":
        this.db.lose();
        return this.#begin();
      case "end":
        this.#histograms.finish();
        if (this.#random.chance(0.7)) this.db.openUp();
        this.#keep();
        this.db.lose();
        return this.#begin();
    }
  }

  #write(): void {
    const random = this.#random;
    const { batch, step, forgetful } = this.#weather;
    const measured: Measured[] = [];
    for (let left = random.integer(1, batch); left > 0; left--) {
      this.#now += random.integer(0, Math.ceil(step / batch));
      if (forgetful && random.chance(0.01)) this.#jump = random.pick([0, 0, DAY, -DAY, 3 * INTERVAL]);
      const late = forgetful && random.chance(0.1) ? random.integer(0, 12 * INTERVAL) : 0;
      measured.push(this.#event(random.pick(KINDS), this.#now + this.#jump - late));
      if (random.chance(0.1)) measured.push(undefined);
    }
    this.feed.push(measured);
  }

  #event(kind: Pick<Delay, "event" | "source">, observedAt: number): Measured {
    // A crowd of values from everywhere would be more than a sketch tells apart.
    const anything = this.#weather.forgetful;
    const seconds = this.#random.pick([
      () => this.#random.next() * 2,
      () => this.#random.integer(anything ? -2000 : -5, 5000) / 1000,
      () => this.#random.pick(DELAY_BUCKETS),
      () => 10 ** (this.#random.next() * (anything ? 12 : 2) - 1),
      () => (anything ? -86_400 : 1) * this.#random.next(),
    ])();
    return { type: "delay", delay: { ...kind, seconds, resourceVersion: String(this.#version++), observedAt } };
  }

  #take(batches: number): void {
    for (const batch of this.feed.slice(this.#read, this.#read + batches)) {
      this.#read++;
      this.#histograms.take(batch, this.#progress.read(String(this.#read)));
    }
  }

  #keep(): void {
    this.#kept = this.#progress.place ?? this.#kept;
    if (this.#kept.memo !== undefined) this.memos.push(this.#kept.memo);
  }

  #begin(): void {
    this.#read = Number(this.#kept.cursor);
    this.#progress = new Progress(this.#kept);
    this.#histograms = new IntervalHistograms({}, INTERVAL, this.db);
    if (this.#kept.memo !== undefined) this.#histograms.restore(this.#kept.memo);
  }
}

/** What a point must say. */
interface Truth {
  readonly series: string;
  readonly start: number;
  readonly firstVersion: string;
  readonly values: readonly number[];
}

/** Straight from the feed: an interval is begun again when so many others were touched since that it was forgotten. */
function truths(feed: readonly (readonly Measured[])[]): readonly Truth[] {
  const all: Truth[] = [];
  for (const { event, source } of KINDS) {
    const delays = feed
      .flat()
      .flatMap((each) => (each?.type === "delay" && each.delay.source === source ? [each.delay] : []));
    const starts = delays.map(({ observedAt }) => Math.floor(observedAt / INTERVAL) * INTERVAL);
    const open = new Map<number, { at: number; truth: Truth & { readonly values: number[] } }>();
    for (const [i, delay] of delays.entries()) {
      const start = starts[i] as number;
      const known = open.get(start);
      const forgotten = known === undefined || new Set(starts.slice(known.at + 1, i)).size >= MOST_OPEN;
      const truth = forgotten
        ? { series: `${event} ${source}`, start, firstVersion: delay.resourceVersion, values: [] }
        : known.truth;
      if (forgotten) all.push(truth);
      truth.values.push(delay.seconds);
      open.set(start, { at: i, truth });
    }
  }
  return all;
}

function nearestRank(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

function near(got: unknown, wanted: number, share: number): boolean {
  return Math.abs(Number(got) - wanted) <= share * Math.abs(wanted) + 1e-9;
}

test.each(SEEDS)("at the end, every point says what brute force says of all events (seed %i)", (seed) => {
  const history = new History(seed, seed % 3 === 2 ? CROWDED : FORGETFUL);
  history.run();
  const written = new Map<string, ReadPoint["fields"]>();
  const points = history.db.points("streamed_data_histogram").filter(({ tags }) => tags["source"] !== "canary");
  for (const { tags, time, fields } of points) written.set(`${tags["event"]} ${tags["source"]} ${time}`, fields);
  const wanted = truths(history.feed);
  expect(new Set(written.keys())).toEqual(
    new Set(wanted.map(({ series, start, firstVersion }) => `${series} ${start}${firstVersion.slice(-6)}`)),
  );
  for (const { series, start, firstVersion, values } of wanted) {
    const fields = written.get(`${series} ${start}${firstVersion.slice(-6)}`) ?? {};
    const sorted = values.toSorted((a, b) => a - b);
    expect(fields).toMatchObject({ count: values.length, min: sorted[0], max: sorted.at(-1) });
    for (const bound of DELAY_BUCKETS)
      expect(fields[`le_${bound}`]).toBe(values.filter((value) => value <= bound).length);
    const sum = values.reduce((all, value) => all + value, 0);
    expect(near(fields["sum"], sum, 1e-9), `sum ${fields["sum"]} for ${sum}`).toBe(true);
    for (const [name, share] of [
      ["p50", 0.5],
      ["p95", 0.95],
      ["p99", 0.99],
    ] as const) {
      const exact = nearestRank(sorted, share);
      expect(near(fields[name], exact, QUANTILE_ACCURACY), `${name} ${fields[name]} for ${exact}`).toBe(true);
    }
  }
});

test.each(SEEDS.slice(0, 30))("the same points as without a crash, to the last digit (seed %i)", (seed) => {
  const history = new History(seed, seed % 3 === 2 ? CROWDED : FORGETFUL);
  history.run();
  const whole = new LineStore();
  const histograms = new IntervalHistograms({}, INTERVAL, whole);
  for (const batch of history.feed) histograms.take(batch, () => {});
  histograms.finish();
  const ofFeed = ([, line]: readonly [string, string]): boolean => !line.includes("source=canary");
  expect(new Map([...history.db.lines].filter(ofFeed))).toEqual(whole.lines);
});

test("histories come to what they are to test", () => {
  const histories = SEEDS.slice(0, 60).map((seed) => {
    const history = new History(seed, seed % 3 === 2 ? CROWDED : FORGETFUL);
    history.run();
    return history;
  });
  const begunAgain = histories.filter(({ feed }) => {
    const all = truths(feed).map(({ series, start }) => `${series} ${start}`);
    return new Set(all).size < all.length;
  });
  expect(begunAgain.length).toBeGreaterThan(20);
  const unwritten = histories.filter(({ memos }) => memos.some((memo) => memo.includes('"written":false')));
  expect(unwritten.length).toBeGreaterThan(5);
});
