import { setImmediate as nextTurn } from "node:timers/promises";
import {
  DEPLOYMENTS,
  type FeedBatch,
  judgeScope,
  KrmError,
  type Logger,
  MemoryStore,
  NODES,
  PODS,
  ReplicaStore,
  type ScopeStore,
  silentLogger,
  type Store,
} from "@krm/core";
import { ManualClock, type WritableScope } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { UnreliableStore } from "./unreliable-store.ts";
import { metaAt, object, removed, set, shown, watching, writer } from "./written.ts";

const SCOPE = { resource: PODS };

/** A replica over a source that can be away, with one scope in it that somebody writes to. */
class World implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly source: UnreliableStore;
  readonly replica: ReplicaStore;
  readonly warnings: string[] = [];
  to: WritableScope;

  constructor(inner = new MemoryStore()) {
    this.source = new UnreliableStore(inner);
    this.to = writer(inner, SCOPE);
    const logger: Logger = { ...silentLogger, warn: (_, message) => void this.warnings.push(message) };
    this.replica = new ReplicaStore({ source: this.source, clock: this.clock, logger, random: () => 0 });
  }

  /** With a view of two pods, a streamer and a merger. */
  static async filled(inner?: MemoryStore): Promise<World> {
    const world = new World(inner);
    await world.to.commit({ changes: [set(object("a", 1)), set(object("bb", 2))], meta: metaAt(2) });
    await world.to.report("streamer", watching(world.clock.now()));
    world.replica.start();
    await settle();
    return world;
  }

  get scope(): ScopeStore {
    return this.replica.scope(SCOPE);
  }

  async names(): Promise<readonly string[]> {
    return shown((await this.scope.read()).objects);
  }

  async judged(): Promise<string> {
    const [meta, reports] = [await this.scope.meta(), await this.scope.reports()];
    return judgeScope(meta, reports, this.clock.now()).state;
  }

  /** The source is another one from now on: what was in it is gone. */
  replaceSource(): void {
    this.source.leave();
    this.source.inner = new MemoryStore();
    this.to = writer(this.source.inner, SCOPE);
    this.source.back();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    expect(this.source.openFeeds, "feeds that are read").toBeLessThanOrEqual(3);
    await this.replica[Symbol.asyncDispose]();
    await settle();
    expect([this.clock.pending, this.source.openFeeds], "timers and feeds that are left").toEqual([0, 0]);
    await this.source[Symbol.asyncDispose]();
  }
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 30; turns++) await nextTurn();
}

/** A reader of a feed that keeps what it is told. */
function listen(scope: ScopeStore, since?: string): { readonly batches: FeedBatch[]; readonly stop: () => void } {
  const stop = new AbortController();
  const batches: FeedBatch[] = [];
  const read = async (): Promise<void> => {
    for await (const batch of scope.changes({ since, signal: stop.signal })) batches.push(batch);
  };
  read().catch(() => {});
  return { batches, stop: () => stop.abort() };
}

function told(batches: readonly FeedBatch[]): readonly string[] {
  return batches.flatMap((batch) =>
    batch.type === "reset"
      ? ["reset"]
      : batch.entries.map(({ change }) =>
          change.type === "set" ? `set ${change.object.key}@${change.object.resourceVersion}` : `removed ${change.key}`,
        ),
  );
}

