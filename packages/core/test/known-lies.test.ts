import { expect, test } from "vitest";
import { parseResourceVersion, type Snapshot, type StoredObject } from "../src/index.ts";
import type { Suspect } from "../src/verify/compare.ts";
import { KnownLies } from "../src/verify/known-lies.ts";
import { storedObject } from "./support/objects.ts";

const old = storedObject("o", "u1", "5");
const { key } = old;

function list(...objects: readonly StoredObject[]): Snapshot {
  return {
    resourceVersion: parseResourceVersion("20"),
    takenAt: 0,
    entries: new Map(objects.map((one) => [one.key, one])),
  };
}

const suspect = (shown: StoredObject | undefined, listed: StoredObject = old): Suspect => ({
  key,
  shown,
  listed,
  moreKnown: false,
});

/** The list shows `old`, which the object itself refuted. */
function taught(): KnownLies {
  const lies = new KnownLies();
  lies.learn(list(old), new Map([[key, { contradicted: true }]]));
  return lies;
}

test("what was refuted is refuted again, while the view shows something newer, or nothing", () => {
  const newer = storedObject("o", "u1", "9");
  const { uid, resourceVersion } = newer;
  expect(taught().rule(suspect(newer))).toEqual({ entry: { uid, resourceVersion }, contradicted: true });
  expect(taught().rule(suspect(undefined))).toEqual({ entry: "absent", contradicted: true });
});

test("all else must be asked: another state in the list, an older one in the view, or more that is known", () => {
  expect(taught().rule(suspect(undefined, storedObject("o", "u1", "6")))).toBeUndefined();
  expect(taught().rule(suspect(undefined, storedObject("o", "u2", "5")))).toBeUndefined();
  expect(taught().rule(suspect(storedObject("o", "u0", "4")))).toBeUndefined();
  expect(taught().rule({ ...suspect(undefined), moreKnown: true })).toBeUndefined();
});

test("what lists do not show any more is forgotten, and all of it with the cluster's history", () => {
  const gone = taught();
  gone.learn(list(), new Map());
  expect(gone.rule(suspect(undefined))).toBeUndefined();
  const restored = taught();
  restored.clear();
  expect(restored.rule(suspect(undefined))).toBeUndefined();
});
