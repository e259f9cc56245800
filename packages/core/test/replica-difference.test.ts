import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NO_VIEW, type StoredObject, type ViewMeta } from "../src/index.ts";
import { isSameView, viewDifference } from "../src/replica/view-difference.ts";
import { ObjectTable } from "../src/store/object-table.ts";
import { storedObject } from "./support/objects.ts";

const meta = (version: string): ViewMeta => ({ ...NO_VIEW, version, cursor: "c", objects: 0, bytes: 0 });

function tableOf(objects: readonly StoredObject[]): ObjectTable {
  const table = new ObjectTable();
  table.apply(objects.map((object) => ({ type: "set", object, previous: undefined, origin: "list", observedAt: 0 })));
  return table;
}

const revision = (object: StoredObject): string => `${object.key} ${object.uid}@${object.resourceVersion}`;

const views = fc
  .uniqueArray(
    fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 30 })),
    {
      selector: ([name]) => name,
      maxLength: 10,
    },
  )
  .map((all) =>
    all.map(([name, life, version]) => storedObject(`o${name}`, `u${life}`, String(version), `ns${name % 3}`)),
  );

describe("the difference between two views", () => {
  test("leads from the one to the other, and has nothing to say of what is the same", () => {
    fc.assert(
      fc.property(views, views, (before, after) => {
        const shown = tableOf(before);
        const changes = viewDifference(shown, { meta: meta("100"), objects: after }, 7);
        const same = new Set(before.map(revision));
        const changed = after.filter((object) => !same.has(revision(object)));
        const gone = before.filter(({ key }) => !after.some((object) => object.key === key));
        expect(changes.length).toBe(changed.length + gone.length);
        const kept = before.filter((object) => after.some((other) => revision(other) === revision(object)));
        shown.apply(changes);
        expect(shown.read().map(revision).toSorted()).toEqual(after.map(revision).toSorted());
        // What did not change is not held twice.
        for (const object of kept) expect(shown.get(object.key)).toBe(object);
        expect(isSameView(shown, new Map(after.map((object) => [object.key, object])))).toBe(true);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test("tells what is replaced, by version, and then what is gone, at the view's version", () => {
    const shown = tableOf([storedObject("a", "u", "5"), storedObject("b", "u", "6"), storedObject("z", "u", "200")]);
    const view = {
      meta: meta("100"),
      objects: [storedObject("a", "another", "90"), storedObject("c", "u", "9")],
    };
    expect(viewDifference(shown, view, 7)).toMatchObject([
      { type: "set", object: { name: "c" }, previous: undefined, origin: "list", observedAt: 7 },
      { type: "set", object: { name: "a" }, previous: { uid: "u", resourceVersion: "5" } },
      { type: "removed", key: "ns/b", uid: "u", resourceVersion: "100", finalState: "unknown", origin: "list" },
      { type: "removed", key: "ns/z", resourceVersion: "200" },
    ]);
  });

  test("keeps an object's own version where the view's cannot be ordered", () => {
    const shown = tableOf([storedObject("a", "u", "5")]);
    for (const version of ["v-one", ""])
      expect(viewDifference(shown, { meta: meta(version), objects: [] }, 7)).toMatchObject([{ resourceVersion: "5" }]);
  });

  test("is none for the same lives at the same versions, and some for anything else", () => {
    const [a, b] = [storedObject("a", "u", "5"), storedObject("b", "u", "6")];
    const shown = tableOf([a, b]);
    const same = (...objects: StoredObject[]): boolean =>
      isSameView(shown, new Map(objects.map((one) => [one.key, one])));
    expect(same(a, b)).toBe(true);
    expect(same(a)).toBe(false);
    expect(same(a, storedObject("b", "u", "7"))).toBe(false);
    expect(same(a, storedObject("b", "another", "6"))).toBe(false);
    expect(same(a, storedObject("c", "u", "6"))).toBe(false);
  });
});
