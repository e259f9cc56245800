import { ManualClock } from "@krm/testkit";
import { expect, test } from "vitest";
import { Calls } from "../src/verify/calls.ts";

const stop = new AbortController();

test("what a wait heeds cuts it short, also when it was called before; what it does not heed is kept", async () => {
  const clock = new ManualClock();
  const calls = new Calls();
  const minute = clock.sleep.bind(clock, 60_000);
  calls.soon();
  calls.soon();
  const heedless = calls.during(minute, ["now"], stop.signal);
  await clock.advance(60_000);
  expect(await heedless).toBeUndefined();
  expect(await calls.during(minute, ["now", "soon"], stop.signal)).toBe("soon");
  calls.now();
  expect(await calls.during(minute, ["now"], stop.signal)).toBe("now");
  expect(calls.answer()).toBe(true);
});

test("what begins answers all that was called until then", async () => {
  const clock = new ManualClock();
  const calls = new Calls();
  expect(calls.answer()).toBe(false);
  calls.soon();
  expect(calls.answer()).toBe(true);
  const wait = calls.during(clock.sleep.bind(clock, 1000), ["now", "soon"], stop.signal);
  await clock.advance(1000);
  expect(await wait).toBeUndefined();
  expect(calls.answer()).toBe(false);
});
