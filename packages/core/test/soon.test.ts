import { ManualClock } from "@krm/testkit";
import { expect, test } from "vitest";
import { Soon } from "../src/verify/soon.ts";

test("what is asked for again and again is done at once, and then not more often than it may be", async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const done: number[] = [];
  const soon = new Soon(clock, 10_000, () => done.push(clock.monotonic()));
  soon.ask(stop.signal);
  await clock.advance(0);
  expect(done).toEqual([0]);
  for (let seconds = 0; seconds < 25; seconds++) {
    soon.ask(stop.signal);
    await clock.advance(1000);
  }
  expect(done).toEqual([0, 10_000, 20_000]);
  soon.ask(stop.signal);
  stop.abort();
  await clock.advance(60_000);
  expect(done).toHaveLength(3);
});
