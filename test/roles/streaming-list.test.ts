import { KrmError, PODS, type ResourceVersion } from "@krm/core";
import type { InitialEvents } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { bookmark, event, podAt, ScriptedStream, type ScriptedWatch } from "./scripted-stream.ts";
import { pod, settle, until, view } from "./support.ts";
import { apiError, gone, report, watching, world } from "./world.ts";

const watchOf = (s: ScriptedStream, index: number): ScriptedWatch => s.watches[index] as ScriptedWatch;

describe("a streaming list", () => {
  test("is the first request, and the watch goes on from it over the same connection, byte for byte", async () => {
    const w = world({}, { streamingLists: true });
    await watching(w);
    expect(w.source.requests).toMatchObject({ list: 0, watch: 1, get: 0 });
    expect(await w.equal()).toBe(true);
    pod(w.cluster, "new");
    w.cluster.patch(PODS, "team-a", "p1", { metadata: { labels: { color: "red" } } });
    w.cluster.delete(PODS, "team-a", "p2");
    await until(w.equal, "the view follows");
    expect(w.source.requests).toMatchObject({ list: 0, watch: 1 });
    await report(w);
    // A pod is deleted by two events. The initial ones are none.
    expect(await w.streamer()).toMatchObject({ lists: 1, initial: "streaming", watches: 1, events: 4, failures: 0 });
    expect((await w.status()).state).toBe("synced");
  });

  test("trap 4: tells nothing before its end, and then one list at the version of the marker", async () => {
    const s = new ScriptedStream();
    await settle();
    expect(watchOf(s, 0).request).toMatchObject({ resourceVersion: undefined, initialEvents: true });
    watchOf(s, 0).put(event("ADDED", "b", 20), event("ADDED", "a", 9));
    watchOf(s, 0).put(event("MODIFIED", "a", 21), event("ADDED", "c", 3));
    watchOf(s, 0).put(event("DELETED", "b", 22));
    await settle();
    expect(s.inputs).toEqual([]);
    expect(s.report).toMatchObject({ state: { phase: "listing" }, progress: { objects: 2 } });
    watchOf(s, 0).put(bookmark(25, true), event("ADDED", "d", 26));
    watchOf(s, 0).put(event("DELETED", "a", 27));
    await settle();
    expect(s.relisted.length).toBe(1);
    const { resourceVersion, entries } = s.relisted[0]?.snapshot ?? {};
    expect(resourceVersion).toBe("25");
    expect([...(entries ?? [])].map(([key, { object }]) => `${key} ${object?.resourceVersion}`)).toEqual([
      "n/a 21",
      "n/c 3",
    ]);
    expect(s.told).toEqual(["applied d 26", "deleted a 27"]);
    expect(s.report).toMatchObject({ events: 2, lists: 1, watches: 1 });
    expect(s.asked).toBe(1);
  });

  test("trap 4: that is cut off proves no position: nothing of it is told, and the next list is whole", async () => {
    const s = new ScriptedStream({ onList: () => Promise.reject(apiError({ code: 503 })) });
    await settle();
    watchOf(s, 0).put(event("ADDED", "b", 20), event("ADDED", "a", 9));
    watchOf(s, 0).end(new KrmError("KRM_CONNECTION", "reset"));
    await settle();
    expect([s.lists, s.inputs.length]).toEqual([1, 0]);
    await s.pass(1);
    expect(s.watches.at(-1)?.request).toMatchObject({ resourceVersion: undefined, initialEvents: true });
    watchOf(s, 1).put(event("ADDED", "a", 9), bookmark(25, true));
    await settle();
    expect(s.relisted.map(({ snapshot }) => [...snapshot.entries.keys()])).toEqual([["n/a"]]);
  });

  test("trap 5: after a gap asks for nothing older than what was told, and sends no body that the view holds", async () => {
    const { key, uid, resourceVersion } = podAt("a", 9);
    const s = new ScriptedStream({ from: "20", known: [{ key, uid, resourceVersion }] });
    await settle();
    watchOf(s, 0).put({ type: "ERROR", status: gone });
    await settle();
    expect(watchOf(s, 1).request).toMatchObject({ resourceVersion: "20", initialEvents: true });
    watchOf(s, 1).put(event("ADDED", "b", 21), event("ADDED", "a", 9), bookmark(30, true));
    await settle();
    expect(s.relisted).toMatchObject([{ cause: "expired", snapshot: { resourceVersion: "30" } }]);
    expect(s.measured.get("krm_desyncs_total expired")).toBe(1);
    expect(s.measured.get("krm_api_requests_total watch")).toBe(2);
    const { entries } = s.relisted[0]?.snapshot ?? { entries: new Map() };
    expect([...entries].map(([name, { object }]) => [name, object === undefined])).toEqual([
      ["n/b", false],
      ["n/a", true],
    ]);
  });

  test("that is older than what was told all the same is believed only if a LIST says so too", async () => {
    const s = new ScriptedStream({ from: "200" });
    await settle();
    watchOf(s, 0).put({ type: "ERROR", status: gone });
    await settle();
    watchOf(s, 1).put(event("ADDED", "a", 9), bookmark(90, true));
    await settle();
    // The LIST is of version 100.
    expect(s.inputs.filter(({ type }) => type === "epoch-reset")).toMatchObject([
      { epoch: 1, snapshot: { resourceVersion: "100" } },
    ]);
    expect(watchOf(s, 1).closed).toBe(true);
    expect(s.watches.at(-1)?.request).toEqual({ resourceVersion: "100", timeoutSeconds: 300 });
  });

  test("has its turn like other lists, and gives it up at its end, not with the watch", async () => {
    const held = Promise.withResolvers<void>();
    let asked = 0;
    const w = world(
      { namespaces: ["team-a", "team-b"], concurrentLists: 1 },
      {
        streamingLists: true,
        beforeRequest: async () => {
          if (++asked === 1) await held.promise;
        },
      },
    );
    pod(w.cluster, "b0", "team-b");
    w.monitor.start();
    await settle();
    expect(asked).toBe(1);
    held.resolve();
    await w.monitor.ready();
    expect(w.source.openWatches).toBe(2);
    expect(Object.keys(await view(w.monitor.store, { resource: PODS, namespace: "team-b" }))).toEqual(["team-b/b0"]);
  });

  test("that is interrupted by a gap is closed, and another one made", async () => {
    const s = new ScriptedStream();
    await settle();
    watchOf(s, 0).put(event("ADDED", "a", 9));
    await settle();
    s.streamer.resync("overflow");
    await settle();
    expect(s.watches.map(({ closed }) => closed)).toEqual([true, false]);
    watchOf(s, 1).put(bookmark(9, true));
    await settle();
    expect(s.relisted).toMatchObject([{ cause: "overflow", snapshot: { resourceVersion: "9" } }]);
  });

  test("whose watch ends at once is followed by one that waits its turn, from the marker", async () => {
    const s = new ScriptedStream();
    await settle();
    watchOf(s, 0).put(bookmark(9, true));
    watchOf(s, 0).end();
    await settle();
    expect(s.asked).toBe(1);
    await s.pass(0.8);
    expect(s.watches.at(-1)?.request).toEqual({ resourceVersion: "9", timeoutSeconds: 300 });
    expect(s.report).toMatchObject({ lists: 1, watches: 2 });
  });
});