describe("a replica", () => {
  test("holds what the source holds, with the source's cursors", async () => {
    await using world = await World.filled();
    const inner = world.source.inner.scope(SCOPE);
    const { batches, stop } = listen(world.scope);
    expect(await world.scope.read()).toEqual(await inner.read());
    const { cursor } = await world.scope.meta();
    await world.to.commit({ changes: [set(object("a", 3)), removed(object("bb", 2), 4)], meta: metaAt(4) });
    await settle();
    expect(await world.scope.read()).toEqual(await inner.read());
    expect(await world.scope.index()).toEqual(await inner.index());
    expect(await world.scope.get(object("a", 3).key)).toEqual(await inner.get(object("a", 3).key));
    expect(await world.scope.read({ namespace: "ns-2" })).toMatchObject({ objects: [] });
    const theirs = listen(inner, cursor);
    const ours = listen(world.scope, cursor);
    await settle();
    expect(ours.batches).toEqual(theirs.batches);
    expect(told(batches)).toEqual(["set ns-1/a@3", "removed ns-2/bb"]);
    for (const reader of [theirs, ours]) reader.stop();
    stop();
  });

  test("reading costs the source nothing, and following a fixed number of calls a second", async () => {
    await using world = await World.filled();
    const before = { ...world.source.calls };
    for (let i = 0; i < 50; i++) {
      await world.names();
      await world.scope.reports();
      await world.replica.scopes();
    }
    expect(world.source.calls).toEqual(before);
    await world.clock.advance(100_000);
    for (const name of Object.keys(before))
      world.source.calls[name] = (world.source.calls[name] ?? 0) - (before[name] ?? 0);
    expect(world.source.calls).toEqual({ scopes: 100, reports: 100, meta: 10, changes: 0, read: 0 });
  });

  test("follows a meta that moves by itself, also what moved between the read and the feed", async () => {
    const inner = new MemoryStore();
    const world = new World(inner);
    await using _ = world;
    await world.to.commit({ changes: [set(object("a", 1))], meta: metaAt(1) });
    const scope = world.source.scope(SCOPE);
    const racing = new Proxy(scope, {
      get: (target, name) =>
        name === "changes"
          ? (options: Parameters<ScopeStore["changes"]>[0]) => {
              void world.to.commit({ changes: [], meta: metaAt(5) });
              return target.changes(options);
            }
          : target[name as "read"],
    });
    world.source.scope = () => racing;
    world.replica.start();
    await settle();
    expect(await world.scope.meta()).toMatchObject({ version: "5" });
    await world.to.commit({ changes: [], meta: metaAt(7) });
    await settle();
    expect(await world.scope.meta()).toMatchObject({ version: "7", objects: 1 });
  });

  test("finds scopes that appear later, and keeps their order", async () => {
    await using world = await World.filled();
    expect(await world.replica.scopes()).toEqual([SCOPE]);
    const early = listen(world.replica.scope({ resource: NODES }));
    await writer(world.source.inner, { resource: NODES }).commit({ changes: [set(object("n", 9))], meta: metaAt(9) });
    await writer(world.source.inner, { resource: DEPLOYMENTS }).report("streamer", watching(0));
    await world.clock.advance(1000);
    await settle();
    expect(await world.replica.scopes()).toEqual([SCOPE, { resource: NODES }, { resource: DEPLOYMENTS }]);
    expect(shown((await world.replica.scope({ resource: NODES }).read()).objects)).toEqual(["ns-1/n uid-n@9"]);
    expect(told(early.batches)).toEqual(["set ns-1/n@9"]);
    early.stop();
    const empty = world.replica.scope({ resource: DEPLOYMENTS });
    expect(judgeScope(await empty.meta(), await empty.reports(), world.clock.now()).state).toBe("syncing");
  });

  test("only reads", async () => {
    await using world = await World.filled();
    const refused = { code: "KRM_INVALID_ARGUMENT", message: "a replica only reads" };
    await expect(world.scope.acquire("merger", { holder: "h", ttlMs: 1 })).rejects.toMatchObject(refused);
    await expect(world.scope.ask("streamer", "relist")).rejects.toMatchObject(refused);
    expect(world.replica.manifest).toEqual({ durable: false, shared: false, batch: world.source.manifest.batch });
  });

  test("refuses options that mean nothing", async () => {
    await using source = new MemoryStore();
    for (const wrong of [{ source, every: 5 }, { source, askEveryMs: 0 }, { source: undefined }])
      expect(() => new ReplicaStore(wrong as never)).toThrow(KrmError);
  });
});

