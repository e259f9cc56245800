import { describe, expect, test } from "vitest";
import { parseResourceVersion } from "../src/index.ts";
import { backoffMs, DEFAULT_BACKOFF } from "../src/stream/backoff.ts";
import type { Trouble } from "../src/stream/classify.ts";
import {
  PROBE_EVERY,
  startStreamer,
  type StreamerEvent,
  type StreamerState,
  type StreamerStep,
  stepStreamer,
} from "../src/stream/streamer-state.ts";

const at = parseResourceVersion("7");
const later = parseResourceVersion("9");
const rules = { backoff: DEFAULT_BACKOFF, random: 0 };
const step = (state: StreamerState, event: StreamerEvent): StreamerStep => stepStreamer(state, event, rules);

const states = {
  listing: { phase: "listing", failures: 0, gaps: 0 },
  watching: { phase: "watching", failures: 0, gaps: 0, at },
  waiting: { phase: "waiting", failures: 1, gaps: 0, ms: 800, why: "failed", at },
  polling: { phase: "polling", failures: 0, gaps: 0, reason: "not-watchable", lists: 0 },
} as const satisfies Record<StreamerState["phase"], StreamerState>;

const retry: Trouble = { type: "retry", retryAfterMs: undefined };
const events = {
  listed: { type: "listed", version: later },
  "listed-incomparable": { type: "listed-incomparable" },
  "list-failed": { type: "list-failed", trouble: retry },
  "watch-ended": { type: "watch-ended", at: later, livedMs: 300_000, silent: false },
  "watch-failed": { type: "watch-failed", at: later, livedMs: 10, trouble: retry },
  gap: { type: "gap" },
  rewatch: { type: "rewatch", at: later },
  elapsed: { type: "elapsed" },
} as const satisfies Record<StreamerEvent["type"], StreamerEvent>;

/** Total: every phase meets every event, and the compiler sees to it. */
const transitions: Record<StreamerState["phase"], Record<StreamerEvent["type"], string>> = {
  listing: {
    listed: "watching 9",
    "listed-incomparable": "polling incomparable",
    "list-failed": "waiting then list",
    "watch-ended": "watching 9",
    "watch-failed": "waiting then watch 9",
    gap: "listing",
    rewatch: "watching 9",
    elapsed: "listing",
  },
  watching: {
    listed: "watching 9",
    "listed-incomparable": "polling incomparable",
    "list-failed": "waiting then list",
    "watch-ended": "watching 9",
    "watch-failed": "waiting then watch 9",
    gap: "listing",
    rewatch: "watching 9",
    elapsed: "watching 7",
  },
  waiting: {
    listed: "watching 9",
    "listed-incomparable": "polling incomparable",
    "list-failed": "waiting then list",
    "watch-ended": "watching 9",
    "watch-failed": "waiting then watch 9",
    gap: "listing",
    rewatch: "watching 9",
    elapsed: "watching 7",
  },
  polling: {
    listed: "polling not-watchable",
    "listed-incomparable": "polling incomparable",
    "list-failed": "waiting then list",
    "watch-ended": "watching 9",
    "watch-failed": "waiting then watch 9",
    gap: "listing",
    rewatch: "watching 9",
    elapsed: "polling not-watchable",
  },
};

function describeState(state: StreamerState): string {
  switch (state.phase) {
    case "listing":
      return "listing";
    case "watching":
      return `watching ${state.at}`;
    case "waiting":
      return `waiting then ${state.at === undefined ? "list" : `watch ${state.at}`}`;
    case "polling":
      return `polling ${state.reason}`;
    default:
      return state satisfies never;
  }
}

describe("transitions", () => {
  for (const [phase, row] of Object.entries(transitions))
    for (const [event, expected] of Object.entries(row))
      test(`${phase} + ${event} → ${expected}`, () => {
        const from = states[phase as keyof typeof states];
        expect(describeState(step(from, events[event as keyof typeof events]).state)).toBe(expected);
      });
});

