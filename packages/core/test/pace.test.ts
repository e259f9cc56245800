import { describe, expect, test } from "vitest";
import { Pace } from "../src/verify/pace.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const consistent = { result: "consistent", requests: 20, samples: 18, sampled: false } as const;

describe("the pace of verifying", () => {
  test("grows to twice the period while all is well, and no further; by chance half to one and a half", () => {
    const pace = new Pace({ everyMs: 5 * MINUTE, budgetPerHour: 600 }, 0);
    const waits = Array.from({ length: 5 }, (_, i) => pace.ended(consistent, i * 10 * MINUTE, 0.5) / MINUTE);
    expect(waits).toEqual([7.5, 10, 10, 10, 10]);
    expect(pace.ended(consistent, HOUR, 0)).toBe(5 * MINUTE);
    expect(pace.ended(consistent, 2 * HOUR, 0.75)).toBe(12.5 * MINUTE);
  });

  test("is a tenth of the period after drift, but not below ten seconds nor above the period", () => {
    const drift = { ...consistent, result: "drift" } as const;
    expect(new Pace({ everyMs: 5 * MINUTE, budgetPerHour: 600 }, 0).ended(drift, 0, 0.5)).toBe(30_000);
    expect(new Pace({ everyMs: MINUTE, budgetPerHour: 600 }, 0).ended(drift, 0, 0.5)).toBe(10_000);
    expect(new Pace({ everyMs: 4000, budgetPerHour: 100_000 }, 0).ended(drift, 0, 0.5)).toBe(4000);
  });

  test.for([
    { everyMs: 5 * MINUTE, lists: 1, objects: 1e6 },
    { everyMs: 5 * MINUTE, lists: 21, objects: 1e6 },
    { everyMs: 10_000, lists: 21, objects: 1e6 },
    { everyMs: 5 * MINUTE, lists: 800, objects: 1e6 },
    { everyMs: 5 * MINUTE, lists: 1, objects: 30 },
  ])(
    "keeps the budget over a day, whatever it finds: a round of $lists lists each $everyMs ms",
    ({ everyMs, lists, objects }) => {
      for (const result of ["consistent", "drift", "undecided"] as const) {
        const pace = new Pace({ everyMs, budgetPerHour: 600 }, 0);
        let now = 0;
        let asked = 0;
        let rounds = 0;
        while (now < 24 * HOUR) {
          const samples = Math.min(objects, pace.samples(now));
          asked += lists + samples;
          rounds++;
          now += pace.ended(
            { result, requests: lists + samples, samples, sampled: result === "drift" },
            now,
            (rounds % 10) / 10,
          );
        }
        // The bucket that was full at the start, and one round that was paid afterwards.
        expect(asked).toBeLessThanOrEqual(24 * 600 + 150 + lists + 500);
        expect(rounds).toBeGreaterThan(10);
      }
    },
  );

  test("spends on samples what the lists leave, at least one, at most a hundred; five times that after a find", () => {
    const pace = new Pace({ everyMs: 5 * MINUTE, budgetPerHour: 600 }, 0);
    expect(pace.samples(0)).toBe(49);
    pace.ended({ result: "consistent", requests: 21 + 49, samples: 49, sampled: false }, 0, 0.5);
    // 7.5 minutes at 10 a minute, less 21 pages.
    expect(pace.samples(HOUR)).toBe(54);
    pace.ended({ result: "drift", requests: 22, samples: 1, sampled: true }, HOUR, 0.5);
    expect(pace.samples(2 * HOUR)).toBe(5);
    pace.ended({ result: "consistent", requests: 22, samples: 1, sampled: false }, 3 * HOUR, 0.5);
    expect(pace.samples(4 * HOUR)).toBe(1);
    const dear = new Pace({ everyMs: 5 * MINUTE, budgetPerHour: 60 }, 0);
    dear.ended({ result: "consistent", requests: 500, samples: 1, sampled: false }, 0, 0.5);
    expect(dear.samples(0)).toBe(1);
    expect(new Pace({ everyMs: HOUR, budgetPerHour: 600 }, 0).samples(0)).toBe(100);
  });

  test("one that is asked for out of turn comes ten seconds after any other, and not before it can be paid", () => {
    const pace = new Pace({ everyMs: 5 * MINUTE, budgetPerHour: 600 }, 0);
    expect(pace.soonMs(0)).toBe(0);
    pace.ended({ ...consistent, requests: 3, samples: 1 }, 1000, 0.5);
    expect(pace.soonMs(4000)).toBe(7000);
    expect(pace.soonMs(11_000)).toBe(0);
    pace.spend(1, 20_000);
    expect(pace.soonMs(20_000)).toBe(10_000);
    // 150 were there, and 10 come a minute: a round of 21 lists and one sample is paid in 10 minutes.
    const dear = new Pace({ everyMs: 5 * MINUTE, budgetPerHour: 600 }, 0);
    dear.ended({ ...consistent, requests: 21, samples: 0 }, 0, 0.5);
    dear.spend(207, 0);
    expect(dear.soonMs(0)).toBe(10 * MINUTE);
  });

  test("… and ever later after another such one, up to the period, while these find nothing", () => {
    const pace = new Pace({ everyMs: 5 * MINUTE, budgetPerHour: 6000 }, 0);
    let now = 0;
    const next = (result: "consistent" | "drift"): number => {
      pace.ended({ result, requests: 2, samples: 1, sampled: false, soon: true }, now, 0.5);
      const ms = pace.soonMs(now);
      now += ms;
      return ms / 1000;
    };
    expect(Array.from({ length: 7 }, () => next("consistent"))).toEqual([20, 40, 80, 160, 300, 300, 300]);
    // Once they have brought nothing for so long, the first one is soon again.
    pace.ended({ ...consistent, requests: 2, samples: 1 }, now + 5 * MINUTE, 0.5);
    expect(pace.soonMs(now + 5 * MINUTE)).toBe(10_000);
    now += 10 * MINUTE;
    expect([next("drift"), next("drift"), next("consistent")]).toEqual([10, 10, 20]);
    const quick = new Pace({ everyMs: 4000, budgetPerHour: 100_000 }, 0);
    quick.ended({ result: "consistent", requests: 2, samples: 1, sampled: false, soon: true }, 0, 0.5);
    expect(quick.soonMs(0)).toBe(10_000);
  });

  test("a debt of more than an hour is forgiven: who asks for verifications at once does not put the next one off for long", () => {
    const pace = new Pace({ everyMs: 5 * MINUTE, budgetPerHour: 600 }, 0);
    for (let i = 0; i < 100; i++) pace.spend(100, 0);
    expect(pace.ended({ ...consistent, requests: 2, samples: 1 }, 0, 0.5)).toBe(HOUR + 12_000);
  });
});
