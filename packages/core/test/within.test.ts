import { ManualClock } from "@krm/testkit";
import { beforeEach, expect, it } from "vitest";
import { within } from "../src/index.ts";

const LATE = new Error("late");
const late = (): Error => LATE;

let clock: ManualClock;
beforeEach(() => {
  clock = new ManualClock();
});

it("is what the work comes to, where that is in time", async () => {
  expect(await within(1000, { clock }, late, async () => "done")).toBe("done");
  const failed = new Error("failed");
  await expect(within(1000, { clock }, late, async () => Promise.reject(failed))).rejects.toBe(failed);
  expect(clock.pending).toBe(0);
});

it("ends late work, whether it pays heed to its signal or not", async () => {
  let given: AbortSignal | undefined;
  const working = within(1000, { clock }, late, async (signal) => {
    given = signal;
    return new Promise<never>(() => {});
  });
  await clock.advance(999);
  expect(given?.aborted).toBe(false);
  await Promise.all([expect(working).rejects.toBe(LATE), clock.advance(1)]);
  expect(given?.reason).toBe(LATE);
});

it("ends when nobody waits any more, and leaves no timer behind", async () => {
  const left = new AbortController();
  const working = within(1000, { clock, signal: left.signal }, late, async () => new Promise<never>(() => {}));
  const gone = new Error("gone");
  left.abort(gone);
  await expect(working).rejects.toBe(gone);
  expect(clock.pending).toBe(0);
});
