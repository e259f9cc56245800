import { SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";
import type { CommitRecords, RecordEntry } from "../src/records/commit-records.ts";
import { readRedo, redoText } from "../src/records/redo-record.ts";

function randomRecords(random: SeededRandom): CommitRecords {
  const entry = (key: string): RecordEntry => [
    key,
    random.text(random.integer(0, 40), 'a"\n\\') + "😀".repeat(random.integer(0, 3)),
  ];
  const writes = Array.from({ length: random.integer(0, 6) }, (_, index) => entry(`w${index}`));
  return {
    sequence: random.integer(1, 1e9),
    writes,
    removes: random.chance(0.5) ? ["r1", "r2"] : [],
    mark: entry("m"),
  };
}

test("what is written down is read again, in one record or in parts", () => {
  const random = new SeededRandom(3);
  for (let round = 0; round < 3000; round++) {
    const records = randomRecords(random);
    const { record, parts } = redoText(records, random.pick([1, 20, 1000]));
    const redo = readRedo(record);
    expect(redo).toMatchObject({ sequence: records.sequence, markKey: "m", parts: parts.length });
    expect(redo.complete(parts)).toEqual(records);
    if (parts.length > 0) {
      expect(redo.complete(parts.map((part, index) => (index === 0 ? undefined : part)))).toBeUndefined();
      expect(redo.complete(parts.map((part) => `${part}x`))).toBeUndefined();
    }
  }
});

test("something else is no redo record", () => {
  for (const text of ["", "{", "something else\nand more"])
    expect(() => readRedo(text)).toThrow(expect.objectContaining({ code: "KRM_STORE_FAILED" }));
});
