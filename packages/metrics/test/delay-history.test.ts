import { DEPLOYMENTS, PODS, type Scope } from "@krm/core";
import { DelayHistory, type Measured } from "@krm/metrics";
import { ManualClock } from "@krm/testkit";
import { expect, it, vi } from "vitest";

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);
const SCOPE: Scope = { resource: PODS };

function delay(seconds: number, observedAt: number): Measured {
  const event = { event: "ADDED", source: "creationTimestamp", resourceVersion: "1" } as const;
  return { type: "delay", delay: { ...event, seconds, observedAt } };
}

it("tells the quantiles of each minute, of each scope by itself", () => {
  const history = new DelayHistory(new ManualClock({ now: START }));
  const settled = vi.fn<() => void>();
  const hundred = Array.from({ length: 100 }, (_, index) => delay((index + 1) / 100, START + index));
  history.delays(SCOPE, [...hundred, undefined, { type: "unmeasured", event: "ADDED", reason: "no-time" }], settled);
  history.delays(SCOPE, [delay(-2, START + MINUTE)], settled);
  const [first, second] = history.minutes(SCOPE);
  expect(first).toMatchObject({ at: START, count: 100 });
  for (const [told, truth] of [
    [first!.p50, 0.5],
    [first!.p90, 0.9],
    [first!.p99, 0.99],
  ] as const)
    expect(Math.abs(told - truth)).toBeLessThan(truth * 0.011);
  expect(second).toMatchObject({ at: START + MINUTE, count: 1 });
  expect(second!.p50).toBeCloseTo(-2, 1);
  expect(history.minutes({ resource: DEPLOYMENTS })).toEqual([]);
  expect(settled).toHaveBeenCalledTimes(2);
  expect(history.since).toBe(START);
});

it("tells of the last hour, or less, and keeps no more", async () => {
  const clock = new ManualClock({ now: START });
  const history = new DelayHistory(clock);
  for (let minute = 0; minute < 200; minute++) {
    history.delays(SCOPE, [delay(1, clock.now())], () => {});
    await clock.advance(MINUTE);
  }
  const told = history.minutes(SCOPE);
  expect(told.map(({ at }) => (at - START) / MINUTE)).toEqual(Array.from({ length: 60 }, (_, index) => 140 + index));
  expect(history.minutes(SCOPE, 2 * MINUTE)).toHaveLength(2);
  await clock.advance(90 * MINUTE);
  expect(history.minutes(SCOPE)).toEqual([]);
});
