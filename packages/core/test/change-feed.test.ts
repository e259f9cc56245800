import { describe, expect, test } from "vitest";
import { type FeedBatch, type FeedBounds, NO_VIEW, type ViewChange } from "../src/index.ts";
import { ChangeFeed } from "../src/store/change-feed.ts";
import { storedObject } from "./support/objects.ts";

const change = (n: number): ViewChange => ({
  type: "set",
  object: storedObject(`o${n}`, "u", String(n + 1)),
  previous: undefined,
  origin: "stream",
  observedAt: n,
});
const changes = (from: number, to: number): ViewChange[] =>
  Array.from({ length: to - from }, (_, i) => change(from + i));

/** A feed that names its changes c1, c2, … */
class NumberedFeed extends ChangeFeed {
  #count = 0;

  constructor(bounds?: FeedBounds) {
    super({ bounds, cursor: "c0", meta: () => ({ ...NO_VIEW, cursor: this.cursor, objects: this.#count, bytes: 0 }) });
  }

  commit(all: readonly ViewChange[]): void {
    this.append(all.map((one) => ({ cursor: `c${++this.#count}`, change: one })));
  }
}

function reader(
  feed: ChangeFeed,
  since?: string,
): { next: () => Promise<FeedBatch | undefined>; stop: () => void; close: () => void } {
  const stop = new AbortController();
  const closed = new AbortController();
  const iterator = feed.read({ since, signal: stop.signal, closed: closed.signal })[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { done, value } = await iterator.next();
      return done === true ? undefined : value;
    },
    stop: () => stop.abort(),
    close: () => closed.abort(),
  };
}

const seen = (batch: FeedBatch | undefined): number[] | "reset" | undefined =>
  batch?.type === "changes" ? batch.entries.map((entry) => entry.change.observedAt) : batch?.type;

describe("a reader", () => {
  test("starts where the feed is when it asks, not when it first looks", async () => {
    const feed = new NumberedFeed();
    feed.commit(changes(0, 2));
    const one = reader(feed);
    feed.commit(changes(2, 4));
    expect(seen(await one.next())).toEqual([2, 3]);
  });

  test("waits for more, and resumes after any cursor it was given", async () => {
    const feed = new NumberedFeed();
    const one = reader(feed);
    const next = one.next();
    feed.commit(changes(0, 3));
    const batch = await next;
    expect(seen(batch)).toEqual([0, 1, 2]);
    const cursor = batch?.type === "changes" ? batch.entries[0]?.cursor : undefined;
    expect(seen(await reader(feed, cursor).next())).toEqual([1, 2]);
  });

  test("gets reset where its cursor is gone: too old, of before a reset, or none of ours", async () => {
    const feed = new NumberedFeed({ entries: 10, bytes: 1_000_000 });
    feed.commit(changes(0, 1));
    const { cursor: early } = feed;
    feed.commit(changes(1, 30));
    expect(seen(await reader(feed, early).next())).toBe("reset");
    const { cursor: recent } = feed;
    feed.reset("anew");
    expect(seen(await reader(feed, recent).next())).toBe("reset");
    expect(seen(await reader(feed, "nonsense").next())).toBe("reset");
    expect(seen(await reader(feed, "c999").next())).toBe("reset");
  });

  test("is told the meta where a commit ends, and of commits that change nothing else", async () => {
    const feed = new NumberedFeed();
    const one = reader(feed);
    feed.commit(changes(0, 700));
    const [first, second] = [await one.next(), await one.next()];
    expect([first, second].map((batch) => batch?.type === "changes" && batch.entries.length)).toEqual([512, 188]);
    expect([first, second].map((batch) => batch?.type === "changes" && batch.meta?.objects)).toEqual([undefined, 700]);
    const next = one.next();
    feed.commit([]);
    expect(await next).toMatchObject({ type: "changes", entries: [], meta: { cursor: "c700" } });
  });

  test("that is told reset goes on from there", async () => {
    const feed = new NumberedFeed();
    const one = reader(feed, "nonsense");
    expect(seen(await one.next())).toBe("reset");
    feed.commit(changes(5, 6));
    expect(seen(await one.next())).toEqual([5]);
  });

  test("that has left is not remembered, also where nothing ever changes", async () => {
    const feed = new NumberedFeed();
    const stays = reader(feed);
    const next = stays.next();
    for (let i = 0; i < 100; i++) {
      const one = reader(feed);
      const nothing = one.next();
      one.stop();
      expect(await nothing).toBeUndefined();
    }
    expect(feed.waiting).toBe(1);
    feed.commit(changes(0, 1));
    expect(seen(await next)).toEqual([0]);
    expect(feed.waiting).toBe(0);
  });

  test("ends by its signal, and throws when the store is closed", async () => {
    const feed = new NumberedFeed();
    const [one, two] = [reader(feed), reader(feed)];
    const [first, second] = [one.next(), two.next()];
    one.stop();
    expect(await first).toBeUndefined();
    two.close();
    await expect(second).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
  });
});

test("keeps the newest, as many and as large as it may", async () => {
  const size = change(1).type === "set" ? storedObject("o1", "u", "2").bytes.byteLength : 0;
  const feed = new NumberedFeed({ entries: 1000, bytes: 5 * (size + 2) });
  const { cursor: start } = feed;
  for (let i = 0; i < 9; i++) feed.commit([change(i)]);
  expect(seen(await reader(feed, start).next())).toBe("reset");
  expect(seen(await reader(feed, "c4").next())).toEqual([4, 5, 6, 7, 8]);
});
