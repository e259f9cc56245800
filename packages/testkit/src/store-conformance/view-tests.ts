import { setImmediate as nextTurn } from "node:timers/promises";
import { hasTerm, NODES, objectKey, type ObjectTerm, parseResourceVersion } from "@krm/core";
import { describe, expect, test } from "vitest";
import { commit, keysOf, metaAt, removed, set, storedObject, visible } from "./fixtures.ts";
import type { Harness } from "./suite.ts";
import { writableScope } from "./writable-scope.ts";

export function viewTests({ open, scope }: Harness): void {
  describe("the view", () => {
    test("has no version before the first commit", async () => {
      const { meta, objects } = await (await scope()).store.read();
      expect(meta).toMatchObject({ epoch: 0, version: undefined, horizon: undefined, objects: 0, bytes: 0 });
      expect(objects).toEqual([]);
    });

    test("is what was committed: meta as it was given, objects to the byte, counts of its own", async () => {
      const one = await scope();
      const meta = metaAt("9007199254740993", {
        epoch: 2,
        resumeFloor: parseResourceVersion("340282366920938463463374607431768211455"),
        repairPending: true,
      });
      const metadata = {
        creationTimestamp: "2026-01-01T00:00:00Z",
        deletionTimestamp: "2026-01-01T00:00:30Z",
        deletionGracePeriodSeconds: 30,
        labels: { app: "web", constructor: "yes" },
      };
      const object = storedObject("full", { version: "18446744073709551617", metadata });
      await one.commit({ changes: [set(object)], meta });
      const read = await one.store.read();
      expect(read.meta).toMatchObject({ ...meta, objects: 1, bytes: object.bytes.byteLength });
      expect(read.objects.map(visible)).toEqual([visible(object)]);
      const got = await one.store.get(object.key);
      expect(got.object && visible(got.object)).toEqual(visible(object));
      expect(got.meta).toEqual(read.meta);
    });

    test("changes: set, replaced, removed; what is not there is undefined", async () => {
      const one = await scope();
      const [a, b] = [storedObject("a"), storedObject("b")];
      await one.commit(commit("1", set(a), set(b)));
      const newer = storedObject("a", { version: "2", rest: ',"spec":{"x":1}' });
      await one.commit(commit("3", set(newer), removed(b, "3")));
      const { meta, objects } = await one.store.read();
      expect(objects.map(visible)).toEqual([visible(newer)]);
      expect(meta).toMatchObject({ version: "3", objects: 1, bytes: newer.bytes.byteLength });
      expect((await one.store.get(b.key)).object).toBeUndefined();
      expect((await one.store.get(objectKey("team-a", "nobody"))).object).toBeUndefined();
    });

    test("several changes of one key in one commit take effect in their order", async () => {
      const one = await scope();
      const [first, second] = [storedObject("a", { version: "1" }), storedObject("a", { version: "4" })];
      await one.commit(commit("4", set(first), removed(first, "3"), set(second)));
      expect((await one.store.read()).objects.map(visible)).toEqual([visible(second)]);
      await one.commit(commit("6", set(first), removed(first, "6")));
      expect((await one.store.read()).objects).toEqual([]);
    });

    test("a commit without changes moves the meta alone", async () => {
      const one = await scope();
      await one.commit(commit("1", set(storedObject("a"))));
      const { cursor } = await one.store.meta();
      await one.commit(commit("8"));
      expect(await one.store.meta()).toMatchObject({ version: "8", objects: 1, cursor });
    });

    test("is ordered by key, byte by byte, and cut to a namespace on demand", async () => {
      const one = await scope();
      const names = [
        ["b", "x"],
        ["a", "z"],
        ["a-b", "x"],
        ["a", "a.b"],
        ["a", "a-b"],
        ["a.c", "x"],
      ] as const;
      await one.commit(commit("1", ...names.map(([namespace, name]) => set(storedObject(name, { namespace })))));
      const expected = names
        .map(([namespace, name]) => objectKey(namespace, name))
        .toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
      expect(keysOf((await one.store.read()).objects)).toEqual(expected);
      expect(keysOf((await one.store.read({ namespace: "a" })).objects)).toEqual(["a/a-b", "a/a.b", "a/z"]);
      expect((await one.store.read({ namespace: "nowhere" })).objects).toEqual([]);
    });

    test("a read that wants something leaves out nothing that has it, at the first time and later", async () => {
      const one = await scope();
      const objects = Array.from({ length: 12 }, (_, i) =>
        storedObject(`o${10 + i}`, {
          namespace: i % 2 === 0 ? "a" : "b",
          metadata: { labels: { app: `v${i % 4}` }, ownerReferences: [{ uid: `owner-${i % 3}` }] },
          rest: `,"spec":{"nodeName":"n${i % 6}"}`,
        }),
      );
      await one.commit({ changes: objects.map((object) => set(object)), meta: metaAt("1") });
      const where: readonly ObjectTerm[] = [
        { by: "label", name: "app", values: ["v1", "v3"] },
        { by: "field", path: ["spec", "nodeName"], values: ["n1", "n5"] },
        { by: "owner", values: ["owner-1", "owner-2"] },
      ];
      for (let time = 0; time < 4; time++) {
        for (const terms of [where, ...where.map((term) => [term])]) {
          const { meta, objects: read } = await one.store.read({ namespace: "b", where: terms });
          const names = read.map(({ name }) => name);
          const wanted = objects.filter((object) => object.namespace === "b" && terms.every((t) => hasTerm(t, object)));
          expect(names).toEqual(names.toSorted());
          expect(names).toEqual(expect.arrayContaining(wanted.map(({ name }) => name)));
          expect(read.every(({ namespace }) => namespace === "b")).toBe(true);
          expect(meta).toMatchObject({ version: "1", objects: 12 });
        }
      }
    });

    test("holds cluster-scoped objects under their names alone", async () => {
      const store = await open();
      const nodes = writableScope(store.scope({ resource: NODES }));
      await nodes.commit(
        commit("1", set(storedObject("n2", { namespace: "" })), set(storedObject("n1", { namespace: "" }))),
      );
      expect(keysOf((await nodes.store.read()).objects)).toEqual(["n1", "n2"]);
      expect((await nodes.store.get(objectKey("", "n1"))).object?.namespace).toBe("");
    });

    test("is the caller's own: changing what was read changes nothing", async () => {
      const one = await scope();
      await one.commit(commit("1", set(storedObject("a")), set(storedObject("b"))));
      (await one.store.read()).objects.slice().pop();
      ((await one.store.read()).objects as unknown[]).length = 0;
      expect((await one.store.read()).objects).toHaveLength(2);
    });
  });

  describe("odd keys and bytes", () => {
    const odd = {
      unicode: ',"data":{"k":"żółć 漢字 😀 \\u2028"}',
      "numbers as sent": ',"data":{"big":9007199254740993,"one":1.0,"exp":1e400,"minus":-0}',
      "escapes as sent": ',"data":{"slash":"\\/","quote":"\\"","nul":"\\u0000"}',
      whitespace: ' ,  "data" : { "a" : [ ] }',
      "1.5 MB": `,"data":{"blob":"${"x".repeat(1_500_000)}"}`,
    };
    for (const [what, rest] of Object.entries(odd))
      test(`${what}, to the byte`, async () => {
        const one = await scope();
        const object = storedObject("odd", { rest });
        await one.commit(commit("1", set(object)));
        const [read] = (await one.store.read()).objects;
        expect(Buffer.from(read?.bytes ?? []).equals(Buffer.from(object.bytes))).toBe(true);
      });

    test("names with dots, colons, percent signs and pattern characters", async () => {
      const one = await scope();
      const names = ["system:node:a", "100%25", "a.b.c", "x*y?z[1]", "{tag}", "__proto__", "constructor"];
      await one.commit(commit("1", ...names.map((name) => set(storedObject(name)))));
      for (const name of names) expect((await one.store.get(objectKey("team-a", name))).object?.name).toBe(name);
      await one.commit(commit("2", ...names.slice(1).map((name) => removed(storedObject(name), "2"))));
      expect(keysOf((await one.store.read()).objects)).toEqual(["team-a/system:node:a"]);
    });
  });

  describe("big sets", () => {
    test("10,000 objects at once, replaced in part, and taken away", { timeout: 60_000 }, async () => {
      const one = await scope();
      const objects = Array.from({ length: 10_000 }, (_, i) =>
        storedObject(`o${String(i).padStart(5, "0")}`, { namespace: `ns-${i % 7}`, version: String(i + 1) }),
      );
      await one.commit({ changes: objects.map((object) => set(object)), meta: metaAt("10000") });
      const keys = objects.map(({ key }) => key).toSorted((a, b) => (a < b ? -1 : 1));
      expect(keysOf((await one.store.read()).objects)).toEqual(keys);
      const half = objects.filter((_, i) => i % 2 === 0);
      await one.commit({
        changes: half.map((object) => removed(object, "10001", false)),
        meta: metaAt("10001"),
      });
      expect(await one.store.meta()).toMatchObject({ version: "10001", objects: 5000 });
      expect((await one.store.read({ namespace: "ns-3" })).objects.length).toBe(
        objects.filter((_, i) => i % 2 === 1 && i % 7 === 3).length,
      );
    });
  });

  describe("concurrency", () => {
    test("a read sees a commit whole or not at all", async () => {
      const one = await scope();
      const pair = (version: number): Promise<void> =>
        one.commit(
          commit(
            String(version),
            set(storedObject("left", { version: String(version) })),
            set(storedObject("right", { version: String(version) })),
          ),
        );
      await pair(1);
      let writing = true;
      const write = async (): Promise<void> => {
        for (let version = 2; version <= 60; version++) await pair(version);
        writing = false;
      };
      const watch = async (): Promise<number> => {
        let reads = 0;
        while (writing) {
          // A store in memory answers without letting anything else go on.
          await nextTurn();
          const { meta, objects } = await one.store.read();
          expect(objects.map(({ resourceVersion }) => resourceVersion)).toEqual([meta.version, meta.version]);
          reads++;
        }
        return reads;
      };
      const [, ...reads] = await Promise.all([write(), watch(), watch(), watch()]);
      for (const count of reads) expect(count).toBeGreaterThan(0);
      expect((await one.store.meta()).version).toBe("60");
    });
  });
}
