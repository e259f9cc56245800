// How long a watch lasts, its bookmarks, and for how long what it may come back for is kept.
import { MemoryStore, PODS } from "@krm/core";
import { ManualClock, type WritableScope } from "@krm/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writer } from "../support/fixtures.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { brief, commit, pass, removed, set, settle, thing, watch } from "./support.ts";

let clock: ManualClock;
let store: MemoryStore;
let hub: WatchHub;
let to: WritableScope;

beforeEach(() => {
  clock = new ManualClock();
  store = new MemoryStore();
  hub = new WatchHub({ store, clock, random: () => 0.5 });
  to = writer(store, { resource: PODS });
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

/** Three pods; then, with somebody following, one is changed at 21, one comes at 22, one goes at 23. Versions to 30. */
async function history(): Promise<void> {
  const gone = thing("c", 7);
  await to.commit(commit(20, [set(thing("b", 5)), set(thing("other/a", 6, { app: "web" })), set(gone)]));
  await hub.prepare([{ resource: PODS }]);
  await to.commit(commit(21, [set(thing("b", 21, { app: "web" }))]));
  await to.commit(commit(23, [set(thing("d", 22)), removed(gone, 23, thing("c", 23))]));
  await to.commit(commit(30));
  await settle();
}

test("the last bookmark comes shortly before the end, the others every minute", async () => {
  await history();
  const { sink, end } = await watch(hub, "resourceVersion=30&allowWatchBookmarks=true&timeoutSeconds=90");
  const silent = await watch(hub, "resourceVersion=30&timeoutSeconds=90");
  await to.commit(commit(40));
  await pass(clock, 60_000);
  expect(sink.takeText()).toBe(
    '{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"40"},"spec":{"containers":null},"status":{}}}\n',
  );
  await to.commit(commit(41, [set(thing("x", 41))]));
  await pass(clock, 28_000);
  expect(sink.take().map(brief)).toEqual(["ADDED x@41", "BOOKMARK 41"]);
  await pass(clock, 2000);
  expect(await end).toBe("timeout");
  expect(sink.ended).toBe(true);
  expect(await silent.end).toBe("timeout");
  expect(silent.sink.take().map(brief)).toEqual(["ADDED x@41"]);
});

test("without a time a watch lasts thirty to sixty minutes", async () => {
  await history();
  const { how } = await watch(hub, "resourceVersion=30");
  await pass(clock, 2_699_000);
  expect(how()).toBeUndefined();
  await pass(clock, 1000);
  expect(how()).toBe("timeout");
});

test("a scope is followed for five minutes after its last watch", async () => {
  await history();
  const { sink } = await watch(hub, "resourceVersion=30");
  sink.leave();
  await pass(clock, 299_000);
  await to.commit(commit(40, [set(thing("x", 40))]));
  const back = await watch(hub, "resourceVersion=30");
  await settle();
  expect(back.sink.take().map(brief)).toEqual(["ADDED x@40"]);
  back.sink.leave();
  await pass(clock, 300_000);
  expect(clock.pending).toBe(0);
  await to.commit(commit(41));
  const late = await watch(hub, "resourceVersion=40");
  await settle();
  expect(late.how()).toBe("expired");
});

test("a scope that is listed now and then is followed on", async () => {
  await history();
  for (let minutes = 0; minutes < 12; minutes += 4) {
    await pass(clock, 240_000);
    await hub.prepare([{ resource: PODS }]);
  }
  await to.commit(commit(31, [set(thing("x", 31))]));
  const { sink } = await watch(hub, "resourceVersion=30");
  await settle();
  expect(sink.take().map(brief)).toEqual(["ADDED x@31"]);
});

test("events are kept for five minutes", async () => {
  await history();
  await watch(hub, "");
  await pass(clock, 301_000);
  await to.commit(commit(31));
  await settle();
  const old = await watch(hub, "resourceVersion=22");
  const next = await watch(hub, "resourceVersion=23");
  await settle();
  expect([old.how(), next.how()]).toEqual(["expired", undefined]);
});

test("the signal, and the server's end, end a watch in good order", async () => {
  await history();
  const stop = new AbortController();
  const one = await watch(hub, "", { signal: stop.signal });
  const two = await watch(hub, "");
  await to.commit(commit(31, [set(thing("x", 31))]));
  stop.abort();
  expect(await one.end).toBe("stopped");
  await hub[Symbol.asyncDispose]();
  expect(await two.end).toBe("stopped");
  expect([one.sink.ended, two.sink.ended]).toEqual([true, true]);
  expect(hub.counts).toMatchObject({ open: 0, ended: { stopped: 2 } });
});

test("a server that has ended waits for nothing", async () => {
  await history();
  await watch(hub, "resourceVersion=20");
  await settle();
  await hub[Symbol.asyncDispose]();
  await settle();
  expect(clock.pending).toBe(0);
});
