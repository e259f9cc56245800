// A watch of several namespaces that are followed one by one.
import type { StatusError } from "@krm/apimachinery";
import { MemoryStore, PODS, ReplicaStore, type ResourceVersion, type Scope } from "@krm/core";
import { ManualClock, type WritableScope } from "@krm/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { START, writer } from "../support/fixtures.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { type AskOptions, brief, commit, pass, removed, set, settle, thing, watch, type Watching } from "./support.ts";

const A: Scope = { resource: PODS, namespace: "a" };
const B: Scope = { resource: PODS, namespace: "b" };
const BOTH = [A, B] as const;

let clock: ManualClock;
let store: MemoryStore;
let hub: WatchHub;
let a: WritableScope;
let b: WritableScope;

beforeEach(() => {
  clock = new ManualClock();
  store = new MemoryStore();
  hub = new WatchHub({ store, clock, random: () => 0.5 });
  a = writer(store, A);
  b = writer(store, B);
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

async function open(query: string, options: Omit<AskOptions, "scopes"> = {}, of = hub): Promise<Watching> {
  const watching = await watch(of, query, { scopes: BOTH, ...options });
  await settle();
  return watching;
}

function told({ sink }: Watching): readonly string[] {
  return sink.take().map(brief);
}

/** Both namespaces, followed from before their first lists. */
async function begun(): Promise<void> {
  hub.follow(BOTH);
  await settle();
  await a.commit(commit(105, [set(thing("a/x", 101)), set(thing("a/y", 102))]));
  await b.commit(commit(100, [set(thing("b/x", 90, { app: "web" }))]));
  await settle();
}

describe("one server over a store of its own tells at once", () => {
  beforeEach(begun);

  test("all that there is, in the order of a list, and the lowest version behind it", async () => {
    const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const all = await open(query);
    expect(all.sink.take().map((frame) => `${frame.object.metadata.namespace} ${brief(frame)}`)).toEqual([
      "a ADDED x@101",
      "a ADDED y@102",
      "b ADDED x@90",
      "undefined BOOKMARK 100 end",
    ]);
    await a.commit(commit(106, [set(thing("a/x", 106))]));
    await b.commit(commit(103, [set(thing("b/y", 103))]));
    await settle();
    expect(told(all)).toEqual(["MODIFIED x@106", "ADDED y@103"]);
    await pass(clock, 60_000);
    expect(told(all)).toEqual(["BOOKMARK 103"]);
  });

  test("from the version of the first list on", async () => {
    const since = await open("resourceVersion=100");
    expect(told(since)).toEqual([]);
    await b.commit(commit(103, [set(thing("b/y", 103))]));
    await settle();
    expect(told(since)).toEqual(["ADDED y@103"]);
  });

  test("who goes on from the last version that came gets what the quieter namespace told later, under an older one", async () => {
    await a.commit(commit(106, [set(thing("a/x", 106))]));
    await b.commit(commit(103, [set(thing("b/y", 103))]));
    await a.commit(commit(107, [set(thing("a/z", 107))]));
    await settle();
    expect(told(await open("resourceVersion=106"))).toEqual(["ADDED y@103", "ADDED z@107"]);
    // Told behind 106: who was told this last holds 106 too, but that is not to be seen in it.
    expect(told(await open("resourceVersion=103"))).toEqual(["MODIFIED x@106", "ADDED y@103", "ADDED z@107"]);
    expect(told(await open("resourceVersion=107"))).toEqual([]);
  });

  test("each object once to who goes on, as it is by then: nobody is led back to what a list had shown", async () => {
    await a.commit(commit(110, [set(thing("a/x", 106)), set(thing("a/z", 108)), set(thing("a/x", 110))]));
    await a.commit(commit(112, [removed(thing("a/z", 108), 112, thing("a/z", 112))]));
    await settle();
    // What a list of now says.
    expect(told(await open("resourceVersion=100"))).toEqual(["MODIFIED x@110", "DELETED z@112"]);
  });

  test("with a selector, to who goes on: what was wanted at any time since is deleted when it is not any more", async () => {
    await b.commit(commit(103, [set(thing("b/x", 103))]));
    await b.commit(commit(106, [set(thing("b/x", 106, { app: "db" }))]));
    await b.commit(commit(109, [set(thing("b/new", 107, { app: "web" })), set(thing("b/new", 109))]));
    await settle();
    const query = "resourceVersion=100&labelSelector=app%3Dweb";
    expect(told(await open(query))).toEqual(["DELETED x@106", "DELETED new@109"]);
  });

  test("an event once for all, whether they watch it alone or with the others", async () => {
    const [all, one] = [await open(""), await watch(hub, "", { scopes: [A] })];
    await settle();
    for (const { sink } of [all, one]) sink.take();
    const before = hub.counts.framed;
    await a.commit(commit(106, [set(thing("a/x", 106))]));
    await settle();
    expect([told(all), told(one)]).toEqual([["MODIFIED x@106"], ["MODIFIED x@106"]]);
    expect(hub.counts.framed - before).toBe(1);
  });

  test("in the forms of any watch", async () => {
    const table = await open("", { representation: { type: "table", version: "v1" } });
    const metadata = await open("", { representation: { type: "partial-object-metadata", version: "v1" } });
    type TableFrame = { object: { columnDefinitions: unknown; rows: { cells: unknown[] }[] } };
    const rows = table.sink.take() as unknown as readonly TableFrame[];
    expect(rows.map(({ object }) => [object.columnDefinitions !== null, object.rows[0]?.cells[0]])).toEqual([
      [true, "x"],
      [false, "y"],
      [false, "x"],
    ]);
    expect(metadata.sink.take().map(({ object }) => object.kind)).toEqual(Array(3).fill("PartialObjectMetadata"));
    await b.commit(commit(103, [set(thing("b/y", 103))]));
    await settle();
    expect(told(metadata)).toEqual(["ADDED y@103"]);
  });

  test("the oldest of the namespaces' contacts, where that is asked for", async () => {
    await a.commit(commit(106, [], { lastContact: START + 5000 }));
    await b.commit(commit(106, [], { lastContact: START + 1000 }));
    await settle();
    const live = await open("resourceVersion=106&allowWatchBookmarks=true", { tellsContact: true });
    const contact = (): unknown => live.sink.take().map(({ object }) => object.metadata.annotations);
    expect(contact()).toEqual([{ "krm.dev/last-contact": "2026-01-01T00:00:01.000Z" }]);
    await b.commit(commit(106, [], { lastContact: START + 9000 }));
    await pass(clock, 10_000);
    expect(contact()).toEqual([{ "krm.dev/last-contact": "2026-01-01T00:00:05.000Z" }]);
    await pass(clock, 10_000);
    await a.commit(commit(106, [], { lastContact: START + 6000 }));
    await settle();
    expect(contact()).toEqual([{ "krm.dev/last-contact": "2026-01-01T00:00:06.000Z" }]);
  });

  test("a repair at once, and to who goes on from before it", async () => {
    const live = await open("resourceVersion=105");
    await b.commit(commit(100, [set(thing("b/r", 95), "repair")], { repairPending: true }));
    await settle();
    expect(told(live)).toEqual(["ADDED r@95"]);
    await b.commit(commit(120, [], { resumeFloor: "120" as ResourceVersion }));
    await settle();
    expect(told(await open("resourceVersion=105"))).toEqual(["ADDED r@95"]);
  });

  test("410 to everyone when one of the namespaces begins anew", async () => {
    const live = await open("resourceVersion=105");
    const future = await open("resourceVersion=999");
    await b.commit(commit(90, [], { epoch: 1, resumeFloor: "90" as ResourceVersion }, true));
    await settle();
    for (const { sink, how } of [live, future]) {
      expect(sink.take().map(({ type, object }) => [type, object.code])).toEqual([["ERROR", 410]]);
      expect(how()).toBe("expired");
    }
    const back = await open("resourceVersion=105");
    expect(back.how()).toBe("expired");
  });

  test("410 to who watches all when a namespace comes to it, also where it was one alone", async () => {
    const both = await open("resourceVersion=105");
    const c: Scope = { resource: PODS, namespace: "c" };
    await writer(store, c).commit(commit(104, [set(thing("c/x", 99))]));
    hub.follow([A, B, c]);
    await settle();
    expect(both.how()).toBe("expired");
    const three = await watch(hub, "", { scopes: [A, B, c] });
    await settle();
    expect(told(three)).toEqual(["ADDED x@101", "ADDED y@102", "ADDED x@90", "ADDED x@99"]);
    // A request that found out before the namespace came does not end the others.
    await open("");
    expect(three.how()).toBeUndefined();

    const [d, e] = ["d", "e"].map((namespace): Scope => ({ resource: PODS, namespace })) as [Scope, Scope];
    await writer(store, d).commit(commit(10));
    const alone = await watch(hub, "", { scopes: [d] });
    const named = await watch(hub, "", { scopes: [d], namespace: "d" });
    hub.follow([d, e]);
    await settle();
    expect([alone.how(), named.how()]).toEqual(["expired", undefined]);
  });
});

test("who begins to follow late cannot tell from a version what of the others was told: 410, until all have passed it", async () => {
  await a.commit(commit(105, [set(thing("a/x", 101))]));
  await b.commit(commit(100, [set(thing("b/x", 90))]));
  await hub.prepare(BOTH);
  expect((await open("resourceVersion=100")).how()).toBe("expired");
  expect((await open("resourceVersion=105")).how()).toBe("expired");
  await b.commit(commit(110));
  await a.commit(commit(110));
  await settle();
  expect((await open("resourceVersion=110")).how()).toBeUndefined();
});

test("a namespace without a view is left out, and ends the watches of the others when it comes", async () => {
  await a.commit(commit(105, [set(thing("a/x", 101))]));
  const part = await open("");
  expect(told(part)).toEqual(["ADDED x@101"]);
  await b.commit(commit(107, [set(thing("b/x", 90))]));
  await settle();
  expect(part.how()).toBe("expired");
  expect(told(await open(""))).toEqual(["ADDED x@101", "ADDED x@90"]);
});

test("there is nothing to watch before any namespace has a view", async () => {
  const error: unknown = await open("").catch((thrown: unknown) => thrown);
  expect((error as StatusError).status).toMatchObject({ code: 503, details: { retryAfterSeconds: 1 } });
});

test("versions that cannot be ordered are those of one namespace at a time", async () => {
  const opaque = { snapshotOnly: true, streamedThrough: undefined };
  await a.commit(commit("x-1", [], opaque));
  await b.commit(commit("x-2", [], opaque));
  const error: unknown = await open("").catch((thrown: unknown) => thrown);
  expect((error as StatusError).status).toMatchObject({
    code: 405,
    message: expect.stringContaining("one namespace at a time: a, b") as string,
  });
});

describe("where others may serve the same store, events come in the order of their versions", () => {
  let replica: ReplicaStore;
  let served: WatchHub;

  beforeEach(async () => {
    await begun();
    replica = new ReplicaStore({ source: store, clock, random: () => 0.5 }).start();
    served = new WatchHub({ store: replica, clock, random: () => 0.5 });
    await pass(clock, 2000);
    await served.prepare(BOTH);
  });
  afterEach(async () => {
    await served[Symbol.asyncDispose]();
    await replica[Symbol.asyncDispose]();
  });

  test("none begins before all namespaces have come as far as one had been when following began", async () => {
    const error: unknown = await open("", {}, served).catch((thrown: unknown) => thrown);
    expect((error as StatusError).status).toMatchObject({
      code: 503,
      message: expect.stringContaining("pods in namespace b stand at version 100") as string,
      details: { retryAfterSeconds: 5 },
    });
    await b.commit(commit(106));
    await settle();
    const all = await open("allowWatchBookmarks=true", {}, served);
    expect(told(all)).toEqual(["ADDED x@101", "ADDED y@102", "ADDED x@90", "BOOKMARK 105 end"]);
  });

  test("as soon as all namespaces have come as far", async () => {
    await b.commit(commit(106));
    await settle();
    const live = await open("resourceVersion=105", {}, served);
    await a.commit(commit(120, [set(thing("a/x", 110)), set(thing("a/y", 120))]));
    await settle();
    expect(told(live)).toEqual([]);
    await b.commit(commit(115, [set(thing("b/x", 112)), set(thing("b/y", 115))]));
    await settle();
    expect(told(live)).toEqual(["MODIFIED x@110", "MODIFIED x@112", "ADDED y@115"]);
    await b.commit(commit(130));
    await settle();
    expect(told(live)).toEqual(["MODIFIED y@120"]);
  });

  test("a repair is a 410 to all, and to who comes from below the version at which it took effect", async () => {
    await b.commit(commit(106));
    await settle();
    const live = await open("resourceVersion=106", {}, served);
    await b.commit(commit(106, [set(thing("b/r", 95), "repair")], { repairPending: true }));
    await settle();
    expect(live.how()).toBe("expired");
    await a.commit(commit(130));
    await b.commit(commit(120, [], { resumeFloor: "120" as ResourceVersion }));
    await settle();
    // Another server may have told this, and not the repair.
    expect(told(await open("resourceVersion=115", {}, served))).toEqual([
      "ERROR 410 too old resource version: 115 (120)",
    ]);
    expect((await open("resourceVersion=120", {}, served)).how()).toBeUndefined();
  });

  test("who goes on is told as soon as the namespaces have come to what a list may have shown", async () => {
    await b.commit(commit(106));
    await a.commit(commit(120, [set(thing("a/x", 110)), set(thing("a/x", 120))]));
    await settle();
    const listed = await open("resourceVersion=106", {}, served);
    await b.commit(commit(115));
    await settle();
    // The list showed x@120: x@110, which could be told by now, would lead back.
    expect(told(listed)).toEqual([]);
    await b.commit(commit(121));
    await settle();
    expect(told(listed)).toEqual(["MODIFIED x@120"]);
  });
});
