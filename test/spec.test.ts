import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const spec = read("packages/core/SPEC.md");

const laws = [...spec.matchAll(/^(\d+)\. \*\*/gm)].map((match) => Number(match[1]));
const rows = [...spec.matchAll(/^\| *(\d+) *\| (.+?) *\| (.+?) *\|$/gm)].map((match) => ({
  law: Number(match[1]),
  sources: [...(match[2] ?? "").matchAll(/`([^`]+)`/g)].map((m) => m[1] ?? ""),
  tests: (match[3] ?? "").split("; ").map((cell) => ({
    file: /`([^`]+)`/.exec(cell)?.[1] ?? "",
    names: [...cell.matchAll(/"([^"]+)"/g)].map((m) => m[1] ?? ""),
  })),
}));

test("every law has its row, in order", () => {
  expect(laws).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
  expect(rows.map(({ law }) => law)).toEqual(laws);
});

describe("the rows name what is there", () => {
  for (const { law, sources, tests } of rows) {
    test(`law ${law}`, () => {
      for (const source of sources)
        expect(() => read(`packages/core/src/${source.replace(/\/$/, "/wire-object.ts")}`), source).not.toThrow();
      expect(tests.length).toBeGreaterThan(0);
      for (const { file, names } of tests) {
        const text = read(file);
        expect(names.length, file).toBeGreaterThan(0);
        for (const name of names) expect(text, `${file}: ${name}`).toContain(name);
      }
    });
  }
});
