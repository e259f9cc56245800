import { describe, expect, test } from "vitest";
import { type FeedBatch, NO_VIEW, type ViewChange } from "../src/index.ts";
import { ReplicaFeed } from "../src/replica/replica-feed.ts";
import { storedObject } from "./support/objects.ts";

const change = (n: number): ViewChange => ({
  type: "set",
  object: storedObject(`o${n}`, "u", String(n + 1)),
  previous: undefined,
  origin: "stream",
  observedAt: n,
});
const entry = (cursor: string, n: number): { cursor: string; change: ViewChange } => ({ cursor, change: change(n) });

function feedOf(entries = 100): ReplicaFeed {
  const feed: ReplicaFeed = new ReplicaFeed({
    bounds: { entries, bytes: 1_000_000 },
    meta: () => ({ ...NO_VIEW, cursor: feed.cursor, objects: 0, bytes: 0 }),
  });
  return feed;
}

/** What a reader gets that comes with a cursor, without waiting for more. */
async function rest(feed: ReplicaFeed, since: string): Promise<(number | "reset")[]> {
  const stop = new AbortController();
  const told: (number | "reset")[] = [];
  const read = async (): Promise<void> => {
    for await (const batch of feed.read({ since, signal: stop.signal, closed: new AbortController().signal }))
      told.push(...seen(batch));
  };
  const reading = read();
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  stop.abort();
  await reading;
  return told;
}

function seen(batch: FeedBatch): (number | "reset")[] {
  return batch.type === "reset" ? ["reset"] : batch.entries.map((one) => one.change.observedAt);
}

describe("a feed that goes on with another one's cursors", () => {
  test("has them all, and its own where the source told nobody of the way", async () => {
    const feed = feedOf();
    const start = feed.cursor;
    feed.append([entry("s1", 1), entry("s2", 2)]);
    feed.bridge([change(3), change(4)], "s9");
    feed.append([entry("s10", 10)]);
    expect(feed.cursor).toBe("s10");
    expect(await rest(feed, start)).toEqual([1, 2, 3, 4, 10]);
    expect(await rest(feed, "s1")).toEqual([2, 3, 4, 10]);
    expect(await rest(feed, "s9")).toEqual([10]);
    expect(await rest(feed, "s5")).toEqual(["reset"]);
  });

  test("never shares the cursors that it makes with another replica at the same place", async () => {
    const [one, other] = [feedOf(), feedOf()];
    const [ours, theirs] = [one, other].map((feed) => {
      feed.append([entry("s1", 1)]);
      feed.bridge([change(2), change(3)], "s9");
      return feed;
    }) as [ReplicaFeed, ReplicaFeed];
    const middle: string[] = [];
    const stop = new AbortController();
    for await (const batch of ours.read({ since: "s1", signal: stop.signal, closed: stop.signal })) {
      if (batch.type === "changes") middle.push(...batch.entries.map(({ cursor }) => cursor));
      break;
    }
    expect(middle[1]).toBe("s9");
    expect(await rest(ours, middle[0] ?? "")).toEqual([3]);
    expect(await rest(theirs, middle[0] ?? "")).toEqual(["reset"]);
    expect(await rest(theirs, "s9")).toEqual([]);
  });

  test("that came to a new cursor by no change knows both, and what follows", async () => {
    const feed = feedOf();
    feed.append([entry("s1", 1)]);
    feed.bridge([], "t4");
    expect(feed.cursor).toBe("t4");
    feed.append([entry("t5", 5)]);
    for (const cursor of ["s1", "t4"]) expect(await rest(feed, cursor)).toEqual([5]);
    feed.bridge([], "u6");
    expect(await rest(feed, "u6")).toEqual([]);
    expect(await rest(feed, "t5")).toEqual([]);
    // Of two such names the newer is remembered; the older one is gone, and says so.
    expect(await rest(feed, "t4")).toEqual(["reset"]);
  });

  test("begins anew where a cursor comes a second time, for other changes", async () => {
    const feed = feedOf();
    feed.append([entry("s1", 1), entry("s2", 2), entry("s3", 3)]);
    feed.append([entry("s2", 20)]);
    for (const old of ["s1", "s3"]) expect(await rest(feed, old)).toEqual(["reset"]);
    expect(await rest(feed, "s2")).toEqual([]);
    feed.bridge([change(4)], "s1");
    expect(feed.cursor).toMatch(/^s1~/);
    for (const old of ["s1", "s2", "s3"]) expect(await rest(feed, old)).toEqual(["reset"]);
    feed.restart("s1");
    expect(await rest(feed, "s1")).toEqual(["reset"]);
  });

  test("begins anew where the way is longer than what it keeps", async () => {
    const feed = feedOf(3);
    feed.append([entry("s1", 1)]);
    feed.bridge([1, 2, 3, 4].map(change), "s9");
    expect(feed.cursor).toBe("s9");
    expect(await rest(feed, "s1")).toEqual(["reset"]);
    expect(await rest(feed, "s9")).toEqual([]);
  });

  test("wakes who waits, at whatever comes", async () => {
    const feed = feedOf();
    const stop = new AbortController();
    const reader = feed.read({ signal: stop.signal, closed: stop.signal })[Symbol.asyncIterator]();
    const step = async (): Promise<unknown> => {
      const { value } = (await reader.next()) as { readonly value: FeedBatch };
      return value.type === "reset" ? "reset" : [seen(value).length, value.meta?.cursor];
    };
    for (const [act, expected] of [
      [() => feed.append([entry("s1", 1)]), [1, "s1"]],
      [() => feed.append([]), [0, "s1"]],
      [() => feed.bridge([change(2)], "s2"), [1, "s2"]],
      [() => feed.bridge([], "s3"), [0, "s3"]],
      [() => feed.restart("s4"), "reset"],
    ] as const) {
      const next = step();
      act();
      expect(await next).toEqual(expected);
    }
    stop.abort();
  });
});