describe("a replica whose source is away", () => {
  test("from the start knows nothing, and says so", async () => {
    await using world = new World();
    world.source.leave();
    world.replica.start();
    await settle();
    expect(await world.replica.scopes()).toEqual([]);
    expect([world.replica.connected, world.replica.lastHeard]).toEqual([false, undefined]);
    expect(await world.judged()).toBe("syncing");
    await world.to.commit({ changes: [set(object("a", 1))], meta: metaAt(1) });
    world.source.back();
    await world.clock.advance(2000);
    expect(await world.names()).toEqual(["ns-1/a uid-a@1"]);
    expect(world.replica.connected).toBe(true);
  });

  test("serves on, and is stale ten seconds after the last contact", async () => {
    await using world = await World.filled();
    const start = world.clock.now();
    world.source.leave();
    await world.clock.advance(2000);
    expect(world.replica.connected).toBe(false);
    expect(world.replica.lastHeard).toBe(start);
    expect(await world.scope.reports()).toMatchObject({ held: ["streamer", "merger"] });
    await world.clock.advance(1001);
    expect(await world.scope.reports()).toMatchObject({ held: [], streamer: { state: { phase: "watching" } } });
    expect(await world.judged()).toBe("synced");
    await world.clock.advance(7000);
    expect(await world.judged()).toBe("stale");
    expect(await world.names()).toEqual(["ns-1/a uid-a@1", "ns-2/bb uid-bb@2"]);
    expect(world.warnings).toEqual(["the store does not answer; serving what it last told"]);
  });

  test("and back again goes on from where it was: who holds the roles is known at once", async () => {
    await using world = await World.filled();
    const { batches, stop } = listen(world.scope);
    world.source.leave();
    await world.clock.advance(60_000);
    await world.to.commit({ changes: [set(object("a", 7))], meta: metaAt(7, { lastContact: world.clock.now() }) });
    const reads = world.source.calls["read"];
    world.source.back();
    // Less than a turn of asking: at most what it waits between two tries.
    while ((await world.judged()) !== "synced") await world.clock.advanceToNext();
    await settle();
    expect(await world.scope.reports()).toMatchObject({ held: ["streamer", "merger"] });
    expect(told(batches)).toEqual(["set ns-1/a@7"]);
    expect(world.source.calls["read"]).toBe(reads);
    expect(await world.scope.cursor()).toBe(await world.source.inner.scope(SCOPE).cursor());
    stop();
  });

  test("asks on its return who holds the roles, without waiting for its turn", async () => {
    await using world = await World.filled();
    await using other = new ReplicaStore({ source: world.source, clock: world.clock, askEveryMs: 60_000 }).start();
    await settle();
    const scope = other.scope(SCOPE);
    await world.clock.advance(1000);
    world.source.leave();
    await world.clock.advance(200_000);
    expect((await scope.reports()).held).toEqual([]);
    world.source.back();
    await world.clock.advance(5000);
    expect((await scope.reports()).held).toEqual(["streamer", "merger"]);
  });

  test("is not told of an older meta by a feed that is slow to begin", async () => {
    await using world = await World.filled();
    world.source.leave();
    await world.to.commit({ changes: [], meta: metaAt(50) });
    const gate = Promise.withResolvers<void>();
    world.source.tamper = async function* (feed) {
      await gate.promise;
      const meta = { ...(await world.source.inner.scope(SCOPE).meta()), version: "40" };
      yield { type: "changes", entries: [], meta };
      yield* feed;
    };
    await world.clock.advance(100);
    world.source.back();
    await world.clock.advance(3000);
    expect(await world.scope.meta()).toMatchObject({ version: "50" });
    gate.resolve();
    await settle();
    expect(await world.scope.meta()).toMatchObject({ version: "50" });
  });

  test("learns on its return of a meta that moved without a change", async () => {
    await using world = await World.filled();
    world.source.leave();
    await world.clock.advance(5000);
    await world.to.commit({ changes: [], meta: metaAt(50, { lastContact: world.clock.now() }) });
    world.source.back();
    await world.clock.advance(2000);
    expect(await world.scope.meta()).toMatchObject({ version: "50" });
  });
});