describe("where there is no streaming list", () => {
  const modes: readonly InitialEvents[] = ["refused", "ignored", "no-marker", "closes-early", "error-frame"];
  test.for(modes)("%s: a LIST follows, and no streaming list is asked for within the hour", async (mode) => {
    let initialEvents: InitialEvents = mode;
    let asked = 0;
    const w = world(
      { verifyEveryMs: 86_400_000 },
      {
        initialEvents: () => {
          asked++;
          return initialEvents;
        },
      },
    );
    w.monitor.start();
    await settle();
    if (mode === "ignored" || mode === "no-marker") {
      await w.clock.advance(29_900);
      expect(w.source.requests.list).toBe(0);
      await w.clock.advance(100);
    }
    await w.monitor.ready();
    await until(() => w.source.openWatches === 1, "it watches");
    expect(await w.equal()).toBe(true);
    await report(w);
    expect(await w.streamer()).toMatchObject({ initial: "list", lists: 1, failures: 0, desyncs: { expired: 0 } });
    initialEvents = "ok";
    await w.clock.advance(3_590_000);
    w.source.failWatches(gone);
    await until(async () => (await w.streamer()).lists === 2, "it lists anew");
    expect(asked).toBe(1);
    await w.clock.advance(15_000);
    await until(() => w.source.openWatches > 0, "it watches");
    w.source.failWatches(gone);
    await w.clock.advance(3000);
    await until(async () => (await w.streamer()).lists === 3, "it lists anew");
    expect(asked).toBe(2);
    expect(await w.streamer()).toMatchObject({ initial: "streaming" });
    await until(w.equal, "the view is the cluster");
  });

  const fleeting: { readonly what: string; readonly error: Error }[] = [
    { what: "403: only lists may be allowed", error: apiError({ code: 403 }) },
    { what: "410", error: apiError({ code: 410 }) },
    { what: "504: a replica lags behind, or the cluster was restored", error: apiError({ code: 504 }) },
    { what: "what is no KrmError", error: new TypeError("fetch failed") },
  ];
  test.for(fleeting)(
    "for once, $what: a LIST follows at once, and the next list is asked for again",
    async ({ error }) => {
      const s = new ScriptedStream({
        onWatch: ({ initialEvents }, count) => {
          if (initialEvents === true && count === 1) throw error;
        },
      });
      await settle();
      expect([s.lists, s.asked]).toEqual([1, 2]);
      expect(s.report).toMatchObject({ initial: "list", failures: 0, state: { phase: "watching" } });
      s.streamer.resync("overflow");
      await settle();
      expect(s.watches.at(-1)?.request).toMatchObject({ initialEvents: true });
    },
  );

  test("is logged once, as information", async () => {
    const s = new ScriptedStream({
      onWatch: ({ initialEvents }) => {
        if (initialEvents === true) throw apiError({ code: 422 });
      },
    });
    for (let i = 0; i < 3; i++) {
      await settle();
      s.streamer.resync("overflow");
    }
    await settle();
    expect(s.lists).toBeGreaterThan(2);
    expect(s.logged.filter((line) => line.includes("streaming"))).toEqual(["info: no streaming list; listing instead"]);
  });

  const endless: { readonly what: string; readonly tell: (watch: ScriptedWatch, second: number) => void }[] = [
    { what: "bytes", tell: (watch) => watch.put() },
    { what: "changes of what was told", tell: (watch, second) => watch.put(event("MODIFIED", "a", 100 + second)) },
  ];
  test.for(endless)("$what alone are no list: a LIST follows after 30 s", async ({ tell }) => {
    const s = new ScriptedStream();
    await settle();
    watchOf(s, 0).put(event("ADDED", "a", 9));
    for (let second = 1; second < 30; second++) {
      await s.pass(1);
      tell(watchOf(s, 0), second);
    }
    expect(s.lists).toBe(0);
    await s.pass(1);
    expect(s.lists).toBe(1);
    expect(watchOf(s, 0).closed).toBe(true);
    expect(s.told).toEqual([]);
  });

  test("a list that takes minutes is not given up while objects come", async () => {
    const s = new ScriptedStream();
    await settle();
    for (let i = 0; i < 20; i++) {
      watchOf(s, 0).put(event("ADDED", `p${i}`, i + 1));
      await s.pass(20);
    }
    watchOf(s, 0).put(bookmark(900, true));
    await settle();
    expect(s.lists).toBe(0);
    expect(s.relisted[0]?.snapshot.entries.size).toBe(20);
  });

  test("trap 3: a bookmark without the marker before the end is a server, or a proxy, that does not know it", async () => {
    const s = new ScriptedStream();
    await settle();
    watchOf(s, 0).put(event("ADDED", "a", 9), bookmark(12));
    await settle();
    expect(s.lists).toBe(1);
    expect(s.report.initial).toBe("list");
  });

  test("law 8: objects whose versions cannot be ordered are listed now and then", async () => {
    const object = { ...podAt("a", 9), resourceVersion: "v-1" as ResourceVersion };
    const page = {
      resourceVersion: "v-2",
      items: [object],
      continue: undefined,
      remainingItemCount: undefined,
      bytes: 9,
    };
    const s = new ScriptedStream({ onList: () => page });
    await settle();
    watchOf(s, 0).put({ type: "ADDED", object });
    await settle();
    expect(s.inputs).toMatchObject([{ type: "polled", snapshot: { resourceVersion: "v-2" } }]);
    expect(s.report.state).toMatchObject({ phase: "polling", reason: "incomparable" });
  });

  test("a server that does not answer for 30 s is asked by a LIST", async () => {
    const s = new ScriptedStream({
      onWatch: ({ initialEvents }) => (initialEvents === true ? new Promise<void>(() => {}) : undefined),
    });
    await s.pass(29.9);
    expect(s.lists).toBe(0);
    await s.pass(0.1);
    expect(s.lists).toBe(1);
  });
});

