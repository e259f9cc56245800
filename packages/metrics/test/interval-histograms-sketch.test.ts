import { SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";
import { QUANTILE_ACCURACY, QuantileSketch } from "../src/points/quantile-sketch.ts";

const SHARES = [0, 0.01, 0.25, 0.5, 0.95, 0.99, 1];

/** Values of which none is too far from others to be told: what clocks and clusters do to delays. */
const KINDS: Readonly<Record<string, (random: SeededRandom) => number>> = {
  "around a second": (random) => 0.2 + random.next(),
  "from a millisecond to five minutes": (random) => Math.ceil(1000 * Math.exp(random.next() * 12.6 - 6.9)) / 1000,
  "below zero": (random) => -random.next() * 3,
  "around zero": (random) => random.integer(-20, 20) / 10,
  "zero, mostly": (random) => (random.chance(0.9) ? 0 : random.next()),
  "all the same": () => 86_400.123,
};

function sketchOf(values: readonly number[]): QuantileSketch {
  const sketch = new QuantileSketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

function nearestRank(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** By how much a sketch is off, as a share of the value, at most. */
function worst(sketch: QuantileSketch, values: readonly number[]): number {
  return Math.max(
    ...SHARES.map((share) => {
      const exact = nearestRank(values, share);
      const off = Math.abs(sketch.quantile(share) - exact);
      return off === 0 ? 0 : off / Math.abs(exact);
    }),
  );
}

function repacked(sketch: QuantileSketch): QuantileSketch {
  const back = new QuantileSketch();
  expect(back.absorb(JSON.parse(JSON.stringify(sketch.pack())))).toBe(true);
  return back;
}

test.each(Object.keys(KINDS))("quantiles of values %s are within the accuracy", (kind) => {
  const random = new SeededRandom(kind);
  for (const size of [1, 2, 3, 10, 100, 30_000]) {
    const values = Array.from({ length: size }, () => KINDS[kind]?.(random) ?? 0);
    const sketch = sketchOf(values);
    expect(sketch.count).toBe(size);
    expect(worst(sketch, values), `${size} values`).toBeLessThanOrEqual(QUANTILE_ACCURACY + 1e-9);
    expect(repacked(sketch).pack()).toEqual(sketch.pack());
  }
});

test("of nothing there is no quantile", () => {
  expect(new QuantileSketch().quantile(0.5)).toBeNaN();
});

test("where values are spread over everything, it stays small, and as accurate as so few bins can be", () => {
  const random = new SeededRandom(1);
  const spread = (): number => (random.chance(0.3) ? -1 : 1) * 10 ** (random.next() * 18 - 9);
  const values = Array.from({ length: 50_000 }, spread);
  const sketch = sketchOf(values);
  expect(sketch.pack().length).toBeLessThanOrEqual(1025);
  // Eighteen decades of both signs are 4145 bins: joined four times.
  expect(worst(sketch, values)).toBeLessThanOrEqual(16 * QUANTILE_ACCURACY);
  expect(repacked(sketch).pack()).toEqual(sketch.pack());
});

test("the smallest and the largest numbers there are", () => {
  const values = [Number.MIN_VALUE, -Number.MIN_VALUE, 1e307, -1e307, 0, -0];
  const sketch = repacked(sketchOf(values));
  expect(sketch.count).toBe(6);
  expect(sketch.quantile(0.5)).toBe(0);
  expect(sketch.quantile(1) / 1e307).toBeCloseTo(1, 1);
  expect(sketch.quantile(0) / -1e307).toBeCloseTo(1, 1);
});

test("what was packed half way goes on as if it had not been", () => {
  for (const wide of [false, true]) {
    const random = new SeededRandom(2);
    const values = Array.from({ length: 5000 }, () => (wide ? 10 ** (random.next() * 30 - 15) : random.next()));
    const half = repacked(sketchOf(values.slice(0, 2500)));
    for (const value of values.slice(2500)) half.add(value);
    expect(half.pack()).toEqual(sketchOf(values).pack());
  }
});

test("one absorbs another, also where one of both has joined bins", () => {
  const random = new SeededRandom(3);
  const narrow = Array.from({ length: 1000 }, () => random.next());
  const wide = Array.from({ length: 9000 }, () => 10 ** (random.next() * 18 - 9));
  for (const [first, second] of [
    [narrow, wide],
    [wide, narrow],
    [narrow, narrow],
  ] as const) {
    const sketch = sketchOf(first);
    expect(sketch.absorb(sketchOf(second).pack())).toBe(true);
    expect(sketch.pack()).toEqual(sketchOf([...first, ...second]).pack());
  }
});

test.each([
  [undefined],
  [null],
  ["[0]"],
  [{}],
  [[]],
  [[0, 1]],
  [[-1]],
  [[18]],
  [[0.5]],
  [[0, 1, 0]],
  [[0, 1, 1.5]],
  [[0, 5, 1, 0, 1]],
  [[0, 5, 1, -1, 1]],
  [[0, 1e9, 1]],
  [[0, "5", 1]],
  [[0, ...Array.from({ length: 1026 }, () => 1)]],
])("what is no packed sketch changes nothing: %j", (garbage) => {
  const sketch = sketchOf([1, 2, 3]);
  expect(sketch.absorb(garbage)).toBe(false);
  expect(sketch.pack()).toEqual(sketchOf([1, 2, 3]).pack());
});