describe("a replica that has to read its view again", () => {
  /** Cuts a replica off for longer than the source's feed reaches. */
  async function cutOff(world: World, changes: (i: number) => Parameters<WritableScope["commit"]>[0]): Promise<void> {
    world.source.leave();
    await world.clock.advance(1000);
    for (let i = 0; i < 20; i++) await world.to.commit(changes(i));
    world.source.back();
    await world.clock.advance(3000);
    await settle();
  }
  const short = (): MemoryStore => new MemoryStore({ feed: { entries: 5, bytes: 1_000_000 } });

  test("tells its readers the difference, and no reset", async () => {
    await using world = await World.filled(short());
    const before = await world.scope.cursor();
    const { batches, stop } = listen(world.scope);
    await cutOff(world, (i) => ({
      changes:
        i === 0
          ? [removed(object("bb", 2), 3), set(object("ccc", 4))]
          : [set(object("ccc", 4 + i)), set(object("a", 100 + i, "another life"))],
      meta: metaAt(200 + i),
    }));
    expect(await world.scope.read()).toEqual(await world.source.inner.scope(SCOPE).read());
    const difference = ["set ns-0/ccc@23", "set ns-1/a@119", "removed ns-2/bb"];
    expect(told(batches)).toEqual(difference);
    const [, replaced, gone] = batches.flatMap((batch) => (batch.type === "changes" ? batch.entries : []));
    expect(replaced?.change).toMatchObject({ previous: { uid: "uid-a", resourceVersion: "1" }, origin: "list" });
    expect(gone?.change).toMatchObject({ uid: "uid-bb", resourceVersion: "219", finalState: "unknown" });
    const late = listen(world.scope, before);
    const middle = listen(
      world.scope,
      batches.flatMap((batch) => (batch.type === "changes" ? batch.entries : []))[0]?.cursor,
    );
    await settle();
    expect(told(late.batches)).toEqual(difference);
    expect(told(middle.batches)).toEqual(difference.slice(1));
    for (const reader of [late, middle]) reader.stop();
    stop();
  });

  test("asks for no body when the objects are the same after all, and goes on at the source's cursor", async () => {
    await using world = await World.filled(short());
    const before = await world.scope.cursor();
    const { batches, stop } = listen(world.scope);
    const reads = world.source.calls["read"];
    await cutOff(world, () => ({ changes: [set(object("a", 1))], meta: metaAt(30) }));
    const after = await world.source.inner.scope(SCOPE).cursor();
    expect(await world.scope.meta()).toMatchObject({ version: "30", cursor: after });
    expect(world.source.calls["read"]).toBe(reads);
    expect(told(batches)).toEqual([]);
    await world.to.commit({ changes: [set(object("dddd", 31))], meta: metaAt(31) });
    await settle();
    for (const cursor of [before, after]) {
      const late = listen(world.scope, cursor);
      await settle();
      expect(told(late.batches)).toEqual(["set ns-1/dddd@31"]);
      late.stop();
    }
    stop();
  });

  test("because the cluster's history restarted, passes the reset on", async () => {
    await using world = await World.filled();
    const { batches, stop } = listen(world.scope);
    await world.to.commit({ changes: [removed(object("bb", 2), 1)], meta: metaAt(1, { epoch: 1 }), reset: true });
    await settle();
    expect(told(batches)).toEqual(["reset"]);
    expect(await world.names()).toEqual(["ns-1/a uid-a@1"]);
    expect(await world.scope.cursor()).toBe(await world.source.inner.scope(SCOPE).cursor());
    stop();
  });

  test("because the source is empty again, serves on what it has until there is a view", async () => {
    await using world = await World.filled();
    const { batches, stop } = listen(world.scope);
    world.replaceSource();
    await world.clock.advance(5000);
    expect(await world.names()).toEqual(["ns-1/a uid-a@1", "ns-2/bb uid-bb@2"]);
    await world.to.report("streamer", watching(world.clock.now()));
    const merger = await world.to.lease("merger");
    await world.clock.advance(6000);
    expect((await world.source.inner.scope(SCOPE).reports()).held).toEqual(["streamer", merger.role]);
    expect(await world.judged()).toBe("stale");
    expect(world.warnings).toContain("the store has lost this view; serving the last one until there is a new one");
    await world.to.commit({
      changes: [set(object("a", 1)), set(object("bb", 8))],
      meta: metaAt(8, { lastContact: world.clock.now() }),
    });
    await settle();
    expect(told(batches)).toEqual(["set ns-2/bb@8"]);
    expect(await world.judged()).toBe("synced");
    await world.to.commit({ changes: [set(object("ccc", 9))], meta: metaAt(9, { lastContact: world.clock.now() }) });
    await settle();
    expect(told(batches)).toEqual(["set ns-2/bb@8", "set ns-0/ccc@9"]);
    stop();
  });

  test("because the source is one of an older version, tells its readers to begin anew", async () => {
    await using world = await World.filled();
    const { batches, stop } = listen(world.scope);
    world.replaceSource();
    await world.to.commit({ changes: [set(object("a", 1))], meta: metaAt(1) });
    await world.clock.advance(2000);
    expect(told(batches)).toEqual(["reset"]);
    expect(await world.names()).toEqual(["ns-1/a uid-a@1"]);
    stop();
  });

  test("because the feed and the view do not agree, does so, and says it", async () => {
    await using world = await World.filled();
    // A feed that loses a change on its way.
    world.source.tamper = async function* (feed) {
      for await (const batch of feed)
        yield batch.type === "changes" ? { ...batch, entries: batch.entries.slice(1) } : batch;
    };
    await using other = new ReplicaStore({
      source: world.source,
      clock: world.clock,
      random: () => 0,
      logger: { ...silentLogger, warn: (_, message) => void world.warnings.push(message) },
    }).start();
    await settle();
    await world.to.commit({ changes: [set(object("ccc", 3)), set(object("a", 4))], meta: metaAt(4) });
    await world.clock.advance(1000);
    expect(world.warnings).toEqual(["follows the view anew"]);
    expect(shown((await other.scope(SCOPE).read()).objects)).toEqual(await world.names());
    expect(other.connected).toBe(true);
  });

  test("over and over, pauses between two tries", async () => {
    await using world = await World.filled();
    const start = world.source.calls["index"] ?? 0;
    world.source.tamper = async function* () {
      if ((world.source.calls["changes"] ?? 0) > 1000) throw new Error("asked without a pause");
      yield { type: "reset", cursor: "gone" };
    };
    world.source.leave();
    await world.clock.advance(100);
    world.source.back();
    await world.clock.advance(20_000);
    expect((world.source.calls["index"] ?? 0) - start).toBeGreaterThan(5);
    expect((world.source.calls["index"] ?? 0) - start).toBeLessThan(20);
    expect(await world.names()).toHaveLength(2);
  });

  test("because a commit does not come to its end, does so before too much waits", async () => {
    await using world = await World.filled();
    const entries = Array.from({ length: 20_000 }, (_, i) => ({ cursor: `c${i}`, change: set(object("a", 1)) }));
    let batches = 0;
    world.source.tamper = async function* (feed) {
      for (; batches < 10; batches++) yield { type: "changes", entries, meta: undefined };
      yield* feed;
    };
    world.source.leave();
    await world.clock.advance(100);
    world.source.back();
    await world.clock.advance(2000);
    expect(batches).toBe(10);
    expect(world.source.calls["index"]).toBe(2);
    await world.to.commit({ changes: [set(object("ccc", 3))], meta: metaAt(3) });
    await settle();
    expect(await world.names()).toHaveLength(3);
  });

  test("a feed that is dead without a word is noticed", async () => {
    await using world = await World.filled();
    world.source.deaf = true;
    await world.to.commit({ changes: [set(object("ccc", 3))], meta: metaAt(3) });
    await world.clock.advance(9000);
    expect((await world.names()).length).toBe(2);
    world.source.deaf = false;
    await world.clock.advance(13_000);
    expect((await world.names()).length).toBe(3);
    expect(world.warnings).toEqual(["follows the view anew"]);
  });
});

