// Many readers of the same, and readers who take too little.
import { MemoryStore, PODS, type ViewChange } from "@krm/core";
import { ManualClock, type WritableScope } from "@krm/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FieldCache } from "../../src/selection/field-cache.ts";
import { pod, writer } from "../support/fixtures.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { brief, commit, MemorySink, pass, set, settle, thing, watch } from "./support.ts";

/** Counts how often an object is looked into. */
class CountedFields extends FieldCache {
  asked = 0;

  override fieldsOf(...of: Parameters<FieldCache["fieldsOf"]>): ReturnType<FieldCache["fieldsOf"]> {
    this.asked += 1;
    return super.fieldsOf(...of);
  }
}

let clock: ManualClock;
let store: MemoryStore;
let hub: WatchHub;
let to: WritableScope;

beforeEach(async () => {
  clock = new ManualClock();
  store = new MemoryStore();
  hub = new WatchHub({
    store,
    clock,
    random: () => 0.5,
    log: { events: 200, bytes: 1e9, ageMs: 1e9 },
    reader: { windowBytes: 10_000, stallMs: 30_000 },
  });
  to = writer(store, { resource: PODS });
  await to.commit(commit(10, [set(thing("a", 5))]));
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

/** `count` changes of one pod, from a version on. */
function changes(from: number, count: number): readonly ViewChange[] {
  return Array.from({ length: count }, (_, i) => set(thing("a", from + i, { app: i % 2 === 0 ? "web" : "db" })));
}

describe("a thousand readers", () => {
  test("of the same get the same bytes, made once and written once", async () => {
    const blocks = new Set<Buffer>();
    const sinks = Array.from({ length: 1000 }, () => new MemorySink());
    for (const sink of sinks) {
      await watch(hub, "resourceVersion=10", { sink });
      sink.onBlock = (block) => blocks.add(block);
    }
    await to.commit(commit(11, [set(thing("a", 11))]));
    await settle();
    expect(hub.counts).toMatchObject({ open: 1000, framed: 1 });
    expect(blocks.size).toBe(1);
    expect(sinks.every(({ writes }) => writes === 1)).toBe(true);
    // What comes in one turn leaves as one.
    for (const version of [12, 13, 14]) void to.commit(commit(version, [set(thing("a", version))]));
    await settle();
    expect(hub.counts.framed).toBe(4);
    expect(sinks.map((sink) => [sink.writes, sink.take().length])).toEqual(sinks.map(() => [2, 4]));
  });

  test("with selectors of their own cost a frame for each type that one of them is told", async () => {
    for (let i = 0; i < 1000; i++)
      await watch(hub, `resourceVersion=10&labelSelector=${["app=web", "app!=web", ""][i % 3] ?? ""}`);
    await to.commit(commit(12, changes(11, 2)));
    await settle();
    // 11 enters the first selection and leaves the second, 12 the other way round; to the rest both are modified.
    expect(hub.counts.framed).toBe(6);
  });

  test("of a node each: an event is held against those of its nodes alone", async () => {
    const fields = new CountedFields();
    await using counted = new WatchHub({ store, clock, fields });
    const sinks = await Promise.all(
      Array.from({ length: 1000 }, async (_, node) => {
        const sink = new MemorySink();
        await watch(counted, `resourceVersion=10&fieldSelector=spec.nodeName%3Dn${node}`, { sink });
        return sink;
      }),
    );
    const on = (version: number, node: string): ViewChange => set(pod({ name: "b", version: String(version) }, node));
    await to.commit(commit(11, [on(11, "n7")]));
    await to.commit(commit(12, [on(12, "n9")]));
    await settle();
    expect(sinks.flatMap((sink, node) => sink.take().map((frame) => `n${node}: ${brief(frame)}`))).toEqual([
      "n7: ADDED b@11",
      "n7: DELETED b@12",
      "n9: ADDED b@12",
    ]);
    // Each with what the object was before, and is.
    expect(fields.asked).toBeLessThan(10);
  });

  test("of a node each begin with what is on it, without a look at all the rest", async () => {
    const fields = new CountedFields();
    await using counted = new WatchHub({ store, clock, fields });
    const pods = Array.from({ length: 400 }, (_, i) => set(pod({ name: `p${i}`, version: "11" }, `n${i % 100}`)));
    await to.commit(commit(11, pods));
    const begins = async (node: number): Promise<readonly string[]> => {
      const sink = new MemorySink();
      await watch(counted, `fieldSelector=spec.nodeName%3Dn${node}`, { sink });
      await settle();
      return sink.take().map(brief);
    };
    for (const node of [1, 2]) await begins(node);
    const before = fields.asked;
    for (let node = 3; node < 100; node++) {
      const names = [node, node + 100, node + 200, node + 300].map((i) => `p${i}`).toSorted();
      expect(await begins(node)).toEqual(names.map((name) => `ADDED ${name}@11`));
    }
    expect(fields.asked - before).toBe(97 * 4);
  });

  test("resume together: what they missed is framed once", async () => {
    await hub.prepare([{ resource: PODS }]);
    await to.commit(commit(30, changes(11, 20)));
    await settle();
    for (let i = 0; i < 1000; i++) await watch(hub, "resourceVersion=10");
    await settle();
    expect(hub.counts.framed).toBe(20);
  });
});

test("who comes between an event and its delivery is told of it once", async () => {
  const { sink: first } = await watch(hub, "resourceVersion=10");
  const told = to.commit(commit(12, changes(11, 2)));
  const sinks: MemorySink[] = [];
  for (let i = 0; i < 30; i++) {
    const sink = new MemorySink();
    sinks.push(sink);
    await watch(hub, "resourceVersion=10", { sink });
  }
  await told;
  await settle();
  for (const sink of [first, ...sinks]) expect(sink.take().map(brief)).toEqual(["MODIFIED a@11", "MODIFIED a@12"]);
});

describe("a reader who takes nothing", () => {
  test("holds up nobody, costs no more than its window, and goes on where it was when it wakes", async () => {
    const slow = new MemorySink();
    await watch(hub, "resourceVersion=10", { sink: slow });
    const { sink: quick } = await watch(hub, "resourceVersion=10");
    slow.hold(true);
    for (let version = 11; version <= 190; version++) {
      await to.commit(commit(version, changes(version, 1)));
      await settle();
    }
    expect(quick.take()).toHaveLength(180);
    expect(slow.most).toBeGreaterThan(10_000);
    expect(slow.most).toBeLessThan(11_000);
    slow.hold(false);
    await settle();
    expect(slow.take().map(({ object }) => Number(object.metadata.resourceVersion))).toEqual(
      Array.from({ length: 180 }, (_, i) => 11 + i),
    );
    await to.commit(commit(191, changes(191, 1)));
    await settle();
    expect(slow.take().map(brief)).toEqual(["MODIFIED a@191"]);
  });

  test("is cut when the log has gone on without it", async () => {
    const slow = new MemorySink();
    const { end } = await watch(hub, "resourceVersion=10", { sink: slow });
    slow.hold(true);
    for (let version = 11; version <= 500; version++) {
      await to.commit(commit(version, changes(version, 1)));
      await settle();
    }
    expect(await end).toBe("slow");
    expect(slow.destroyed).toBe(true);
    expect(slow.most).toBeLessThan(11_000);
    expect(hub.counts).toMatchObject({ open: 0, ended: { slow: 1 } });
  });

  test("is cut after its time, whatever happens", async () => {
    const slow = new MemorySink();
    slow.hold(true);
    await to.commit(commit(20, [set(thing("b", 20, { long: "x".repeat(11_000) }))]));
    const { end } = await watch(hub, "", { sink: slow });
    await pass(clock, 30_000);
    expect(await end).toBe("slow");
  });

  test("gets what there is in parts, and what happened meanwhile behind it", async () => {
    const many = Array.from({ length: 2000 }, (_, i) =>
      set(thing(`p${String(i).padStart(4, "0")}`, 100 + i, {}, "1"), "list"),
    );
    await to.commit(commit(3000, many));
    const slow = new MemorySink();
    slow.hold(true);
    await watch(hub, "allowWatchBookmarks=true", { sink: slow });
    await settle();
    expect(slow.waiting).toBeLessThan(64 * 1024);
    await to.commit(commit(3002, [set(thing("p0000", 3001)), set(thing("new", 3002))]));
    const told: string[] = [];
    for (let round = 0; round < 200 && told.length < 2004; round++) {
      slow.hold(false);
      slow.hold(true);
      await settle();
      told.push(...slow.take().map(brief));
    }
    expect(told).toHaveLength(2004);
    expect(told[1]).toBe("ADDED p0000@100");
    expect(told.slice(-3)).toEqual(["BOOKMARK 3000 end", "MODIFIED p0000@3001", "ADDED new@3002"]);
  });
});

test("a commit that is larger than the log ends those who do not keep up, and no one else", async () => {
  const slow = new MemorySink();
  const { end } = await watch(hub, "resourceVersion=10", { sink: slow });
  const { sink: quick } = await watch(hub, "resourceVersion=10");
  slow.hold(true);
  await to.commit(commit(2000, changes(11, 1500)));
  await settle();
  expect(await end).toBe("slow");
  expect(quick.take()).toHaveLength(1500);
});

test("a reader who leaves is forgotten at once", async () => {
  const { sink, end } = await watch(hub, "resourceVersion=10");
  const sleepers = clock.pending;
  sink.leave();
  expect(await end).toBe("left");
  expect(clock.pending).toBe(sleepers);
  await to.commit(commit(11, changes(11, 1)));
  await settle();
  expect(sink.writes).toBe(0);
});
