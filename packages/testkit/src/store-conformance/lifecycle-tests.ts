import { DEPLOYMENTS, objectKey, PODS } from "@krm/core";
import { describe, expect, test } from "vitest";
import { commit, SCOPE, set, storedObject, STREAMER_REPORT, visible } from "./fixtures.ts";
import type { Harness } from "./suite.ts";
import { type WritableScope, writableScope } from "./writable-scope.ts";

/** Every method of a scope that answers once. */
const methods: Record<string, (scope: WritableScope, signal?: AbortSignal) => Promise<unknown>> = {
  meta: (scope, signal) => scope.store.meta({ signal }),
  get: (scope, signal) => scope.store.get(objectKey("n", "o"), { signal }),
  read: (scope, signal) => scope.store.read({}, { signal }),
  commit: (scope, signal) => scope.commit(commit("1"), { signal }),
  index: (scope, signal) => scope.store.index({ signal }),
  cursor: (scope, signal) => scope.store.cursor({ signal }),
  report: (scope, signal) => scope.report("streamer", STREAMER_REPORT, { signal }),
  reports: (scope, signal) => scope.store.reports({ signal }),
  oldestCursor: (scope, signal) => scope.store.oldestCursor({ signal }),
  checkpoint: (scope, signal) => scope.store.checkpoint("metrics", { signal }),
  keepCheckpoint: (scope, signal) => scope.store.keepCheckpoint("metrics", "7", { signal }),
  ask: (scope, signal) => scope.store.ask("streamer", "relist", { signal }),
  renew: async (scope, signal) => (await scope.lease("streamer")).renew({ signal }),
  append: async (scope, signal) =>
    (await scope.lease("streamer")).log.append([], { epoch: 0, position: undefined }, { signal }),
  backlog: async (scope, signal) => (await scope.lease("streamer")).log.backlog({ signal }),
  skipLogs: async (scope, signal) => (await scope.lease("merger")).skipLogs({ signal }),
};

export function lifecycleTests({ open, scope }: Harness): void {
  describe("lifecycle", () => {
    for (const [name, call] of Object.entries(methods)) {
      test(`${name} works before anything was written, and rejects with KRM_STORE_CLOSED after disposal`, async () => {
        const store = await open();
        const one = writableScope(store.scope(SCOPE));
        await call(one);
        await store[Symbol.asyncDispose]();
        await expect(call(one)).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
      });

      test(`${name} rejects with the reason of a signal that is aborted`, async () => {
        const reason = new Error("enough");
        await expect(call(await scope(), AbortSignal.abort(reason))).rejects.toBe(reason);
      });
    }

    test("disposing twice is disposing once", async () => {
      const store = await open();
      await store[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await expect(store.scopes()).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
    });

    test("the manifest says what is so, and stays", async () => {
      const store = await open();
      const before = { ...store.manifest };
      const one = writableScope(store.scope(SCOPE));
      await one.commit(commit("7", set(storedObject("o"))));
      expect(store.manifest).toEqual(before);
      if (before.shared) {
        const other = await open();
        expect((await other.scope(SCOPE).meta()).version).toBe("7");
      }
      if (before.durable) {
        await store[Symbol.asyncDispose]();
        const { objects } = await (await open()).scope(SCOPE).read();
        expect(objects.map(visible)).toEqual([visible(storedObject("o"))]);
      }
    });
  });

  describe("scopes", () => {
    test("are those that a role has taken, in the order in which that first happened; asking makes none", async () => {
      const store = await open();
      const a = { resource: PODS, namespace: "a" };
      await store.scope({ resource: PODS }).meta();
      expect(await store.scopes()).toEqual([]);
      const one = writableScope(store.scope(a));
      await one.report("streamer", STREAMER_REPORT);
      await writableScope(store.scope({ resource: DEPLOYMENTS })).commit(commit("1"));
      await one.commit(commit("2"));
      expect(await store.scopes()).toEqual([a, { resource: DEPLOYMENTS }]);
    });

    test("share nothing", async () => {
      const store = await open();
      const scopes = [{ resource: PODS }, { resource: PODS, namespace: "a" }, { resource: DEPLOYMENTS }];
      for (const [i, one] of scopes.entries())
        await writableScope(store.scope(one)).commit(commit(String(i + 1), set(storedObject(`o${i}`))));
      for (const [i, one] of scopes.entries()) {
        const { meta, objects } = await store.scope(one).read();
        expect(meta.version).toBe(String(i + 1));
        expect(objects.map(({ name }) => name)).toEqual([`o${i}`]);
      }
    });
  });

  describe("reports", () => {
    test("the newest of each role is kept", async () => {
      const one = await scope();
      expect(await one.store.reports()).toEqual({ held: [] });
      await one.report("streamer", STREAMER_REPORT);
      await one.report("verifier", { ...STREAMER_REPORT, snapshots: 0, mode: undefined, requests: 0, asked: 0 });
      await one.report("streamer", { ...STREAMER_REPORT, events: 5 });
      expect(await one.store.reports()).toMatchObject({ streamer: { events: 5 }, verifier: { snapshots: 0 } });
    });
  });
}
