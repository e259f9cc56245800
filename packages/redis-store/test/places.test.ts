import { DEPLOYMENTS, NODES, PODS, type Scope } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";
import { scopeKeys } from "../src/scope-keys.ts";
import { nextId, readCursor, writeCursor } from "../src/stream-id.ts";
import { readIndexEntry, writeIndexEntry } from "../src/stored-state.ts";

test("no two scopes share a key, and all keys of one have one hash tag", () => {
  const namespaces = [undefined, "a", "a-b", "b"];
  const scopes = [PODS, DEPLOYMENTS, NODES].flatMap((resource) =>
    namespaces.map((namespace): Scope => ({ resource, namespace })),
  );
  const keys = scopes.map((scope) => scopeKeys("krm", scope));
  expect(new Set(keys.flatMap(({ all }) => all)).size).toBe(scopes.length * 11);
  for (const { all } of keys) expect(new Set(all.map((key) => /\{(.+)\}/.exec(key)?.[1])).size).toBe(1);
});

test("places of the feed are what they were written as, and nothing else is one", () => {
  const random = new SeededRandom(3);
  for (let i = 0; i < 200; i++) {
    const place = { id: `${random.integer(0, 10 ** 14)}-${random.integer(1, 2 ** 31)}`, skip: random.integer(0, 300) };
    expect(readCursor(writeCursor(place))).toEqual(place);
  }
  for (const text of ["", "1", "1-2-3", "1-2+", "a-b", "1-2+x", " 1-2", "1-2 ", "-", "no cursor of ours"])
    expect(readCursor(text), text).toBeUndefined();
  expect(nextId("0-0", 7)).toBe("1-7");
  expect(nextId("999999999999-12", 7)).toBe("1000000000000-7");
});

test("index entries are what they were written as, whatever the uid", () => {
  for (const uid of ["0c8f", "with spaces in it", "", "ü\n"]) {
    const entry = { uid, resourceVersion: "340282366920938463463374607431768211455", size: 1_500_000 };
    for (const marks of [{}, { deleting: false }, { deleting: true, changedAt: "2026-11-23T06:14:00Z" }])
      expect(readIndexEntry(writeIndexEntry({ ...entry, ...marks }))).toEqual({ ...entry, ...marks });
  }
});
