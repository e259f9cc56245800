import { DEFAULT_RESOURCES, KrmError, PODS } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { pod, settle, until, view } from "./support.ts";
import { apiError, gone, report, watching, world } from "./world.ts";

describe("the stream", () => {
  test("lists page by page, then follows: creations, changes and deletions, byte for byte", async () => {
    const w = world();
    await watching(w);
    // One of the watches asked for a streaming list, and was refused.
    expect(w.source.requests).toMatchObject({ list: 3, watch: 2, get: 0 });
    expect(await w.equal()).toBe(true);
    pod(w.cluster, "new");
    w.cluster.patch(PODS, "team-a", "p1", { metadata: { labels: { color: "red" } } });
    w.cluster.delete(PODS, "team-a", "p2");
    await until(w.equal, "the view follows");
    expect((await w.status()).state).toBe("synced");
    expect((await w.status()).view.version).toBe(w.cluster.version);
  });

  test("trap 22: a watch that ends in good order goes on from where it was, without a list", async () => {
    const w = world();
    await watching(w);
    pod(w.cluster, "before");
    await until(w.equal, "the view follows");
    w.source.endWatches();
    pod(w.cluster, "between");
    await until(async () => (await w.equal()) && w.source.openWatches === 1, "the view follows the second watch");
    expect(w.source.requests.list).toBe(3);
  });

  test("traps 1, 9, 10: 410 inside the stream leads to a list that removes, adds and tells a new life by its uid", async () => {
    const w = world({}, { tell: () => [] });
    await watching(w);
    w.cluster.delete(PODS, "team-a", "p0");
    w.cluster.delete(PODS, "team-a", "p1");
    const reborn = pod(w.cluster, "p1");
    const removals: string[] = [];
    w.monitor.events.on("commit", (_, { changes }) => {
      for (const change of changes) {
        if (change.type === "removed")
          removals.push(`${change.key} ${change.finalState === "unknown" ? "unknown" : "known"}`);
        else expect(change.previous?.uid).not.toBe(reborn.metadata.uid);
      }
    });
    w.source.failWatches(gone);
    await until(w.equal, "the list puts the view right");
    expect(removals).toEqual(["team-a/p0 unknown"]);
    await report(w);
    expect((await w.streamer()).desyncs.expired).toBe(1);
  });

  test("410 at connect, after a compaction: a list, not an end", async () => {
    const w = world();
    await watching(w);
    w.source.endWatches(new KrmError("KRM_CONNECTION", "reset"));
    await until(() => w.source.openWatches === 0, "the watch is closed");
    w.cluster.delete(PODS, "team-a", "p3");
    pod(w.cluster, "p9");
    w.cluster.compact();
    await w.clock.advance(2000);
    await until(w.equal, "the view is right again");
    await until(() => w.source.openWatches === 1, "it watches again");
  });

  test("trap 24: 429 keeps the version, waits as asked, and lists nothing", async () => {
    let refuse = false;
    const w = world(
      {},
      {
        beforeRequest: ({ verb }) => {
          if (refuse && verb === "watch") throw apiError({ code: 429, retryAfterSeconds: 20 });
        },
      },
    );
    await watching(w);
    await w.clock.advance(2000);
    refuse = true;
    w.source.endWatches();
    await until(async () => w.source.requests.watch === 3, "it was turned away");
    refuse = false;
    await w.clock.advance(19_000);
    await settle();
    expect(w.source.requests).toMatchObject({ watch: 3, list: 3 });
    await w.clock.advance(3000);
    await until(() => w.source.openWatches === 1, "it watches again");
    expect(w.source.requests).toMatchObject({ watch: 4, list: 3 });
  });

  test("an API server that vanishes: the last view stays, becomes stale, and recovers with nothing lost", async () => {
    let down = false;
    const w = world(
      {},
      {
        beforeRequest: () => {
          if (down) throw new KrmError("KRM_CONNECTION", "refused");
        },
      },
    );
    await watching(w);
    down = true;
    w.source.endWatches(new KrmError("KRM_CONNECTION", "reset"));
    const before = await view(w.monitor.store, { resource: PODS });
    await w.clock.advance(60_000);
    await settle();
    expect(await view(w.monitor.store, { resource: PODS })).toEqual(before);
    expect(await w.status()).toMatchObject({ state: "stale", error: { code: "KRM_CONNECTION" } });
    pod(w.cluster, "meanwhile");
    w.cluster.delete(PODS, "team-a", "p0");
    down = false;
    await w.clock.advance(61_000);
    await until(w.equal, "the view caught up");
    await report(w);
    expect((await w.status()).state).toBe("synced");
    expect((await w.streamer()).lists).toBe(1);
  });

  test("law 7: an unreadable frame is a gap that is counted and resynced", async () => {
    const w = world();
    await watching(w);
    w.source.endWatches(new KrmError("KRM_DECODE", "half a frame"));
    w.cluster.delete(PODS, "team-a", "p4");
    await until(w.equal, "the list puts the view right");
    await report(w);
    expect((await w.streamer()).desyncs.undecodable).toBe(1);
  });

  test("trap 17, 18: a continue token that expires starts the list over", async () => {
    let pages = 0;
    const w = world(
      {},
      {
        beforeRequest: ({ verb, ...rest }) => {
          if (
            verb === "list" &&
            "request" in rest &&
            "continue" in rest.request &&
            rest.request.continue !== undefined &&
            ++pages === 2
          )
            throw apiError({ code: 410, reason: "Expired" });
        },
      },
    );
    await watching(w);
    expect(await w.equal()).toBe(true);
    expect(w.source.requests.list).toBe(6);
  });
});

