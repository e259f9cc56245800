import { SeededRandom } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { advanced, divided, type Division, undivided } from "../../src/influx/delivery/division.ts";

/** Sends lines to a server that refuses whatever has a bad one in it. */
function send(lines: number, bad: ReadonlySet<number>): { requests: number; written: number[]; refused: number[] } {
  const written: number[] = [];
  const refused: number[] = [];
  let requests = 0;
  let division: Division | undefined = undivided(0, lines);
  while (division !== undefined) {
    requests += 1;
    const { at, sizes }: Division = division;
    const part: number[] = Array.from({ length: sizes[0] }, (_, index) => at + index);
    const halves: Division | undefined = part.some((line) => bad.has(line))
      ? divided(division, part.length)
      : undefined;
    if (halves !== undefined) division = halves;
    else {
      (part.some((line) => bad.has(line)) ? refused : written).push(...part);
      division = advanced(division, part.length);
    }
  }
  return { requests, written, refused };
}

describe("a batch that is divided", () => {
  test("loses one bad line alone, in few requests", () => {
    const random = new SeededRandom(7);
    for (let round = 0; round < 200; round++) {
      const lines = random.integer(1, 5000);
      const line = random.integer(0, lines - 1);
      const { requests, written, refused } = send(lines, new Set([line]));
      expect(refused).toEqual([line]);
      expect(written).toHaveLength(lines - 1);
      expect(written.toSorted((a, b) => a - b)).toEqual(written);
      expect(requests).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(lines)) + 1);
    }
  });

  test("loses five bad lines alone", () => {
    const bad = new Set([0, 1111, 2500, 3333, 4999]);
    const { written, refused } = send(5000, bad);
    expect(refused).toEqual([...bad]);
    expect(written).toHaveLength(4995);
  });

  test("takes a bounded number of requests, whatever is bad", () => {
    const all = send(5000, new Set(Array.from({ length: 5000 }, (_, index) => index)));
    expect(all.refused).toHaveLength(5000);
    expect(all.requests).toBeLessThanOrEqual(129);
    const random = new SeededRandom(8);
    for (let round = 0; round < 50; round++) {
      const bad = new Set(Array.from({ length: random.integer(6, 500) }, () => random.integer(0, 4999)));
      const { requests, written, refused } = send(5000, bad);
      expect(requests).toBeLessThanOrEqual(129);
      expect([...written, ...refused].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 5000 }, (_, index) => index),
      );
      expect(written.filter((line) => bad.has(line))).toEqual([]);
    }
  });

  test("goes on where fewer lines went than planned", () => {
    const division = undivided(10, 8);
    expect(advanced(division, 3)).toEqual({ at: 13, sizes: [5], left: 64 });
    expect(divided(division, 4)).toEqual({ at: 10, sizes: [2, 2, 4], left: 63 });
    expect(advanced(division, 8)).toBeUndefined();
  });
});
