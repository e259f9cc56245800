import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PODS, type Store } from "@krm/core";
import { SeededRandom, writableScope } from "@krm/testkit";
import type { KeyvStorageEntry } from "keyv";
import { describe, expect, onTestFinished, test } from "vitest";
import { createKeyvStore, openSqliteStore } from "../src/index.ts";
import { FaultyAdapter } from "./support/faulty-adapter.ts";
import { openPersistence } from "./support/open-persistence.ts";
import { commitAt, podObject, setObject } from "./support/random-commits.ts";

const SCOPE = { resource: PODS };

const backends: Record<string, () => Promise<() => Promise<Store>>> = {
  SQLite: async () => {
    const folder = await mkdtemp(join(tmpdir(), "krm-sqlite-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    return () => openSqliteStore({ file: join(folder, "state.db") });
  },
  "a Map": async () => {
    const adapter = new Map<string, unknown>();
    return () => createKeyvStore({ adapter });
  },
};

for (const [name, create] of Object.entries(backends))
  describe(`on ${name}`, () => {
    test("who opens a store takes it over; whoever wrote before is refused, and changes nothing", async () => {
      const open = await create();
      await using first = await open();
      const before = writableScope(first.scope(SCOPE));
      await before.commit(commitAt(1, setObject(podObject("a", 1))));

      await using second = await open();
      const after = writableScope(second.scope(SCOPE));
      await after.commit(commitAt(2, setObject(podObject("b", 2))));
      for (const late of [commitAt(3), commitAt(3, setObject(podObject("c", 3)))])
        await expect(before.commit(late)).rejects.toMatchObject({
          code: "KRM_STORE_UNUSABLE",
          message: "another process writes to this store now, or has emptied it",
        });
      await after.commit(commitAt(4, setObject(podObject("d", 4))));

      await using third = await open();
      const { meta, objects } = await third.scope(SCOPE).read();
      expect(meta.version).toBe("4");
      expect(objects.map((object) => object.name)).toEqual(["a", "b", "d"]);
    });
  });

test("one that is taken over in the middle of a long commit is refused", async () => {
  const data = new Map<string, unknown>();
  class Overtaken extends FaultyAdapter {
    override async setMany<T>(entries: KeyvStorageEntry<T>[]): Promise<boolean[]> {
      const parts = entries.some(({ key }) => key.startsWith("krm/redo/"));
      if (parts) await openPersistence(new FaultyAdapter(data, new SeededRandom(2)));
      return super.setMany(entries);
    }
  }
  const persistence = await openPersistence(new Overtaken(data, new SeededRandom(1)));
  await persistence.commit(SCOPE, commitAt(1, setObject(podObject("a", 1))));
  const long = commitAt(2, setObject(podObject("b", 2, 600)), setObject(podObject("c", 2, 600)));
  await expect(persistence.commit(SCOPE, long)).rejects.toMatchObject({ code: "KRM_STORE_UNUSABLE" });
  const view = await (await openPersistence(new FaultyAdapter(data, new SeededRandom(3)))).load(SCOPE);
  expect(view?.meta.version).toBe("1");
});
