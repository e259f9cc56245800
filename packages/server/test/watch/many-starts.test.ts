// Many watches that begin at the same time, and readers who do not take their part of it.
import { setImmediate as nextTurn } from "node:timers/promises";
import { MemoryStore, PODS } from "@krm/core";
import { ManualClock } from "@krm/testkit";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { writer } from "../support/fixtures.ts";
import { Frames } from "../../src/watch/frames.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { brief, commit, MemorySink, pass, set, settle, thing, watch } from "./support.ts";

let clock: ManualClock;
let store: MemoryStore;
let hub: WatchHub;
let to: ReturnType<typeof writer>;

beforeEach(() => {
  clock = new ManualClock();
  store = new MemoryStore();
  hub = new WatchHub({ store, clock, random: () => 0.5, log: { events: 100, bytes: 1e9, ageMs: 1e9 } });
  to = writer(store, { resource: PODS });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await hub[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

test("share each turn of the event loop, are served one after the other, and none is cut for waiting", async () => {
  const all = Array.from({ length: 2000 }, (_, i) => set(thing(`p${i}`, 10 + i), "list"));
  await to.commit(commit(5000, all));
  await hub.prepare([{ resource: PODS }]);
  let written = 0;
  const sinks = Array.from({ length: 60 }, () => new MemorySink());
  const ends: (() => string | undefined)[] = [];
  for (const sink of sinks) {
    sink.onBlock = ({ length }) => (written += length);
    ends.push((await watch(hub, "allowWatchBookmarks=true", { sink })).how);
  }
  const most = { turn: 0, begun: 0 };
  for (let turn = 0; turn < 3000 && sinks.some(({ writes }) => writes === 0); turn++) {
    const before = written;
    // More than the log holds, while most still wait for their turn.
    if (turn % 10 === 0) await to.commit(commit(5001 + turn, [set(thing("p0", 5001 + turn))]));
    if (turn === 20)
      await to.commit(
        commit(
          5022,
          Array.from({ length: 90 }, (_, i) => set(thing(`p${i}`, 5022))),
        ),
      );
    await nextTurn();
    most.turn = Math.max(most.turn, written - before);
    if (turn === 5) most.begun = sinks.filter(({ writes }) => writes > 0).length;
  }
  await settle();
  // Some turns pass within a commit.
  expect(most.turn).toBeLessThan(8 * 256 * 1024);
  expect(most.begun).toBeLessThan(30);
  for (let turn = 0; turn < 100; turn++) await nextTurn();
  expect(ends.map((how) => how())).toEqual(ends.map(() => undefined));
  for (const sink of sinks) {
    const objects = sink.take().filter(({ type }) => type !== "BOOKMARK");
    expect(new Set(objects.map(({ object }) => object.metadata.name)).size).toBe(2000);
  }
});

test("who has room is not held up by those who take nothing", async () => {
  await to.commit(commit(20, [set(thing("b", 20, { long: "x".repeat(1_200_000) })), set(thing("c", 19))]));
  await hub.prepare([{ resource: PODS }]);
  for (let i = 0; i < 20; i++) {
    const sink = new MemorySink();
    sink.hold(true);
    await watch(hub, "", { sink });
  }
  const { sink } = await watch(hub, "");
  await settle();
  expect(sink.take()).toHaveLength(2);
});

test("who listens, and leaves a little lying for minutes, is cut; who takes some of it is not", async () => {
  await to.commit(commit(10, [set(thing("a", 5))]));
  const stuck = await watch(hub, "resourceVersion=10");
  const slow = await watch(hub, "resourceVersion=10");
  stuck.sink.hold(true);
  slow.sink.hold(true);
  for (let version = 11; version < 16; version++) {
    await to.commit(commit(version, [set(thing("a", version))]));
    await pass(clock, 60_000);
    slow.sink.hold(false);
    slow.sink.hold(true);
  }
  expect([stuck.how(), slow.how()]).toEqual(["slow", undefined]);
});

test("what cannot be framed ends those who were to be told it, and no one else", async () => {
  await to.commit(commit(10, [set(thing("a", 5))]));
  const one = await watch(hub, "resourceVersion=10");
  const other = await watch(hub, "resourceVersion=10&labelSelector=app!=bad");
  await settle();
  const { event } = Frames.prototype;
  vi.spyOn(Frames.prototype, "event").mockImplementation(function (this: Frames, ...args) {
    if (args[1].object.name === "bad") throw new Error("no frame");
    return event.apply(this, args);
  });
  await to.commit(commit(12, [set(thing("bad", 11, { app: "bad" })), set(thing("good", 12))]));
  await settle();
  expect([one.how(), one.sink.destroyed, other.how()]).toEqual(["failed", true, undefined]);
  expect(other.sink.take().map(brief)).toEqual(["ADDED good@12"]);
  const late = await watch(hub, "resourceVersion=10");
  await settle();
  expect([late.how(), hub.counts.ended.failed]).toEqual(["failed", 2]);
});
