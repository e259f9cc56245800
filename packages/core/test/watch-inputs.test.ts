import { expect, test } from "vitest";
import { parseResourceVersion, type WatchEvent } from "../src/index.ts";
import { watchInputs } from "../src/stream/watch-inputs.ts";
import { storedObject } from "./support/objects.ts";

const NOW = 100_000;

const event: WatchEvent = { type: "ADDED", object: storedObject("a", "u", "8") };
const bookmark = (heardAt?: number): WatchEvent => ({
  type: "BOOKMARK",
  resourceVersion: parseResourceVersion("9"),
  initialEventsEnd: false,
  ...(heardAt !== undefined && { heardAt }),
});

/** What a batch vouches for, and as of when what comes next is known. */
function heard(batch: readonly WatchEvent[], knownAt?: number): readonly [at: number | undefined, knownAt?: number] {
  const moment = { from: parseResourceVersion("7"), epoch: 0, observedAt: NOW, knownAt };
  const { inputs, knownAt: next } = watchInputs(batch, moment);
  const last = inputs.at(-1);
  const at = last?.type === "heard" ? last.at : undefined;
  return next === undefined ? [at] : [at, next];
}

test("what an API server brings was heard when it came", () => {
  expect(heard([])).toEqual([NOW]);
  expect(heard([event])).toEqual([NOW]);
  expect(heard([event, bookmark()])).toEqual([NOW]);
});

test("a bookmark that tells its source's last contact vouches for nothing newer", () => {
  expect(heard([bookmark(40_000)])).toEqual([40_000]);
  expect(heard([event, bookmark(40_000)])).toEqual([40_000]);
  expect(heard([bookmark(30_000), bookmark(40_000)])).toEqual([40_000]);
});

test("a contact in the future counts as now", () => {
  expect(heard([bookmark(NOW + 1)])).toEqual([NOW]);
  expect(heard([event], NOW + 1)).toEqual([NOW, NOW + 1]);
});

test("an event after such a bookmark was heard when it came", () => {
  expect(heard([bookmark(40_000), event])).toEqual([NOW]);
});

test("what comes before the first bookmark of a watch is no newer than its source's contact as the watch began", () => {
  expect(heard([], 40_000)).toEqual([40_000, 40_000]);
  expect(heard([event], 40_000)).toEqual([40_000, 40_000]);
  expect(heard([event, bookmark(50_000)], 40_000)).toEqual([50_000]);
  expect(heard([event, bookmark(50_000), event], 40_000)).toEqual([NOW]);
});
