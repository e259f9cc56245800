import { DEPLOYMENTS, objectKey, PODS, type ScopeStore, type StreamerReport } from "@krm/core";
import { describe, expect, test } from "vitest";
import { commit, SCOPE, set, storedObject, visible } from "./fixtures.ts";
import type { Harness } from "./suite.ts";

const report: StreamerReport = {
  state: { phase: "watching", since: 1000 },
  progress: undefined,
  lastContact: 1000,
  events: 1,
  bookmarks: 0,
  lists: 1,
  watches: 1,
  failures: 0,
  desyncs: { expired: 0, undecodable: 0, overflow: 0, "incomplete-settlement": 0, "epoch-reset": 0 },
};

/** Every method of a scope that answers once. */
const methods: Record<string, (scope: ScopeStore, signal?: AbortSignal) => Promise<unknown>> = {
  meta: (scope, signal) => scope.meta({ signal }),
  get: (scope, signal) => scope.get(objectKey("n", "o"), { signal }),
  read: (scope, signal) => scope.read({}, { signal }),
  commit: (scope, signal) => scope.commit(commit("1"), { signal }),
  cursor: (scope, signal) => scope.cursor({ signal }),
  report: (scope, signal) => scope.report("streamer", report, { signal }),
  reports: (scope, signal) => scope.reports({ signal }),
};

export function lifecycleTests({ open, scope }: Harness): void {
  describe("lifecycle", () => {
    for (const [name, call] of Object.entries(methods)) {
      test(`${name} works before anything was written, and rejects with KRM_STORE_CLOSED after disposal`, async () => {
        const store = await open();
        const one = store.scope(SCOPE);
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
      await store.scope(SCOPE).commit(commit("7", set(storedObject("o"))));
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
    test("are those that something was written to, in the order of their first write; asking makes none", async () => {
      const store = await open();
      const a = { resource: PODS, namespace: "a" };
      await store.scope({ resource: PODS }).meta();
      expect(await store.scopes()).toEqual([]);
      await store.scope(a).report("streamer", report);
      await store.scope({ resource: DEPLOYMENTS }).commit(commit("1"));
      await store.scope(a).commit(commit("2"));
      expect(await store.scopes()).toEqual([a, { resource: DEPLOYMENTS }]);
    });

    test("share nothing", async () => {
      const store = await open();
      const scopes = [{ resource: PODS }, { resource: PODS, namespace: "a" }, { resource: DEPLOYMENTS }];
      for (const [i, one] of scopes.entries())
        await store.scope(one).commit(commit(String(i + 1), set(storedObject(`o${i}`))));
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
      expect(await one.reports()).toEqual({});
      await one.report("streamer", report);
      await one.report("verifier", { ...report, snapshots: 0 });
      await one.report("streamer", { ...report, events: 5 });
      expect(await one.reports()).toMatchObject({ streamer: { events: 5 }, verifier: { snapshots: 0 } });
    });
  });
}