test("a watch that ends at once with nothing but a bookmark is not opened in a hot loop", async () => {
  const w = world();
  await watching(w);
  w.source.bookmark();
  await settle();
  const { watch } = w.source.requests;
  for (let i = 0; i < 50; i++) {
    w.source.bookmark();
    w.source.endWatches();
    await settle();
  }
  expect(w.source.requests.watch - watch).toBeLessThan(3);
});

describe("the API server", () => {
  test("trap 23: a replica that is behind (504) is asked again from the same version, ever more slowly, and nothing is listed", async () => {
    let behind = false;
    const versions: (string | undefined)[] = [];
    const w = world(
      { verifyEveryMs: 86_400_000 },
      {
        beforeRequest: (asked) => {
          if (asked.verb !== "watch" || asked.request.initialEvents === true) return;
          versions.push(asked.request.resourceVersion);
          if (behind) throw apiError({ code: 504, reason: "Timeout", message: "Too large resource version" });
        },
      },
    );
    await watching(w);
    behind = true;
    w.source.endWatches(new KrmError("KRM_CONNECTION", "reset"));
    await settle();
    await w.clock.advance(120_000);
    await settle();
    expect(w.source.requests.list).toBe(3);
    expect(versions.length).toBeGreaterThan(3);
    expect(versions.length).toBeLessThan(12);
    expect(new Set(versions).size).toBe(1);
    expect(await w.status()).toMatchObject({ state: "stale", error: { status: 504 }, view: { objects: 5 } });
    pod(w.cluster, "meanwhile");
    behind = false;
    await w.clock.advance(60_000);
    await until(w.equal, "it caught up");
    expect(w.source.requests.list).toBe(3);
  });

  test.for([
    { code: 401, state: "forbidden" },
    { code: 403, state: "forbidden" },
    { code: 404, state: "gone" },
  ])(
    "trap 37: $code after a sync empties nothing, is told, and goes on from the same version",
    async ({ code, state }) => {
      let refused = false;
      const w = world(
        {},
        {
          beforeRequest: () => {
            if (refused) throw apiError({ code });
          },
        },
      );
      await watching(w);
      const before = await view(w.monitor.store, { resource: PODS });
      await w.clock.advance(2000);
      refused = true;
      w.source.endWatches();
      await until(() => w.source.requests.watch === 3, "it was refused");
      await w.clock.advance(55_000);
      await settle();
      expect(w.source.requests).toMatchObject({ watch: 3, list: 3 });
      expect(await w.status()).toMatchObject({ state, error: { status: code } });
      // Verifications are refused as well, and read no emptiness into that.
      await w.clock.advance(1_800_000);
      await settle();
      expect(await view(w.monitor.store, { resource: PODS })).toEqual(before);
      expect((await w.status()).state).toBe(state);
      w.cluster.delete(PODS, "team-a", "p0");
      refused = false;
      await w.clock.advance(91_000);
      await until(w.equal, "the view follows again");
      await report(w);
      expect((await w.status()).state).toBe("synced");
      expect((await w.streamer()).lists).toBe(1);
    },
  );

  test("trap 37: one namespace that is forbidden leaves the view of the other, and its own, as they are", async () => {
    let refused = false;
    const w = world(
      { namespaces: ["team-a", "team-b"] },
      {
        beforeRequest: ({ scope }) => {
          if (refused && scope.namespace === "team-a") throw apiError({ code: 403 });
        },
      },
    );
    pod(w.cluster, "b0", "team-b");
    w.monitor.start();
    await w.monitor.ready();
    await until(() => w.source.openWatches === 2, "both are watched");
    await w.clock.advance(2000);
    refused = true;
    w.source.endWatches();
    await until(() => w.source.openWatches === 1, "one goes on");
    pod(w.cluster, "b1", "team-b");
    await report(w);
    const [a, b] = await w.monitor.status();
    expect(a).toMatchObject({ state: "forbidden", view: { objects: 5 } });
    expect(b).toMatchObject({ state: "synced", view: { objects: 2 } });
  });

  test("trap 39: watches that end together in good order cost one request each, and no list", async () => {
    const w = world({ resources: DEFAULT_RESOURCES });
    w.monitor.start();
    await w.monitor.ready();
    await until(() => w.source.openWatches === 6, "all are watched");
    await w.clock.advance(2000);
    const { list, watch } = w.source.requests;
    w.source.endWatches();
    await until(() => w.source.requests.watch === watch + 6 && w.source.openWatches === 6, "all are watched again");
    expect(w.source.requests.list).toBe(list);
  });

  test("trap 39: connections that are lost together are not opened again together, and lists are bounded", async () => {
    const random = new SeededRandom(1);
    let listing = 0;
    let most = 0;
    const times: number[] = [];
    const w = world(
      { resources: DEFAULT_RESOURCES, random: () => random.next() },
      {
        beforeRequest: async ({ verb }) => {
          if (verb === "watch") times.push(w.clock.monotonic());
          if (verb !== "list") return;
          most = Math.max(most, ++listing);
          await settle();
          listing--;
        },
      },
    );
    w.monitor.start();
    await w.monitor.ready();
    await until(() => w.source.openWatches === 6, "all are watched");
    times.splice(0);
    w.source.endWatches(new KrmError("KRM_CONNECTION", "GOAWAY"));
    await settle();
    expect(times).toEqual([]);
    await w.clock.advance(1600);
    await until(() => w.source.openWatches === 6, "all are watched again");
    expect(new Set(times).size).toBeGreaterThan(4);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(800);
    most = 0;
    w.source.failWatches(gone);
    await until(() => w.source.openWatches === 0, "all have ended");
    await until(() => w.source.openWatches === 6, "all were listed and are watched again");
    expect(most).toBe(2);
  });

  test("trap 41: a wall clock that jumps ends no watch, brings no verification, and is stale only until something is heard", async () => {
    const w = world();
    await watching(w);
    for (const jump of [3_600_000, -7_200_000]) {
      const { requests } = w.source;
      const before = { ...requests };
      w.clock.setNow(w.clock.now() + jump);
      await report(w);
      expect((await w.status()).state).toBe("stale");
      expect(requests).toEqual(before);
      w.source.bookmark();
      await until(async () => (await w.status()).state === "synced", "it was heard of");
    }
  });

  test("what has no watch is listed now and then, and asked for a watch again after a while", async () => {
    let watchable = false;
    const w = world(
      { verifyEveryMs: 86_400_000 },
      {
        beforeRequest: ({ verb }) => {
          if (verb === "watch" && !watchable) throw apiError({ code: 405, reason: "MethodNotAllowed" });
        },
      },
    );
    w.monitor.start();
    await w.monitor.ready();
    await report(w);
    expect((await w.status()).state).toBe("snapshot-only");
    pod(w.cluster, "new");
    await w.clock.advance(30_000);
    await until(w.equal, "the next list has it");
    expect(w.source.requests).toMatchObject({ watch: 2, list: 6 });
    watchable = true;
    await w.clock.advance(19 * 30_000);
    await until(() => w.source.openWatches === 1, "it is watched");
    pod(w.cluster, "told");
    await until(w.equal, "the watch tells it");
    expect((await w.status()).state).toBe("synced");
  });
});
