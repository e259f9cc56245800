import { describe, expect, it } from "vitest";
import { SeededRandom } from "@krm/testkit";

const draw = (random: SeededRandom, count: number): number[] => Array.from({ length: count }, () => random.uint32());

describe("SeededRandom", () => {
  it("repeats itself from the seed, and differs with it", () => {
    expect(draw(new SeededRandom(42), 20)).toEqual(draw(new SeededRandom(42), 20));
    expect(draw(new SeededRandom("42"), 20)).toEqual(draw(new SeededRandom(42), 20));
    expect(draw(new SeededRandom(43), 20)).not.toEqual(draw(new SeededRandom(42), 20));
  });

  it("spreads evenly over its range", () => {
    const random = new SeededRandom(1);
    const buckets = Array.from({ length: 16 }, () => 0);
    for (let index = 0; index < 64_000; index++) buckets[random.integer(0, 15)]! += 1;
    for (const count of buckets) expect(Math.abs(count - 4000)).toBeLessThan(300);
  });

  it("sets every bit about half of the time", () => {
    const random = new SeededRandom(9);
    const ones = Array.from({ length: 32 }, () => 0);
    for (let index = 0; index < 10_000; index++) {
      const value = random.uint32();
      for (let bit = 0; bit < 32; bit++) ones[bit]! += (value >>> bit) & 1;
    }
    for (const count of ones) expect(Math.abs(count - 5000)).toBeLessThan(300);
  });

  it("picks by weight, and never what weighs nothing", () => {
    const random = new SeededRandom(3);
    const counts = { often: 0, rarely: 0, never: 0 };
    for (let index = 0; index < 10_000; index++) counts[random.weighted({ often: 9, rarely: 1, never: 0 })]++;
    expect(counts.never).toBe(0);
    expect(Math.abs(counts.rarely - 1000)).toBeLessThan(200);
    expect(() => random.weighted({ never: 0 })).toThrow(RangeError);
    expect(() => random.pick([])).toThrow(RangeError);
  });

  it("makes well-formed UUIDs of version 4", () => {
    const random = new SeededRandom(5);
    const uuids = Array.from({ length: 1000 }, () => random.uuid());
    for (const uuid of uuids)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(uuids).size).toBe(1000);
  });

  it("keeps a fork's draws apart from its own", () => {
    const one = new SeededRandom(7);
    const other = new SeededRandom(7);
    draw(one.fork("nodes"), 100);
    draw(other.fork("nodes"), 3);
    expect(draw(one, 10)).toEqual(draw(other, 10));
    expect(draw(new SeededRandom(7).fork("a"), 5)).not.toEqual(draw(new SeededRandom(7).fork("b"), 5));
  });
});
