import { expect, test } from "vitest";
import { type Place, Progress } from "../src/collect/progress.ts";
import type { Delay, Measured } from "../src/delay/delay.ts";
import { IntervalHistograms } from "../src/points/interval-histograms.ts";
import { MOST_OPEN } from "../src/points/open-histograms.ts";
import { LineStore } from "./support/line-store.ts";

const NOON = Date.UTC(2026, 0, 1, 12);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

let version = 1000;

function delay(observedAt: number, seconds = 1, more: Partial<Delay> = {}): Measured {
  const resourceVersion = String(version++);
  return {
    type: "delay",
    delay: { event: "ADDED", source: "creationTimestamp", seconds, resourceVersion, observedAt, ...more },
  };
}

function canary(observedAt: number): Measured {
  return delay(observedAt, 0.1, { event: "MODIFIED", source: "canary" });
}

const BEGINNING: Place = { cursor: "0", memo: undefined };

interface ReaderOptions {
  readonly from?: Place;
  readonly intervalMs?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

/** A process that reads a feed, one batch at a time, and keeps its place where it is told to. */
class Reader {
  readonly histograms: IntervalHistograms;
  readonly progress: Progress;
  readonly #feed: readonly (readonly Measured[])[];

  constructor(
    feed: readonly (readonly Measured[])[],
    db: LineStore,
    { from = BEGINNING, intervalMs = MINUTE, tags = {} }: ReaderOptions = {},
  ) {
    this.#feed = feed;
    this.histograms = new IntervalHistograms(tags, intervalMs, db);
    this.progress = new Progress(from);
    if (from.memo !== undefined) this.histograms.restore(from.memo);
  }

  /** Where it would go on after a crash, were it kept now. */
  get place(): Place {
    const { place } = this.progress;
    if (place === undefined) throw new Error("nothing is settled");
    return place;
  }

