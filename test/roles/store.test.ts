import { DEPLOYMENTS, KrmError, MemoryStore, PODS } from "@krm/core";
import { describe, expect, test } from "vitest";
import { deployment, pod, settle, until, view } from "./support.ts";
import { tamperedStore } from "./tampered-store.ts";
import { gone, open, report, watching, world } from "./world.ts";

/** A store whose commits for pods fail while it is away. */
function failing(): { store: MemoryStore; away: (now: boolean) => void } {
  let isAway = false;
  const store = tamperedStore({
    commit: async (commit, ...args) => {
      if (isAway) throw new Error("disk full");
      return commit(...args);
    },
  });
  return {
    store,
    away: (now) => {
      isAway = now;
    },
  };
}

describe("the store", () => {
  test("law 7: a store that fails loses nothing; what waits is written when it is back", async () => {
    const { store, away } = failing();
    const w = world({ store });
    await watching(w);
    away(true);
    pod(w.cluster, "waits");
    await settle();
    expect(await w.equal()).toBe(false);
    away(false);
    await w.clock.advance(2000);
    await until(w.equal, "it was written after all");
    expect(w.source.requests.list).toBe(3);
  });

  test("law 7: a queue that overflows is a gap, counted and resynced", async () => {
    const gate = { open: Promise.resolve() };
    const store = tamperedStore({
      commit: async (commit, ...args) => {
        await gate.open;
        return commit(...args);
      },
    });
    const w = world({ store, queue: { inputs: 10, bytes: 1_000_000 } });
    await watching(w);
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.open = promise;
    for (let i = 0; i < 30; i++) {
      pod(w.cluster, `flood${i}`);
      await settle();
    }
    resolve();
    await until(w.equal, "the view is whole");
    await report(w);
    expect((await w.streamer()).desyncs.overflow).toBeGreaterThan(0);
  });

  test("a closed store ends the monitor, and says so", async () => {
    const store = new MemoryStore();
    const w = world({ store });
    await watching(w);
    await store[Symbol.asyncDispose]();
    pod(w.cluster, "late");
    await expect(w.monitor.done).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
    open.splice(0);
  });

  test("what cannot be written is a failure that readers are told of, and it passes", async () => {
    const { store, away } = failing();
    const w = world({ store });
    await watching(w);
    away(true);
    pod(w.cluster, "unwritten");
    await settle();
    for (let i = 0; i < 12; i++) {
      await w.clock.advance(1000);
      await settle();
    }
    expect(await w.status()).toMatchObject({
      state: "failed",
      error: { code: "KRM_STORE_FAILED", message: "disk full" },
    });
    away(false);
    await w.clock.advance(60_000);
    await until(w.equal, "it was written after all");
    await report(w);
    w.source.bookmark();
    await until(async () => (await w.status()).state === "synced", "all is well again");
  });
});

describe("a scope that breaks", () => {
  test("ends the whole monitor, and done tells why", async () => {
    const store = tamperedStore({
      commit: async () => {
        throw new KrmError("KRM_STORE_CLOSED", "somebody closed it");
      },
    });
    const w = world({ store, resources: [PODS, DEPLOYMENTS] });
    w.monitor.start();
    await expect(w.monitor.done).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
    open.splice(0);
  });

  test("law 12: a store that fails for one resource holds no list of another up", async () => {
    const { store, away } = failing();
    const w = world({ store, resources: [PODS, DEPLOYMENTS], concurrentLists: 1 });
    w.monitor.start();
    await w.monitor.ready();
    await until(() => w.source.openWatches === 2, "both are watched");
    away(true);
    pod(w.cluster, "stuck");
    await settle();
    w.source.failWatches(gone);
    deployment(w.cluster, "web");
    await until(
      async () => Object.keys(await view(store, { resource: DEPLOYMENTS })).length === 1,
      "deployments were listed anew",
    );
    away(false);
    await w.clock.advance(60_000);
  });
});

describe("a store that does not answer", () => {
  /** A store whose commits, or reports, hang while `hangs` says so. */
  function hanging(): { store: MemoryStore; hangs: { commit: boolean; report: boolean }; release: () => void } {
    const hangs = { commit: false, report: false };
    const gate = Promise.withResolvers<void>();
    const store = tamperedStore({
      commit: async (commit, ...args) => {
        if (hangs.commit) await gate.promise;
        return commit(...args);
      },
      report: async (_role, write) => {
        if (hangs.report) await gate.promise;
        return write();
      },
    });
    return { store, hangs, release: gate.resolve };
  }

  test("makes the view stale, piles no verifications up, and loses nothing", async () => {
    const { store, hangs, release } = hanging();
    const w = world({ store });
    await watching(w);
    hangs.commit = true;
    pod(w.cluster, "unwritten");
    w.source.bookmark();
    await settle();
    for (let minute = 0; minute < 120; minute++) {
      await w.clock.advance(60_000);
      w.source.bookmark();
      await settle();
    }
    expect((await w.status()).state).toBe("stale");
    // Two hours are 24 verifications; none is begun before the last one is merged.
    expect(w.source.requests.list).toBeLessThanOrEqual(6);
    hangs.commit = false;
    release();
    await until(w.equal, "it was written after all");
    w.source.bookmark();
    await until(async () => (await w.status()).state === "synced", "all is well again");
    w.monitor.verifyNow();
    await until(() => w.verdicts.length > 0, "it verifies again");
    expect(new Set(w.verdicts)).toEqual(new Set(["consistent"]));
  });

  test.for([
    { name: "to commits", commit: true, report: false },
    { name: "to reports", commit: false, report: true },
    { name: "to anything", commit: true, report: true },
  ])("$name does not keep the monitor from ending", async ({ commit, report: tell }) => {
    const { store, hangs } = hanging();
    const w = world({ store });
    await watching(w);
    Object.assign(hangs, { commit, report: tell });
    pod(w.cluster, "unwritten");
    await settle();
    const stopped = w.monitor.stop();
    await settle();
    // The last report is waited for, though not for long.
    await w.clock.advance(2000);
    await stopped;
    expect(w.clock.pending).toBe(0);
  });

  test("while it is first written ends too", async () => {
    const { store, hangs } = hanging();
    Object.assign(hangs, { commit: true, report: true });
    const w = world({ store });
    w.monitor.start();
    const notReady = w.monitor.ready().catch((error: unknown) => error);
    await settle();
    const stopped = w.monitor.stop();
    await settle();
    await w.clock.advance(2000);
    await stopped;
    expect(await notReady).toMatchObject({ code: "KRM_NOT_READY" });
  });
});

test("a report that could not be written is written when the store is back, though nothing else happens", async () => {
  let failing = false;
  const store = tamperedStore({
    report: async (_role, write) => {
      if (failing) throw new Error("away");
      return write();
    },
  });
  const w = world({ store });
  await watching(w);
  await report(w);
  failing = true;
  w.source.bookmark();
  await report(w);
  expect((await w.streamer()).bookmarks).toBe(0);
  failing = false;
  await report(w);
  await report(w);
  expect((await w.streamer()).bookmarks).toBe(1);
});

test("a quiet resource stays synced by its bookmarks, and by nothing else", async () => {
  const w = world();
  await watching(w);
  for (let minute = 0; minute < 5; minute++) {
    await w.clock.advance(60_000);
    w.source.bookmark();
    await settle();
    expect((await w.status()).state).toBe("synced");
    expect((await w.status()).view.lastContact).toBe(w.clock.now());
  }
  await w.clock.advance(149_000);
  expect((await w.status()).state).toBe("synced");
});
