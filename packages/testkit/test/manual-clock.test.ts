import { describe, expect, it } from "vitest";
import { ManualClock } from "@krm/testkit";

describe("ManualClock", () => {
  it("wakes sleepers in the order in which they are due, those due together as they lay down", async () => {
    const clock = new ManualClock();
    const woken: string[] = [];
    const sleep = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms);
      woken.push(`${name}@${clock.monotonic()}`);
    };
    const all = Promise.all([sleep("late", 300), sleep("first", 100), sleep("second", 100)]);
    expect(clock.pending).toBe(3);
    await clock.advance(299);
    expect(woken).toEqual(["first@100", "second@100"]);
    await clock.advance(1);
    await all;
    expect(woken).toEqual(["first@100", "second@100", "late@300"]);
    expect(clock.pending).toBe(0);
  });

  it("lets a sleeper sleep again within the span that passes", async () => {
    const clock = new ManualClock({ now: 1000 });
    const times: number[] = [];
    const loop = (async () => {
      for (let round = 0; round < 4; round++) {
        await clock.sleep(250);
        await Promise.resolve();
        times.push(clock.now());
      }
    })();
    await clock.advance(1000);
    await loop;
    expect(times).toEqual([1250, 1500, 1750, 2000]);
  });

  it("rejects with the reason of the signal, and forgets the sleeper", async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const reason = new Error("enough");
    const slept = clock.sleep(10, { signal: controller.signal });
    controller.abort(reason);
    await expect(slept).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
    await expect(clock.sleep(10, { signal: controller.signal })).rejects.toBe(reason);
  });

  it("tells when so many sleep", async () => {
    const clock = new ManualClock();
    let told = false;
    const waiting = clock.untilSleeping(2).then(() => (told = true));
    const first = clock.sleep(1);
    await Promise.resolve();
    expect(told).toBe(false);
    const second = clock.sleep(2);
    await waiting;
    await clock.advance(2);
    await Promise.all([first, second]);
  });

  it("gives up waiting for sleepers when aborted", async () => {
    const controller = new AbortController();
    const waiting = new ManualClock().untilSleeping(1, { signal: controller.signal });
    controller.abort(new Error("no more"));
    await expect(waiting).rejects.toThrow("no more");
  });

  it("jumps on the wall without moving monotonic time or sleepers", async () => {
    const clock = new ManualClock({ now: 5000 });
    const slept = clock.sleep(100);
    clock.setNow(0);
    expect([clock.now(), clock.monotonic(), clock.nextDueIn]).toEqual([0, 0, 100]);
    expect(await clock.advanceToNext()).toBe(100);
    await slept;
    expect(clock.now()).toBe(100);
  });

  it("refuses to go back", async () => {
    await expect(new ManualClock().advance(-1)).rejects.toThrow("cannot advance the clock by -1 ms");
  });
});
