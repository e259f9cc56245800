import { describe, expect, test } from "vitest";
import { rowLine } from "./row-line.ts";
import { ROWS } from "./rows/index.ts";

/** In the short form; `npm run faults` takes 1,000. */
const HISTORIES = 60;

describe("after each fault the view is the cluster, and what is told as missed is what was missed", () => {
  test.for(ROWS)("$name", { timeout: 120_000 }, async (row) => {
    const { line } = await rowLine(row, { seed: 1, histories: HISTORIES, brief: true });
    expect(line).toMatch(/^ok /);
  });

  test("each of the 41 traps has a row", () => {
    const traps = ROWS.flatMap(({ trap }) => trap ?? []).toSorted((a, b) => a - b);
    expect(traps).toEqual(Array.from({ length: 41 }, (_, i) => i + 1));
  });

  test("no two rows have the same name", () => {
    expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
  });
});
