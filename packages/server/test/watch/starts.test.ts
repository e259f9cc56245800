// What a watch begins with, and what it is told then.
import { StatusError } from "@krm/apimachinery";
import { MemoryStore, PODS, type ResourceVersion } from "@krm/core";
import { ManualClock, type WritableScope } from "@krm/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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

const ALL = ["ADDED a@6", "ADDED b@21", "ADDED d@22"];
const SINCE_20 = ["MODIFIED b@21", "ADDED d@22", "DELETED c@23"];

describe("a watch begins with", () => {
  test.each<[query: string, told: readonly string[]]>([
    ["", ALL],
    ["resourceVersion=0", ALL],
    ["allowWatchBookmarks=true", [...ALL, "BOOKMARK 30 end"]],
    ["resourceVersionMatch=NotOlderThan&sendInitialEvents=true", ALL],
    ["resourceVersionMatch=NotOlderThan&sendInitialEvents=true&allowWatchBookmarks=1", [...ALL, "BOOKMARK 30 end"]],
    ["resourceVersionMatch=NotOlderThan&sendInitialEvents=true&resourceVersion=30", ALL],
    ["resourceVersionMatch=NotOlderThan&sendInitialEvents=false", []],
    ["resourceVersion=20", SINCE_20],
    ["resourceVersion=020", SINCE_20],
    ["resourceVersion=21", SINCE_20.slice(1)],
    ["resourceVersion=22", SINCE_20.slice(2)],
    ["resourceVersion=23", []],
    ["resourceVersion=27", []],
    ["resourceVersion=30", []],
    ["resourceVersion=31", []],
    ["resourceVersion=19", ["ERROR 410 too old resource version: 19 (20)"]],
    ["resourceVersion=1", ["ERROR 410 too old resource version: 1 (20)"]],
    ["labelSelector=app%3Dweb", ["ADDED a@6", "ADDED b@21"]],
    ["labelSelector=app%3Dweb&resourceVersion=20", ["ADDED b@21"]],
    ["labelSelector=!app&resourceVersion=20", ["DELETED b@21", "ADDED d@22", "DELETED c@23"]],
    ["fieldSelector=metadata.name%3Dd", ["ADDED d@22"]],
    ["fieldSelector=spec.nodeName%3Don-d&resourceVersion=20", ["ADDED d@22"]],
  ])("?%s", async (query, told) => {
    await history();
    const { sink, how } = await watch(hub, query);
    await settle();
    expect(sink.take().map(brief).toSorted()).toEqual(told.toSorted());
    const fails = told[0]?.startsWith("ERROR") === true;
    expect([how(), sink.ended]).toEqual(fails ? ["expired", true] : [undefined, false]);
  });

  test("what there is in the order of a list", async () => {
    await history();
    const { sink } = await watch(hub, "");
    await settle();
    expect(sink.take().map(brief)).toEqual(["ADDED a@6", "ADDED b@21", "ADDED d@22"].toSorted());
  });

  test("one namespace alone", async () => {
    await history();
    const whole = await watch(hub, "", { namespace: "other" });
    const since = await watch(hub, "resourceVersion=20", { namespace: "other" });
    await settle();
    expect(whole.sink.take().map(brief)).toEqual(["ADDED a@6"]);
    await to.commit(commit(31, [set(thing("other/a", 31)), set(thing("b", 32))]));
    await settle();
    expect(whole.sink.take().map(brief)).toEqual(["MODIFIED a@31"]);
    expect(since.sink.take().map(brief)).toEqual(["MODIFIED a@31"]);
  });
});

test("a watch from the future waits silently, and is told what is newer", async () => {
  await history();
  const { sink } = await watch(hub, "resourceVersion=35&allowWatchBookmarks=true");
  await to.commit(commit(33, [set(thing("x", 33))]));
  await pass(clock, 61_000);
  expect(sink.take()).toEqual([]);
  await to.commit(commit(36, [set(thing("y", 35)), set(thing("z", 36))]));
  await to.commit(commit(37, [set(thing("late", 34), "repair")]));
  await settle();
  expect(sink.take().map(brief)).toEqual(["ADDED z@36", "ADDED late@34"]);
});

test("a watch of everything that is not older than a version waits for it, three seconds at most", async () => {
  await history();
  const query = "resourceVersionMatch=NotOlderThan&sendInitialEvents=true&resourceVersion=33";
  const patient = await watch(hub, query);
  await settle();
  expect(patient.sink.take()).toEqual([]);
  await to.commit(commit(33));
  await settle();
  expect(patient.sink.take()).toHaveLength(3);
  const vain = await watch(hub, query.replace("33", "99"));
  await pass(clock, 3000);
  expect(vain.sink.take().map(brief)).toEqual(["ERROR 504 Timeout: Too large resource version: 99, current: 33"]);
  expect(await vain.end).toBe("too-new");
});

test.each([
  ["fieldSelector=spec.nope%3D1", {}, 400],
  ["", { representation: { type: "yaml" } as const }, 406],
  ["", { representation: { type: "partial-object-metadata-list", version: "v1" } as const }, 406],
])("?%s %o is refused before it begins", async (query, options, code) => {
  await history();
  const error: unknown = await watch(hub, query, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StatusError);
  expect((error as StatusError).status.code).toBe(code);
});