  /** Reads all that there is behind a place. */
  read(from = 0, to = this.#feed.length): this {
    for (let cursor = from; cursor < to; cursor++)
      this.histograms.take(this.#feed[cursor] ?? [], this.progress.read(String(cursor + 1)));
    return this;
  }

  end(): Place {
    this.histograms.finish();
    return this.place;
  }
}

/** Interval (as a time of day) and count of each point, in the order of their times. */
function counts(db: LineStore, measurement = "streamed_data_histogram"): [string, number][] {
  return db
    .points(measurement)
    .toSorted((a, b) => Number(a.time) - Number(b.time))
    .map(({ time, fields }) => [
      new Date(Number(time.slice(0, -6))).toISOString().slice(11, 19),
      Number(fields["count"]),
    ]);
}

function total(db: LineStore): number {
  return counts(db).reduce((sum, [, count]) => sum + count, 0);
}

test("a point is there before its interval is over, and is written again when it has grown", () => {
  const db = new LineStore();
  const { histograms } = new Reader([], db);
  histograms.take([delay(NOON + 1, 0.25), delay(NOON + 2, -0.5)], () => {});
  histograms.flush();
  expect(db.points("streamed_data_histogram")).toMatchObject([
    { tags: { event: "ADDED", source: "creationTimestamp" }, fields: { count: 2, sum: -0.25, min: -0.5, max: 0.25 } },
  ]);
  histograms.flush();
  expect(db.offered).toBe(1);
  histograms.take([delay(NOON + 59_999, 7)], () => {});
  histograms.flush();
  expect(db.offered).toBe(2);
  expect(db.points("streamed_data_histogram")).toMatchObject([
    { fields: { count: 3, sum: 6.75, min: -0.5, max: 7, le_0: 1, "le_0.25": 2, le_5: 2, le_10: 3, p99: 7 } },
  ]);
});

test("a batch of two intervals, written in part and then lost with the process, counts once", () => {
  const db = new LineStore();
  const feed = [
    [delay(NOON + 10 * SECOND), delay(NOON + 20 * SECOND)],
    [delay(NOON + 59 * SECOND), delay(NOON + 60 * SECOND)],
    [delay(NOON + 71 * SECOND)],
  ];
  const first = new Reader(feed, db).read(0, 2);
  first.histograms.flush();
  const from = first.place;
  expect(from.cursor).toBe("2");
  // This one is written, but the place is not kept any more.
  first.read(2).histograms.flush();
  new Reader(feed, db, { from }).read(2).end();
  expect(counts(db)).toEqual([
    ["12:00:00", 3],
    ["12:01:00", 2],
  ]);
});

test("restarts go on within the interval", () => {
  const db = new LineStore();
  let from = BEGINNING;
  const feed: Measured[][] = [];
  for (let i = 0; i < 6; i++) {
    feed.push([delay(NOON + i * 5 * MINUTE)]);
    from = new Reader(feed, db, { from, intervalMs: 60 * MINUTE }).read(i).end();
  }
  expect(counts(db)).toEqual([["12:00:00", 6]]);
});

test("one event of a clock that is a day ahead is one point of tomorrow, and nothing else is", () => {
  const db = new LineStore();
  const { histograms } = new Reader([], db);
  for (const at of [NOON, NOON + DAY, ...Array.from({ length: 59 }, (_, i) => NOON + (i + 1) * MINUTE)]) {
    histograms.take([delay(at)], () => {});
    histograms.flush();
  }
  expect(counts(db)).toHaveLength(61);
  expect(new Set(counts(db).map(([, count]) => count))).toEqual(new Set([1]));
});

test("an old backlog counts where it belongs, however often is flushed meanwhile", () => {
  const db = new LineStore();
  const { histograms } = new Reader([], db);
  for (const at of [0, 1, 2, 60, 3, 61, 62, 120, 4]) {
    histograms.take([delay(NOON + at * SECOND)], () => {});
    histograms.flush();
  }
  expect(counts(db)).toEqual([
    ["12:00:00", 5],
    ["12:01:00", 3],
    ["12:02:00", 1],
  ]);
});

test("minimum, maximum and quantiles are of all that there was", () => {
  const db = new LineStore();
  const { histograms } = new Reader([], db, { intervalMs: 60 * MINUTE });
  const many = (seconds: number): Measured[] => Array.from({ length: 20_000 }, () => delay(NOON, seconds));
  histograms.take([...many(1), ...many(300), ...many(-7)], () => {});
  histograms.finish();
  const [point] = db.points("streamed_data_histogram");
  expect(point?.fields).toMatchObject({ count: 60_000, min: -7, max: 300, p99: 300 });
  expect(point?.fields["p50"]).toBeCloseTo(1, 1);
});

test("an event of an interval that was forgotten begins another point of it, and both add up", () => {
  const db = new LineStore();
  const { histograms } = new Reader([], db);
  const at = (minute: number): Measured => delay(NOON + minute * MINUTE);
  histograms.take([at(0), at(0)], () => {});
  histograms.flush();
  // As many as can be open, and the first is touched in between: it stays.
  histograms.take(
    [...Array.from({ length: MOST_OPEN - 1 }, (_, i) => at(i + 1)), at(0), at(MOST_OPEN), at(0)],
    () => {},
  );
  histograms.flush();
  expect(counts(db)[0]).toEqual(["12:00:00", 4]);
  histograms.take(
    Array.from({ length: MOST_OPEN }, (_, i) => at(i + 100)),
    () => {},
  );
  histograms.take([at(0), at(0), at(0)], () => {});
  histograms.finish();
  expect(counts(db).slice(0, 3)).toEqual([
    ["12:00:00", 4],
    ["12:00:00", 3],
    ["12:01:00", 1],
  ]);
});

test("what is forgotten before it was written is written then", () => {
  const db = new LineStore();
  const { histograms } = new Reader([], db);
  const read = Array.from({ length: 3 * MOST_OPEN }, (_, i) => delay(NOON + i * MINUTE));
  histograms.take(read, () => {});
  expect(total(db)).toBe(2 * MOST_OPEN);
  histograms.flush();
  expect(total(db)).toBe(3 * MOST_OPEN);
});

test("one kind of event makes no other be forgotten", () => {
  const db = new LineStore();
  const { histograms } = new Reader([], db);
  histograms.take([delay(NOON)], () => {});
  for (let minute = 1; minute < 100; minute++)
    histograms.take(
      [canary(NOON + minute * MINUTE), delay(NOON + minute * MINUTE, 1, { event: "MODIFIED" })],
      () => {},
    );
  histograms.take([delay(NOON)], () => {});
  histograms.finish();
  const added = db.points("streamed_data_histogram").filter(({ tags }) => tags["event"] === "ADDED");
  expect(added).toMatchObject([{ fields: { count: 2 } }]);
});

test("while the database is away nothing is settled, and no point is offered twice", () => {
  const db = new LineStore();
  const { histograms, progress } = new Reader([], db);
  db.open = false;
  for (let i = 0; i < 100; i++) {
    histograms.take([delay(NOON + i)], progress.read(String(i + 1)));
    histograms.flush();
  }
  expect(progress.place?.cursor).toBe("0");
  db.openUp();
  expect(db.offered).toBe(2);
  expect(counts(db)).toEqual([["12:00:00", 100]]);
  expect(progress.place?.cursor).toBe("100");
});

test("a thousand entries are settled also when the database is away: the memo holds them, and who goes on writes them", () => {
  const db = new LineStore();
  const feed = Array.from({ length: 10_000 }, (_, i) => [delay(NOON + i * 10, i / 100)]);
  const first = new Reader(feed, db);
  db.open = false;
  for (let cursor = 0; cursor < feed.length; cursor++) {
    first.read(cursor, cursor + 1);
    // What is not settled must still be in the feed, which keeps 4096.
    expect(cursor - Number(first.place.cursor)).toBeLessThan(1000);
    if (cursor % 100 === 0) first.histograms.flush();
  }
  db.lose();
  const from = first.place;
  const second = new Reader(feed, db, { from });
  second.histograms.flush();
  expect(total(db)).toBe(Number(from.cursor));
  second.read(Number(from.cursor)).end();
  expect(counts(db)).toEqual([
    ["12:00:00", 6000],
    ["12:01:00", 4000],
  ]);
});

test("each batch is settled once, in order, also where it was written after it was settled", () => {
  const db = new LineStore();
  const { histograms } = new Reader([], db);
  const settled: number[] = [];
  for (let i = 0; i < 2500; i++) {
    if (i % 700 === 0) db.open = false;
    histograms.take([delay(NOON + i), undefined], () => settled.push(i));
    if (i % 100 === 0) histograms.flush();
    if (i % 700 === 600) db.openUp();
  }
  db.openUp();
  histograms.finish();
  expect(settled).toEqual(Array.from({ length: 2500 }, (_, i) => i));
});

test("the end waits for nothing that is under way", () => {
  const db = new LineStore();
  db.open = false;
  const reader = new Reader([[delay(NOON)], [delay(NOON)]], db).read(0, 1);
  reader.histograms.flush();
  reader.read(1).histograms.finish();
  db.openUp();
  expect(reader.place.cursor).toBe("2");
  expect(counts(db)).toEqual([["12:00:00", 2]]);
});

test("after a restart what was written is not written again", () => {
  const db = new LineStore();
  const from = new Reader([[delay(NOON)]], db).read().end();
  const offered = db.offered;
  new Reader([], db, { from }).histograms.finish();
  expect(db.offered).toBe(offered);
});

const UNREADABLE: Readonly<Record<string, (memo: string) => string>> = {
  "is empty": () => "",
  "is of the first form": () => String(NOON),
  "is null": () => "null",
  "was cut off": (memo) => memo.slice(0, -1),
  "is of a form to come": (memo) => memo.replace('"v":1', '"v":2'),
  "holds something else as well": (memo) => memo.replace('"histograms":[', '"histograms":[[1],'),
  "holds a number that is none": (memo) => memo.replace(`,${NOON},`, ',"noon",'),
  "holds an event that is none": (memo) => memo.replace("ADDED", "CHANGED"),
  "holds a source that is none": (memo) => memo.replace("creationTimestamp", "toString"),
};

test.each(Object.keys(UNREADABLE))("a memo that %s is as if there were none", (how) => {
  const db = new LineStore();
  const feed = [[delay(NOON), delay(NOON)], [delay(NOON)]];
  const { cursor, memo = "" } = new Reader(feed, db).read(0, 1).end();
  const unreadable = UNREADABLE[how]?.(memo);
  expect(unreadable).not.toBe(memo);
  new Reader(feed, db, { from: { cursor, memo: unreadable } }).read(1).end();
  // Another point of the same interval: nothing is overwritten with a part of the truth.
  expect(counts(db)).toEqual([
    ["12:00:00", 2],
    ["12:00:00", 1],
  ]);
});

test("a memo that was damaged anywhere is no trouble", () => {
  const db = new LineStore();
  const feed = [[delay(NOON, 0.5), delay(NOON + MINUTE, 2)]];
  const { memo = "" } = new Reader(feed, db).read().end();
  for (let at = 0; at < memo.length; at++)
    for (const put of ["", "0", '"', "[", "}", "-", "null"]) {
      const other = new LineStore();
      const reader = new Reader([], other, {
        from: { cursor: "1", memo: memo.slice(0, at) + put + memo.slice(at + 1) },
      });
      reader.histograms.take([delay(NOON, 1)], () => {});
      reader.histograms.finish();
      for (const { fields } of other.points("streamed_data_histogram")) expect(fields["count"]).toBeGreaterThan(0);
    }
});

test("intervals of another length begin points of their own, and the old ones stay", () => {
  const db = new LineStore();
  const feed = [
    [delay(NOON + 5 * SECOND), delay(NOON + 70 * SECOND)],
    [delay(NOON + 75 * SECOND), delay(NOON)],
  ];
  const from = new Reader(feed, db, { intervalMs: 10 * SECOND }).read(0, 1).end();
  const second = new Reader(feed, db, { from }).read(1).end();
  new Reader([], db, { from: second, intervalMs: 10 * SECOND }).end();
  expect(counts(db)).toEqual([
    ["12:00:00", 1],
    ["12:00:00", 1],
    ["12:01:00", 1],
    ["12:01:10", 1],
  ]);
});

test("what a memo of another length holds is written, as it was at its place", () => {
  const db = new LineStore();
  const feed = [[delay(NOON)], [delay(NOON)]];
  const first = new Reader(feed, db, { intervalMs: 10 * SECOND }).read(0, 1);
  first.histograms.flush();
  const from = first.place;
  // Written, and then lost with the process: it is read again.
  first.read(1).histograms.flush();
  new Reader(feed, db, { from }).read(1).end();
  expect(counts(db)).toEqual([
    ["12:00:00", 1],
    ["12:00:00", 1],
  ]);
});

test("with other tags, what other series have counted is left to them", () => {
  const db = new LineStore();
  const feed = [[delay(NOON)], [delay(NOON)]];
  const from = new Reader(feed, db, { tags: { cluster: "a" } }).read(0, 1).end();
  new Reader(feed, db, { from, tags: { cluster: "b" } }).read(1).end();
  expect(db.points("streamed_data_histogram")).toMatchObject([
    { tags: { cluster: "a" }, fields: { count: 1 } },
    { tags: { cluster: "b" }, fields: { count: 1 } },
  ]);
});

test("delays of the canary are in no memo: after a crash what was written stays, and nothing counts twice", () => {
  const db = new LineStore();
  const feed = [[delay(NOON)], [delay(NOON)]];
  const first = new Reader(feed, db);
  first.histograms.take([canary(NOON), canary(NOON)], () => {});
  first.read(0, 1).histograms.flush();
  const from = first.place;
  first.histograms.take([canary(NOON)], () => {});
  first.histograms.flush();
  // Lost: never written.
  first.histograms.take([canary(NOON)], () => {});
  const second = new Reader(feed, db, { from });
  second.histograms.take([canary(NOON)], () => {});
  second.read(1).end();
  const points = db.points("streamed_data_histogram");
  expect(points.filter(({ tags }) => tags["source"] === "canary").map(({ fields }) => fields["count"])).toEqual([3, 1]);
  expect(points.filter(({ tags }) => tags["event"] === "ADDED")).toMatchObject([{ fields: { count: 2 } }]);
});

test("a memo stays small, whatever there was", () => {
  const usual = new Reader(
    Array.from({ length: 3600 }, (_, second) =>
      (["ADDED", "MODIFIED", "DELETED"] as const).map((event) =>
        delay(NOON + second * SECOND, 0.2 + ((second * 37) % 100) / 100, { event }),
      ),
    ),
    new LineStore(),
  );
  expect(usual.read().end().memo?.length).toBeLessThan(20_000);
  // Each of the kinds that there are, in as many intervals as are open, with values all over.
  const values = Array.from({ length: 4000 }, (_, i) => 1.003 ** i * 1e-3 * (i % 2 === 0 ? 1 : -1));
  const kinds: Partial<Delay>[] = [
    { event: "ADDED", source: "creationTimestamp" },
    { event: "MODIFIED", source: "managedFields" },
    { event: "MODIFIED", source: "renewTime" },
    { event: "DELETED", source: "deletionTimestamp" },
  ];
  const feed = kinds.flatMap((kind) =>
    Array.from({ length: 20 }, (_, minute) => values.map((value) => delay(NOON + minute * MINUTE, value, kind))),
  );
  expect(new Reader(feed, new LineStore()).read().end().memo?.length).toBeLessThan(160_000);
});
