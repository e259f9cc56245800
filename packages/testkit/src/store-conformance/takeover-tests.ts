import { setImmediate as nextTurn } from "node:timers/promises";
import { EMPTY_LEDGER, parseResourceVersion, type VerificationLedger } from "@krm/core";
import { describe, expect, test } from "vitest";
import { commit, metaAt, removed, SCOPE, set, storedObject, visible } from "./fixtures.ts";
import type { Harness } from "./suite.ts";
import { writableScope } from "./writable-scope.ts";

export function takeoverTests({ open, scope }: Harness): void {
  describe("a merger that takes over", () => {
    test("finds the view as it was left: meta, what each key shows, and the ledger", async () => {
      const store = await open();
      const [a, b, c] = [storedObject("a"), storedObject("b", { version: "2" }), storedObject("c", { version: "3" })];
      const ledger: VerificationLedger = {
        ...EMPTY_LEDGER,
        missed: { ...EMPTY_LEDGER.missed, upstream: { added: 1, modified: 0, deleted: 2, recreated: 0 } },
        pending: 1,
        lastDriftAt: 99,
        recent: [
          {
            key: a.key,
            type: "deleted",
            horizon: parseResourceVersion("9007199254740993"),
            shown: { uid: a.uid, resourceVersion: a.resourceVersion },
            actual: undefined,
            cause: "upstream",
            foundAt: 99,
            exposedMs: 42,
            exposedSince: "verified",
          },
        ],
      };
      const one = writableScope(store.scope(SCOPE));
      expect((await one.lease("merger")).loaded).toMatchObject({ meta: { version: undefined }, ledger: undefined });
      await one.commit({ ...commit("3", set(a), set(b), set(c)), ledger });
      await one.commit(commit("5", set(storedObject("b", { version: "5" })), removed(c, "4")));
      await one[Symbol.asyncDispose]();
      const { loaded } = await writableScope(store.scope(SCOPE)).lease("merger");
      expect(loaded.meta).toEqual(await store.scope(SCOPE).meta());
      expect(
        [...loaded.claims].map(([key, claim]) => `${key}@${claim.resourceVersion} ${claim.gone}`).toSorted(),
      ).toEqual(["team-a/a@1 false", "team-a/b@5 false"]);
      expect(loaded.ledger).toEqual(ledger);
    });

    test("finds what each object had told of its times", async () => {
      const store = await open();
      const time = "2026-11-23T06:14:00Z";
      const written = storedObject("a", { metadata: { managedFields: [{ manager: "m", time }] } });
      const ending = storedObject("b", { version: "2", metadata: { deletionTimestamp: time } });
      const one = writableScope(store.scope(SCOPE));
      await one.commit(commit("2", set(written), set(ending), set(storedObject("c"))));
      await one[Symbol.asyncDispose]();
      const { loaded } = await writableScope(store.scope(SCOPE)).lease("merger");
      const marks = [...loaded.claims].map(([key, { changedAt, deleting }]) => `${key} ${changedAt} ${deleting}`);
      expect(marks.toSorted()).toEqual([
        `team-a/a ${time} false`,
        "team-a/b undefined true",
        "team-a/c undefined false",
      ]);
    });

    test("goes on with the feed and the counts where the other stopped", async () => {
      const store = await open();
      const first = writableScope(store.scope(SCOPE));
      const a = storedObject("a");
      await first.commit(commit("1", set(a)));
      const cursor = await first.store.cursor();
      await first[Symbol.asyncDispose]();
      const second = writableScope(store.scope(SCOPE));
      const larger = storedObject("a", { version: "2", rest: ',"spec":{"x":1}' });
      await second.commit(commit("2", set(larger), set(storedObject("b"))));
      for await (const batch of second.store.changes({ since: cursor })) {
        expect(batch.type === "changes" && batch.entries.map(({ change }) => change.type)).toEqual(["set", "set"]);
        break;
      }
      const { meta, objects } = await second.store.read();
      expect(objects.map(visible)).toEqual([visible(larger), visible(storedObject("b"))]);
      expect(meta).toMatchObject({
        objects: 2,
        bytes: larger.bytes.byteLength + storedObject("b").bytes.byteLength,
      });
    });
  });

  describe("a commit", () => {
    test("whose position lies behind the one before it is refused, but for a new epoch", async () => {
      const one = await scope();
      await one.commit(commit("9007199254740993", set(storedObject("a"))));
      await expect(one.commit(commit("9007199254740992"))).rejects.toMatchObject({ code: "KRM_STORE_CONFLICT" });
      await expect(one.commit(commit("99"))).rejects.toMatchObject({ code: "KRM_STORE_CONFLICT" });
      expect((await one.store.meta()).version).toBe("9007199254740993");
      await one.commit({ changes: [], meta: metaAt("7", { epoch: 1 }), reset: true });
      expect((await one.store.meta()).version).toBe("7");
    });

    test("of many changes is seen whole or not at all, by reads, gets and indexes", { timeout: 60_000 }, async () => {
      const one = await scope();
      const names = Array.from({ length: 3000 }, (_, i) => `o${i}`);
      const all = (version: number): Promise<void> => {
        const gone = names[version % names.length] ?? "";
        const before = names[(version - 1) % names.length] ?? "";
        const changes = names.flatMap((name) =>
          name === gone ? [] : [set(storedObject(name, { version: String(version) }))],
        );
        const last = storedObject(gone, { version: String(version - 1) });
        return one.commit(
          commit(String(version), ...changes, ...(before === gone ? [] : [removed(last, String(version))])),
        );
      };
      await all(2);
      let writing = true;
      const write = async (): Promise<void> => {
        for (let version = 3; version <= 6; version++) {
          await all(version);
          await nextTurn();
        }
        writing = false;
      };
      let looks = 0;
      const reads = async (): Promise<void> => {
        while (writing) {
          // A store in memory answers without letting anything else go on.
          await nextTurn();
          const { meta, objects } = await one.store.read();
          expect(new Set(objects.map(({ resourceVersion }) => resourceVersion))).toEqual(new Set([meta.version]));
          expect(objects.length).toBe(meta.objects);
          expect(meta.objects).toBe(names.length - 1);
          const { meta: at, entries } = await one.store.index();
          expect(new Set([...entries.values()].map((entry) => entry.resourceVersion))).toEqual(new Set([at.version]));
          expect(entries.size).toBe(at.objects);
          looks++;
        }
      };
      const gets = async (): Promise<void> => {
        for (let i = 0; writing; i += 13) {
          await nextTurn();
          const { meta, object } = await one.store.get(storedObject(names[i % names.length] ?? "").key);
          if (object !== undefined) expect(object.resourceVersion).toBe(meta.version);
          looks++;
        }
      };
      await Promise.all([write(), reads(), gets()]);
      expect(looks).toBeGreaterThan(0);
      expect((await one.store.meta()).version).toBe("6");
      expect((await one.store.read()).objects.length).toBe(names.length - 1);
    });
  });
}