describe("the watch", () => {
  const failed = (trouble: Trouble, gaps = 0): StreamerStep =>
    step({ phase: "watching", failures: 0, gaps, at }, { type: "watch-failed", at: later, livedMs: 10, trouble });

  test("trap 1, 9: a version that expired leads to a list, at once the first time, and is a known gap", () => {
    expect(failed({ type: "expired" })).toEqual({
      state: { phase: "listing", failures: 0, gaps: 1 },
      desync: "expired",
    });
    expect(failed({ type: "expired" }, 1)).toMatchObject({
      state: { phase: "waiting", at: undefined },
      desync: "expired",
    });
  });

  test("law 7: a frame that makes no sense is a known gap", () => {
    expect(failed({ type: "undecodable" })).toEqual({
      state: { phase: "listing", failures: 0, gaps: 1 },
      desync: "undecodable",
    });
  });

  test("trap 24: turned away with 429, it keeps its version and waits as long as it was asked to", () => {
    const { state, desync } = failed({ type: "retry", retryAfterMs: 7000 });
    expect(state).toMatchObject({ phase: "waiting", ms: 7000, at: later });
    expect(desync).toBeUndefined();
  });

  test("401, 403, 404 are states that are probed slowly, and never an end", () => {
    for (const reason of ["unauthorized", "forbidden", "gone"] as const)
      expect(failed({ type: "blocked", reason }).state).toMatchObject({
        phase: "waiting",
        why: reason,
        ms: 60_000,
        at: later,
      });
  });

  test("trap 22: an end in good order is no failure and no relist", () => {
    expect(
      step(
        { phase: "watching", failures: 3, gaps: 0, at },
        { type: "watch-ended", at: later, livedMs: 2000, silent: false },
      ).state,
    ).toEqual({
      phase: "watching",
      failures: 3,
      gaps: 0,
      at: later,
    });
  });

  test("a watch that ends at once and empty is not repeated in a hot loop", () => {
    const { state } = step(
      { phase: "watching", failures: 0, gaps: 0, at },
      { type: "watch-ended", at, livedMs: 3, silent: true },
    );
    expect(state).toMatchObject({ phase: "waiting", failures: 1, at });
  });

  test("failures are forgotten after two healthy minutes, and not before", () => {
    const ended = (livedMs: number): StreamerEvent => ({ type: "watch-failed", at, livedMs, trouble: retry });
    expect(step({ phase: "watching", failures: 5, gaps: 0, at }, ended(119_999)).state).toMatchObject({ failures: 6 });
    expect(step({ phase: "watching", failures: 5, gaps: 0, at }, ended(120_000)).state).toMatchObject({ failures: 1 });
  });

  test("what knows no watch is asked for one again now and then", () => {
    let state: StreamerState = { phase: "polling", failures: 0, gaps: 0, reason: "not-watchable", lists: 0 };
    for (let i = 1; i < PROBE_EVERY; i++) ({ state } = step(state, { type: "listed", version: later }));
    expect(state.phase).toBe("polling");
    expect(step(state, { type: "listed", version: later }).state.phase).toBe("watching");
  });
});

describe("a resource that answers 404", () => {
  const answers = (...served: readonly (boolean | undefined)[]): StreamerStep =>
    served.reduce<StreamerStep>(
      ({ state }, answer) =>
        step(step(state, { type: "elapsed" }).state, {
          type: "watch-failed",
          at: later,
          livedMs: 3,
          trouble: { type: "blocked", reason: "gone", served: answer },
        }),
      { state: { phase: "watching", failures: 0, gaps: 0, at } },
    );

  test("has vanished when discovery says so at two probes after that", () => {
    expect(answers(false)).toMatchObject({ state: { why: "gone", unserved: 0, at: later } });
    expect(answers(false, false)).toMatchObject({ state: { unserved: 1, at: later } });
    expect(answers(false, false).vanished).toBeUndefined();
    expect(answers(undefined, false, false)).toMatchObject({ state: { why: "gone", at: undefined }, vanished: true });
  });

  test("has vanished once", () => {
    expect(answers(undefined, false, false, false).vanished).toBeUndefined();
  });

  test("has not while discovery names it, or cannot tell, at one of them", () => {
    for (const unclear of [true, undefined]) {
      expect(answers(undefined, false, unclear, false).vanished).toBeUndefined();
      expect(answers(undefined, false, unclear, false, false).vanished).toBe(true);
    }
  });

  test("begins anew after any other answer", () => {
    const once = answers(undefined, false).state;
    const others: StreamerEvent[] = [
      { type: "watch-failed", at, livedMs: 3, trouble: retry },
      { type: "watch-ended", at, livedMs: 5000, silent: false },
      { type: "listed", version: later },
      { type: "list-failed", trouble: { type: "blocked", reason: "forbidden" } },
    ];
    for (const other of others)
      expect(step(step(once, { type: "elapsed" }).state, other).state.unserved, other.type).toBeUndefined();
  });
});

test("another watch begins where it is asked to, and nothing that went wrong is forgotten", () => {
  const from: StreamerState = { phase: "watching", failures: 2, gaps: 1, at };
  expect(step(from, { type: "rewatch", at: later })).toEqual({
    state: { phase: "watching", failures: 2, gaps: 1, at: later },
  });
});

test("it starts with a list, or goes on where its store stopped", () => {
  expect(startStreamer(undefined).phase).toBe("listing");
  expect(startStreamer(at)).toMatchObject({ phase: "watching", at });
});

describe("back-off", () => {
  const waits = (random: number): number[] =>
    [1, 2, 3, 4, 5, 6, 7, 50].map((n) => backoffMs(n, random, undefined, DEFAULT_BACKOFF));

  test("0.8 s, doubled, at most 30 s, never without bound", () => {
    expect(waits(0)).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  });

  test("jittered up to twice as long, within the bound", () => {
    expect(waits(0.5)).toEqual([1200, 2400, 4800, 9600, 19_200, 30_000, 30_000, 30_000]);
  });

  test("Retry-After is kept, also beyond the bound, and spread a little", () => {
    expect(backoffMs(1, 0, 60_000, DEFAULT_BACKOFF)).toBe(60_000);
    expect(backoffMs(1, 0.5, 60_000, DEFAULT_BACKOFF)).toBe(63_000);
  });

  test("Retry-After from a clock that is off does not stop a role for years", () => {
    expect(backoffMs(1, 0, 999_999_999_000, DEFAULT_BACKOFF)).toBe(3_600_000);
  });
});