describe("another watch", () => {
  test("is opened at once from the same position when one is asked for: no gap, no list", async () => {
    const s = new ScriptedStream({ from: "7" });
    await settle();
    watchOf(s, 0).put(event("ADDED", "a", 8));
    await settle();
    s.streamer.rewatch();
    await settle();
    expect(s.watches.map(({ closed }) => closed)).toEqual([true, false]);
    expect(watchOf(s, 1).request).toEqual({ resourceVersion: "8", timeoutSeconds: 300 });
    expect(s.report).toMatchObject({ lists: 0, failures: 0, watches: 2 });
    expect(Object.values(s.report.desyncs).every((count) => count === 0)).toBe(true);
  });

  test("gives way to a known gap, and does not replace one", async () => {
    const s = new ScriptedStream({ from: "7" });
    await settle();
    s.streamer.rewatch();
    s.streamer.resync("overflow");
    s.streamer.rewatch();
    await settle();
    expect(s.report.desyncs.overflow).toBe(1);
    expect(s.watches.at(-1)?.request.initialEvents).toBe(true);
  });

  test("is not asked for while none runs", async () => {
    const s = new ScriptedStream({ from: "7", onWatch: () => Promise.reject(apiError({ code: 500 })) });
    await settle();
    expect(s.report.state.phase).toBe("backing-off");
    s.streamer.rewatch();
    await settle();
    expect(s.asked).toBe(1);
  });

  test("is asked for through the store", async () => {
    const w = world({}, { streamingLists: true });
    await watching(w);
    pod(w.cluster, "new");
    await until(w.equal, "the view follows");
    await w.monitor.store.scope({ resource: PODS }).ask("streamer", "rewatch");
    await w.clock.advance(6000);
    await until(() => w.source.requests.watch === 2 && w.source.openWatches === 1, "another one is open");
    expect(w.source.requests.list).toBe(0);
    pod(w.cluster, "later");
    await until(w.equal, "the view follows");
  });
});
