import { expect, test } from "vitest";
import { objectKey } from "../src/index.ts";
import { Sampler } from "../src/verify/sampler.ts";

const keys = Array.from({ length: 103 }, (_, i) => objectKey("ns", `o${i}`));

test("every object has its turn before any has a second one, in an order by the salt", () => {
  const sampler = new Sampler(7);
  const asked = Array.from({ length: 11 }, () => sampler.take(keys, 10)).flat();
  expect(new Set(asked.slice(0, 103)).size).toBe(103);
  expect(asked.slice(103)).toEqual(asked.slice(0, 7));
  expect(asked).not.toEqual(keys.slice(0, 110));
  const again = new Sampler(7);
  expect(Array.from({ length: 11 }, () => again.take(keys, 10)).flat()).toEqual(asked);
  const other = new Sampler(8);
  expect(other.take(keys, 103)).not.toEqual(asked.slice(0, 103));
});

test("objects that come and go keep the turns of the others", () => {
  const sampler = new Sampler(1);
  const seen = new Set(sampler.take(keys, 50));
  const left = keys.filter((_, i) => i % 2 === 0);
  for (const key of sampler.take(left, 26)) expect(seen.has(key)).toBe(false);
});

test("never more than there are, each once, and none of none", () => {
  const sampler = new Sampler(1);
  expect(sampler.take(keys.slice(0, 3), 10).toSorted()).toEqual(keys.slice(0, 3).toSorted());
  expect(sampler.take(keys.slice(0, 3), 2)).toHaveLength(2);
  expect(sampler.take([], 10)).toEqual([]);
  expect(sampler.take(keys, 0)).toEqual([]);
});
