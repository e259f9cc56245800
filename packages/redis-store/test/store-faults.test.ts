import type { FeedBatch, InputLease, LogRecord, MergerLease, ScopeStore } from "@krm/core";
import { parseResourceVersion } from "@krm/core";
import { type RedisServer, withRedis } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scopeKeys } from "../src/scope-keys.ts";
import {
  commitOf,
  freshPrefix,
  mergerOf,
  objectOf,
  SCOPE,
  shownBy,
  storeAt,
  streamerOf,
} from "./support/redis-world.ts";

const CONFLICT = { code: "KRM_STORE_CONFLICT" };
const bookmark = (version: string): readonly LogRecord[] => [
  { type: "bookmark", epoch: 0, resourceVersion: parseResourceVersion(version) },
];
const covers = (version: string) => ({ epoch: 0, position: parseResourceVersion(version) });

/** The next batch of a feed. */
async function nextOf(scope: ScopeStore, since: string): Promise<FeedBatch | undefined> {
  for await (const batch of scope.changes({ since })) return batch;
  return undefined;
}

withRedis(process.env, (redis) => {
  let server: RedisServer;
  beforeAll(async () => void (server = await redis.start()));
  afterAll(() => server[Symbol.asyncDispose]());

  interface World extends AsyncDisposable {
    readonly prefix: string;
    readonly keys: readonly string[];
    readonly scope: ScopeStore;
    readonly merger: MergerLease;
    readonly streamer: InputLease<"streamer">;
  }
  /** A view of two objects, and a log in which one entry waits. */
  async function world(): Promise<World> {
    const prefix = freshPrefix();
    const store = await storeAt(server, prefix);
    const scope = store.scope(SCOPE);
    const merger = await mergerOf(scope);
    const streamer = await streamerOf(scope);
    await merger.commit(commitOf(5, objectOf("a", 4), objectOf("b", 5)));
    await streamer.log.append(bookmark("6"), covers("6"));
    return {
      prefix,
      keys: scopeKeys(prefix, SCOPE).all,
      scope,
      merger,
      streamer,
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  }
  /** After a loss, everybody begins anew. */
  async function beginsAnew({ scope }: World): Promise<void> {
    const [merger, streamer] = [await mergerOf(scope, "m2"), await streamerOf(scope, "s2")];
    expect(merger.loaded.meta.version).toBeUndefined();
    expect(streamer.log.start).toEqual({ epoch: 0 });
    await streamer.log.append(bookmark("3"), covers("3"));
    await merger.commit(commitOf(3, objectOf("anew", 3)));
    expect(await shownBy(scope)).toEqual(["anew@3"]);
  }

  describe("what was lost is noticed by the next write, and by readers", () => {
    test("a flush", async () => {
      await using w = await world();
      const cursor = await w.scope.cursor();
      await server.command("FLUSHALL");
      await expect(w.merger.commit(commitOf(7))).rejects.toMatchObject(CONFLICT);
      await expect(w.streamer.log.append(bookmark("7"), covers("7"))).rejects.toMatchObject(CONFLICT);
      await expect(w.streamer.renew()).rejects.toMatchObject(CONFLICT);
      expect((await nextOf(w.scope, cursor))?.type).toBe("reset");
      expect((await w.scope.meta()).version).toBeUndefined();
      await beginsAnew(w);
    });

    const evictable = ["state", "leases", "objects", "index", "feed", "sizes", "streamer-log"];
    test.for(evictable)("an eviction of the key %s", async (suffix) => {
      await using w = await world();
      const key = w.keys.find((name) => name.endsWith(`:${suffix}`)) ?? "";
      expect(await server.command("DEL", key)).toBe(1);
      await expect(w.merger.renew()).rejects.toMatchObject(CONFLICT);
      await expect(w.merger.commit(commitOf(7, objectOf("c", 7)))).rejects.toMatchObject(CONFLICT);
      await w.merger[Symbol.asyncDispose]();
      await w.streamer[Symbol.asyncDispose]();
      if (suffix !== "leases") await beginsAnew(w);
      // Who had what is not part of what is kept.
      else expect((await mergerOf(w.scope, "m2")).loaded.meta.version).toBe("5");
    });

    test("an eviction of a log that is appended to before anybody looks", async () => {
      await using w = await world();
      await server.command("DEL", w.keys.find((name) => name.endsWith(":streamer-log")) ?? "");
      await expect(w.streamer.log.append(bookmark("7"), covers("7"))).rejects.toMatchObject(CONFLICT);
    });

    test("an eviction of what is staged, while a large commit is moved", async () => {
      await using w = await world();
      const { link } = (
        w.merger as unknown as { context: { link: { script: (...args: unknown[]) => Promise<unknown> } } }
      ).context;
      const script = link.script.bind(link);
      let moves = Number.NEGATIVE_INFINITY;
      link.script = async (...args) => {
        if (args[0] === "migrate" && ++moves === 2)
          await server.command("DEL", w.keys.find((name) => name.endsWith(":staging")) ?? "");
        return script(...args);
      };
      // Only replaced, so that no count tells of it.
      const objects = (version: number) => Array.from({ length: 300 }, (_, i) => objectOf(`o${i}`, version));
      await w.merger.commit(commitOf(6, ...objects(6)));
      moves = 0;
      await w.merger.commit(commitOf(7, ...objects(7)));
      await expect(w.merger.commit(commitOf(8))).rejects.toMatchObject(CONFLICT);
    });

    test("a failover to a server that had not got the last writes", async () => {
      await using w = await world();
      const before = await Promise.all(
        w.keys.map(async (key) => ({ key, hash: (await server.command("TYPE", key)) as string })),
      );
      expect(before.some(({ hash }) => hash === "stream")).toBe(true);
      // The state of the other server: a copy of all keys at this moment.
      for (const key of w.keys) await server.command("COPY", key, `${key}:then`, "REPLACE");
      await w.merger.commit(commitOf(8, objectOf("a", 8)));
      await w.merger.commit(commitOf(9, objectOf("b", 9)));
      await w.streamer.log.append(bookmark("9"), covers("9"));
      const cursor = await w.scope.cursor();
      for (const key of w.keys) {
        if ((await server.command("EXISTS", `${key}:then`)) === 1)
          await server.command("COPY", `${key}:then`, key, "REPLACE");
        else await server.command("DEL", key);
      }
      expect(await shownBy(w.scope)).toEqual(["a@4", "b@5"]);
      // Though nothing new has come.
      expect((await nextOf(w.scope, cursor))?.type).toBe("reset");
      await expect(w.merger.commit(commitOf(10))).rejects.toMatchObject(CONFLICT);
      await expect(w.streamer.log.append(bookmark("10"), covers("10"))).rejects.toMatchObject(CONFLICT);
      await w.merger[Symbol.asyncDispose]();
      await w.streamer[Symbol.asyncDispose]();
      const [merger, streamer] = [await mergerOf(w.scope, "m2"), await streamerOf(w.scope, "s2")];
      expect(streamer.log.start).toEqual({ epoch: 0, position: "6" });
      expect(merger.loaded.meta.version).toBe("5");
      // The same numbers again, by others: a reader of before sees that they are not those that it knows.
      await merger.commit(commitOf(8, objectOf("a", 8)));
      await merger.commit(commitOf(9, objectOf("c", 9)));
      await merger.commit(commitOf(11, objectOf("d", 11)));
      expect((await nextOf(w.scope, cursor))?.type).toBe("reset");
    });
  });

  test("a write that fails halfway, because something else wrote there, is not built upon", async () => {
    await using w = await world();
    const state = w.keys.find((key) => key.endsWith(":state")) ?? "";
    await server.command("HSET", state, "feed.changes", "not a number");
    await expect(w.merger.commit(commitOf(7, objectOf("half", 7)))).rejects.toMatchObject(CONFLICT);
    await expect(w.streamer.renew()).rejects.toMatchObject(CONFLICT);
    await w.merger[Symbol.asyncDispose]();
    await w.streamer[Symbol.asyncDispose]();
    await beginsAnew(w);
  });

  describe("a write whose answer was lost", () => {
    /** Lets the next run of a script take effect, and then fail. */
    function loseAnswer(lease: unknown, name: string): void {
      const { link } = (lease as { context: { link: { script: (...args: unknown[]) => Promise<unknown> } } }).context;
      const script = link.script.bind(link);
      link.script = async (...args) => {
        const reply = await script(...args);
        if (args[0] !== name) return reply;
        link.script = script;
        throw new Error("the answer was lost");
      };
    }

    test("takes effect once: a commit", async () => {
      await using w = await world();
      const cursor = await w.scope.cursor();
      loseAnswer(w.merger, "commit");
      const commit = commitOf(7, objectOf("c", 7));
      await expect(w.merger.commit(commit)).rejects.toThrow("lost");
      await w.merger.commit(commit);
      await w.merger.commit(commitOf(8, objectOf("d", 8)));
      const names: string[] = [];
      for await (const batch of w.scope.changes({ since: cursor })) {
        if (batch.type === "changes")
          for (const { change } of batch.entries) names.push(change.type === "set" ? change.object.name : "?");
        if (names.length >= 2) break;
      }
      expect(names).toEqual(["c", "d"]);
    });

    test.for(["stage", "flip", "migrate"])("takes effect once: a large commit, at its %s", async (step) => {
      await using w = await world();
      loseAnswer(w.merger, step);
      const objects = Array.from({ length: 600 }, (_, i) => objectOf(`o${i}`, 7));
      const commit = commitOf(7, ...objects);
      if (step === "migrate") await w.merger.commit(commit);
      else {
        await expect(w.merger.commit(commit)).rejects.toThrow("lost");
        await w.merger.commit(commit);
      }
      await w.merger.commit(commitOf(8, objectOf("z", 8)));
      const { meta, objects: read } = await w.scope.read();
      expect(read.length).toBe(603);
      expect(meta).toMatchObject({
        objects: 603,
        bytes: read.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
        version: "8",
      });
    });

    test("takes effect once: an entry of a log", async () => {
      await using w = await world();
      loseAnswer(w.streamer, "append");
      const entry = bookmark("7");
      await expect(w.streamer.log.append(entry, covers("7"))).rejects.toThrow("lost");
      await w.streamer.log.append(entry, covers("7"));
      await w.streamer.log.append(bookmark("8"), covers("8"));
      const versions: string[] = [];
      for await (const { records } of w.merger.inputs({})) {
        for (const record of records) if (record.type === "bookmark") versions.push(record.resourceVersion);
        if (versions.length === 3) break;
      }
      expect(versions).toEqual(["6", "7", "8"]);
    });
  });

  describe("a merger that dies in the middle of a large commit", () => {
    /** Fails at a script, for ever: as for a process that is gone. */
    function dieAt(lease: MergerLease, name: string, nth: number): void {
      const { link } = (lease as never as { context: { link: { script: (...args: unknown[]) => Promise<unknown> } } })
        .context;
      const script = link.script.bind(link);
      let seen = 0;
      link.script = async (...args) => {
        if (args[0] === name && ++seen >= nth) throw new Error("dead");
        return script(...args);
      };
      deaths.push(() => {
        link.script = script;
      });
    }
    const deaths: (() => void)[] = [];
    const objects = Array.from({ length: 600 }, (_, i) => objectOf(`o${i}`, 7));

    test.for([
      ["stage", 1, 2],
      ["stage", 3, 2],
      ["flip", 1, 2],
      ["migrate", 1, 602],
      ["migrate", 4, 602],
    ] as const)(
      "at its %s no. %i leaves what was before or what is after, and the next one goes on",
      async ([step, nth, shown]) => {
        await using w = await world();
        dieAt(w.merger, step, nth);
        await w.merger.commit(commitOf(7, ...objects)).catch(() => {});
        const { meta, objects: read } = await w.scope.read();
        expect(read.length).toBe(shown);
        expect(meta).toMatchObject({ objects: shown, version: shown === 2 ? "5" : "7" });
        expect((await w.scope.index()).entries.size).toBe(shown);
        expect((await w.scope.get(objectOf("o599").key)).object?.resourceVersion).toBe(shown === 2 ? undefined : "7");
        for (const revive of deaths.splice(0)) revive();
        await w.merger[Symbol.asyncDispose]();
        const next = await mergerOf(w.scope, "m2");
        expect(next.loaded.claims.size).toBe(shown);
        await next.commit(commitOf(9, ...objects.slice(300).map(({ name }) => objectOf(name, 9))));
        const after = await w.scope.read();
        expect(after.objects.length).toBe(602 - (shown === 2 ? 300 : 0));
        expect(after.meta.objects).toBe(after.objects.length);
        expect(await server.command("EXISTS", w.keys.find((key) => key.endsWith(":staging")) ?? "")).toBe(0);
      },
    );
  });

  test("a Redis that is full takes no more of the log, but lets the merger free it", async () => {
    await using small = await redis.start();
    const prefix = freshPrefix();
    await using store = await storeAt(small, prefix);
    const scope = store.scope(SCOPE);
    const streamer = await streamerOf(scope);
    const event = (version: number): LogRecord[] => [
      {
        type: "observed",
        epoch: 0,
        observation: { type: "applied", object: objectOf("big", version, 200_000), origin: "live", observedAt: 1 },
      },
    ];
    for (let version = 1; version <= 20; version++) await streamer.log.append(event(version), covers(String(version)));
    await small.command("CONFIG", "SET", "maxmemory", "2mb");
    await expect(streamer.log.append(event(21), covers("21"))).rejects.toMatchObject({ code: "KRM_STORE_FAILED" });
    const merger = await mergerOf(scope);
    await merger.renew();
    const cursors: string[] = [];
    for await (const { cursor } of merger.inputs({})) {
      cursors.push(cursor);
      if (cursors.length === 20) break;
    }
    await merger.commit({ ...commitOf(20, objectOf("big", 20)), consumed: { streamer: cursors.at(-1) } });
    expect(await streamer.log.backlog()).toBe(0);
  });

  test("a log that nobody reads is full at its bound, but takes lists, and has room again when it is read", async () => {
    await using store = await storeAt(server, freshPrefix(), { logBytes: 50_000 });
    const scope = store.scope(SCOPE);
    const streamer = await streamerOf(scope);
    const event = (version: number): LogRecord[] => [
      {
        type: "observed",
        epoch: 0,
        observation: { type: "applied", object: objectOf("big", version, 20_000), origin: "live", observedAt: 1 },
      },
    ];
    const page = {
      type: "snapshot-page",
      of: "relisted",
      epoch: 0,
      id: "l",
      resourceVersion: "4",
      takenAt: 1,
    } as const;
    const entries = ["a", "b", "c"].map((name) => {
      const object = objectOf(name, 4, 60_000);
      const { key, uid, resourceVersion } = object;
      return { key, uid, resourceVersion, object };
    });
    const listed = async (i: number): Promise<void> =>
      streamer.log.append([{ ...page, page: i, last: i === 2, entries: entries.slice(i, i + 1) }], covers("4"));
    const full = { code: "KRM_STORE_FULL" };
    for (const version of [1, 2]) await streamer.log.append(event(version), covers(String(version)));
    // A list that has begun is taken to its end, and waits beside what may wait.
    for (const i of [0, 1, 2]) await listed(i);
    await streamer.log.append(event(5), covers("5"));
    await expect(streamer.log.append(event(6), covers("6"))).rejects.toMatchObject(full);
    await expect(listed(0)).rejects.toMatchObject(full);
    const merger = await mergerOf(scope);
    for await (const { cursor } of merger.inputs({})) {
      await merger.commit({ ...commitOf(1), consumed: { streamer: cursor } });
      break;
    }
    // Two events and the list still wait, which is more than the bound alone.
    await streamer.log.append(event(6), covers("6"));
    expect(await streamer.log.backlog()).toBeGreaterThan(50_000);
  });

  test("what is consumed of a log is freed: a long list by the commits that follow, all of it when nothing waits", async () => {
    await using w = await world();
    const log = w.keys.find((key) => key.endsWith(":streamer-log")) ?? "";
    const page = {
      type: "snapshot-page",
      of: "relisted",
      epoch: 0,
      id: "l",
      resourceVersion: "9",
      takenAt: 1,
    } as const;
    const entry = (i: number) => {
      const object = objectOf(`o${i}`, 9, 5000);
      const { key, uid, resourceVersion } = object;
      return { key, uid, resourceVersion, object };
    };
    for (let i = 0; i < 300; i++)
      await w.streamer.log.append([{ ...page, page: i, last: i === 299, entries: [entry(i)] }], covers("9"));
    await w.streamer.log.append(bookmark("10"), covers("10"));
    const cursors: string[] = [];
    for await (const { cursor } of w.merger.inputs({})) {
      cursors.push(cursor);
      if (cursors.length === 302) break;
    }
    await w.merger.commit({
      ...commitOf(9, ...Array.from({ length: 300 }, (_, i) => objectOf(`o${i}`, 9, 5000))),
      consumed: { streamer: cursors[300] },
    });
    for (let i = 0; i < 5; i++) await w.merger.commit(commitOf(10));
    expect(Number(await server.command("XLEN", log))).toBeLessThan(100);
    await w.merger.commit({ ...commitOf(11), consumed: { streamer: cursors[301] } });
    expect(await server.command("EXISTS", log)).toBe(0);
    await w.streamer.log.append(bookmark("12"), covers("12"));
    for await (const { records } of w.merger.inputs({})) {
      expect(records).toMatchObject([{ type: "bookmark", resourceVersion: "12" }]);
      break;
    }
  });

  test("an event costs as many commands and bytes with 2,000 objects as with 20, and nothing asks for KEYS", async () => {
    const cost = async (count: number): Promise<{ calls: number; bytes: number }> => {
      await using store = await storeAt(server, freshPrefix());
      const scope = store.scope(SCOPE);
      const [merger, streamer] = [await mergerOf(scope), await streamerOf(scope)];
      await merger.commit(commitOf(5, ...Array.from({ length: count }, (_, i) => objectOf(`o${i}`, 4, 1000))));
      const usage = async (): Promise<{ calls: number; bytes: number }> => {
        const info = String(await server.command("INFO", "everything"));
        const calls = [...info.matchAll(/^cmdstat_(\S+):calls=(\d+)/gm)];
        expect(calls.map(([, name]) => name)).not.toContain("keys");
        // What this asks itself is left out.
        const counted = calls.filter(([, name]) => name !== "info" && name !== "auth" && name !== "hello");
        return {
          calls: counted.reduce((sum, [, , n]) => sum + Number(n), 0),
          bytes: Number(/total_net_input_bytes:(\d+)/.exec(info)?.[1]),
        };
      };
      // Scripts are loaded with the first use.
      const event = async (version: number): Promise<void> => {
        const object = objectOf("o7", version, 1000);
        await streamer.log.append(
          [{ type: "observed", epoch: 0, observation: { type: "applied", object, origin: "live", observedAt: 1 } }],
          covers(String(version)),
        );
        await merger.commit(commitOf(version, object));
      };
      await event(100);
      const before = await usage();
      for (let version = 101; version <= 110; version++) await event(version);
      const after = await usage();
      return { calls: after.calls - before.calls, bytes: after.bytes - before.bytes };
    };
    const [few, many] = [await cost(20), await cost(2000)];
    expect(many.calls).toBe(few.calls);
    expect(Math.abs(many.bytes - few.bytes)).toBeLessThan(500);
    // Log and view: the object's bytes go there twice, and little else.
    expect(few.bytes / 10).toBeLessThan(2 * 1100 + 2200);
  });
});