describe("the end of a replica", () => {
  test("its readers get KRM_STORE_CLOSED, and the source goes on", async () => {
    await using world = await World.filled();
    const waiting = (async () => {
      for await (const _ of world.scope.changes({})) throw new Error("nothing has changed");
    })();
    await settle();
    await world.replica[Symbol.asyncDispose]();
    await world.replica[Symbol.asyncDispose]();
    await expect(waiting).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
    await expect(world.scope.read()).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
    await expect(world.replica.scopes()).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
    expect((await world.source.inner.scope(SCOPE).meta()).version).toBe("2");
  });

  test("by its signal leaves what it has readable", async () => {
    const clock = new ManualClock();
    await using source: Store = new MemoryStore();
    await writer(source, SCOPE).commit({ changes: [set(object("a", 1))], meta: metaAt(1) });
    const stop = new AbortController();
    await using replica = new ReplicaStore({ source, clock }).start({ signal: stop.signal });
    await settle();
    stop.abort();
    await replica.done;
    expect(clock.pending).toBe(0);
    expect((await replica.scope(SCOPE).read()).objects).toHaveLength(1);
    await clock.advance(5000);
    expect(replica.connected).toBe(false);
  });

  test("comes with the source's, and says why", async () => {
    await using world = await World.filled();
    await world.source.inner[Symbol.asyncDispose]();
    await expect(world.replica.done).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
    expect(world.clock.pending).toBe(0);
    expect(await world.names()).toHaveLength(2);
  });

  test("of a reader leaves nothing behind, also where nothing changes", async () => {
    await using world = await World.filled();
    for (let i = 0; i < 100; i++) {
      const { stop } = listen(world.scope);
      stop();
    }
    await settle();
    expect((world.scope as unknown as { readonly waiting: number }).waiting).toBe(0);
  });
});