test("there is nothing to watch before the first list, and there is right after it", async () => {
  const early: unknown = await watch(hub, "").catch((thrown: unknown) => thrown);
  expect((early as StatusError).status).toMatchObject({ code: 503, details: { retryAfterSeconds: 1 } });
  await to.commit(commit(20, [set(thing("b", 5))]));
  await settle();
  const { sink } = await watch(hub, "");
  await settle();
  expect(sink.take().map(brief)).toEqual(["ADDED b@5"]);
});

describe("law 10: repairs", () => {
  test("reach who watches at once, under the object's own version, and who resumes from what was told before", async () => {
    await history();
    const live = await watch(hub, "resourceVersion=30");
    await to.commit(commit(30, [set(thing("r", 12), "repair"), removed(thing("d", 22), 30)], { repairPending: true }));
    await settle();
    expect(live.sink.take().map(brief)).toEqual(["ADDED r@12", "DELETED d@30"]);
    // The version has not moved: whoever comes with it may not know.
    for (const version of ["23", "27", "30"]) {
      const { sink } = await watch(hub, `resourceVersion=${version}`);
      await settle();
      expect(sink.take().map(brief)).toEqual(["ADDED r@12", "DELETED d@30"]);
    }
    await to.commit(commit(31, [], { resumeFloor: "31" as ResourceVersion }));
    await settle();
    const old = await watch(hub, "resourceVersion=30");
    const fresh = await watch(hub, "resourceVersion=31");
    await settle();
    expect(old.sink.take().map(brief)).toEqual(["ERROR 410 too old resource version: 30 (31)"]);
    expect(fresh.sink.take()).toEqual([]);
  });

  test("that came before anybody followed hold up who comes with the version of then", async () => {
    await to.commit(commit(30, [set(thing("r", 12), "repair")], { repairPending: true }));
    const { sink } = await watch(hub, "resourceVersion=30");
    await settle();
    expect(sink.take().map(brief)).toEqual(["ERROR 410 too old resource version: 30 (31)"]);
    await to.commit(commit(31, [], { resumeFloor: "31" as ResourceVersion }));
    await settle();
    const later = await watch(hub, "resourceVersion=31");
    await settle();
    expect(later.how()).toBeUndefined();
  });
});

test("a life that is replaced ends just below the next one, and who has heard of that alone gets the next one", async () => {
  await history();
  const live = await watch(hub, "resourceVersion=30&labelSelector=app%3Dweb");
  await to.commit(commit(50, [set(thing("b", 44, { app: "web" }, "2"))]));
  await settle();
  expect(live.sink.take().map((frame) => `${brief(frame)} ${frame.object.metadata.uid}`)).toEqual([
    "DELETED b@43 team-a-b-1",
    "ADDED b@44 team-a-b-2",
  ]);
  const { sink } = await watch(hub, "resourceVersion=43");
  await settle();
  expect(sink.take().map(brief)).toEqual(["ADDED b@44"]);
});

test("whoever holds a version of a list gets all of it again: it has no order that another server would keep", async () => {
  await history();
  await to.commit(commit(60, [set(thing("b", 44), "list"), set(thing("z", 41), "list"), set(thing("y", 58), "list")]));
  await settle();
  for (const version of ["31", "44", "58", "60"]) {
    const { sink } = await watch(hub, `resourceVersion=${version}`);
    await settle();
    expect(sink.take().map(brief)).toEqual(["MODIFIED b@44", "ADDED z@41", "ADDED y@58"]);
  }
  await to.commit(commit(61, [set(thing("b", 61))]));
  await settle();
  const { sink } = await watch(hub, "resourceVersion=61");
  await settle();
  expect(sink.take()).toEqual([]);
});

describe("what cannot be gone on from", () => {
  test("a feed that starts anew ends every watch with 410, also those that wait", async () => {
    await history();
    const watches = [
      await watch(hub, ""),
      await watch(hub, "resourceVersion=30"),
      await watch(hub, "resourceVersion=99"),
    ];
    await settle();
    for (const { sink } of watches) sink.take();
    await to.commit(
      commit(25, [removed(thing("d", 22), 25)], { epoch: 1, resumeFloor: "25" as ResourceVersion }, true),
    );
    await settle();
    for (const { sink, how } of watches) {
      expect(sink.take().map(({ type, object }) => [type, object.code])).toEqual([["ERROR", 410]]);
      expect([how(), sink.ended]).toEqual(["expired", true]);
    }
    // It would wait for a version of the new history, and what it has is of the old one.
    const stranded = await watch(hub, "resourceVersion=29");
    const before = await watch(hub, "resourceVersion=24");
    const known = await watch(hub, "resourceVersion=25");
    await settle();
    expect(stranded.how()).toBe("expired");
    expect(before.how()).toBe("expired");
    expect(known.how()).toBeUndefined();
  });

  test("versions that cannot be compared: the newest is gone on from, while nothing came behind it", async () => {
    const opaque = { snapshotOnly: true, streamedThrough: undefined };
    await to.commit(commit("x-1", [set(thing("b", 5), "list")], opaque));
    await hub.prepare([{ resource: PODS }]);
    const live = await watch(hub, "");
    const listed = await watch(hub, "resourceVersion=1");
    await settle();
    expect(listed.how()).toBe("expired");
    await to.commit(commit("x-2", [set(thing("b", 4), "list")], opaque));
    await settle();
    expect(live.sink.take().map(brief)).toEqual(["ADDED b@5", "MODIFIED b@4"]);
    await to.commit(commit(100, [], {}));
    await settle();
    expect(live.how()).toBe("expired");
  });
});
