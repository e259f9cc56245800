import { type ObjectKey, objectKey } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";
import {
  FORMAT,
  ledgerKey,
  objectRecordKey,
  parseRecordKey,
  REDO,
  redoPartKey,
  SCOPES,
  viewKey,
  WRITER,
} from "../src/records/record-keys.ts";

const ALPHABET = "ab/%:@.-_ \n\0A\u{1F600}é漢\uD800\u2028'\"\\$*0041";

test("any object's key comes back as it was, and no two share a name", () => {
  const random = new SeededRandom(7);
  const names = new Map<string, string>();
  for (let round = 0; round < 20_000; round++) {
    const key = random.text(random.integer(0, 12), ALPHABET) as ObjectKey;
    const scope = random.integer(0, 12);
    const name = objectRecordKey(scope, key);
    expect(name).toMatch(/^[a-z0-9./_%-]+$/);
    expect(parseRecordKey(name)).toEqual({ type: "object", scope, key });
    const what = `${scope} ${key}`;
    expect(names.get(name) ?? what).toBe(what);
    names.set(name, what);
  }
});

test("usual names stay readable", () => {
  expect(objectRecordKey(3, objectKey("team-a", "web-1.v2"))).toBe("object/3/team-a/web-1.v2");
  expect(objectRecordKey(0, objectKey("", "system:Node"))).toBe("object/0/system%003a%004eode");
});

test("the other records are told apart", () => {
  expect([FORMAT, WRITER, SCOPES, REDO].map(parseRecordKey)).toEqual([
    { type: "format" },
    { type: "other" },
    { type: "other" },
    { type: "other" },
  ]);
  expect(parseRecordKey(viewKey(12))).toEqual({ type: "view", scope: 12 });
  expect(parseRecordKey(ledgerKey(0))).toEqual({ type: "ledger", scope: 0 });
  expect(parseRecordKey(redoPartKey(7, 3))).toEqual({ type: "redo-part" });
  expect(parseRecordKey("something/else")).toEqual({ type: "other" });
});
