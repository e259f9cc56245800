import { describe, expect, it } from "vitest";
import { LedgerKeeper } from "../src/merge/ledger-keeper.ts";
import {
  type Drift,
  emptyMergeState,
  lostEventOf,
  lostEventRequest,
  type MergeInput,
  noTelemetry,
  objectKey,
  parseResourceVersion,
  reduce,
  type Uid,
} from "../src/index.ts";

const at = parseResourceVersion;
const uid = "u1" as Uid;
const NOW = Date.parse("2026-11-26T00:00:10Z");
const clock = { now: () => NOW, monotonic: () => NOW, sleep: async () => {} };
const around = { verifiedBefore: NOW - 60_000, hadView: true };

function lost(version: string): Drift {
  return {
    key: objectKey("krm", "canary"),
    type: "modified",
    horizon: at(version),
    shown: { uid, resourceVersion: at("5") },
    actual: { uid, resourceVersion: at(version) },
    cause: "upstream",
    changedAt: "2026-11-26T00:00:00Z",
  };
}

/** What the ledger is told by an input. */
function add(keeper: LedgerKeeper, input: MergeInput): readonly unknown[] {
  return keeper.add(input, reduce(emptyMergeState(), input).step, around);
}

describe("an event that its writer knows to be lost", () => {
  it("is a missed event with its exposure, and no verification", () => {
    const keeper = new LedgerKeeper(undefined, clock, noTelemetry);
    expect(add(keeper, { type: "lost", epoch: 0, drift: lost("7") })).toMatchObject([
      { result: "drift", mode: "by-name", drift: [{ exposedMs: 10_000, exposedSince: "changed" }] },
    ]);
    expect(keeper.missed).toBe(1);
    expect(Object.values(keeper.ledger.verifications)).toEqual([0, 0, 0, 0, 0]);
  });

  it("counts once, whether it is told twice or a verification finds it too, before or after", () => {
    const told = new LedgerKeeper(undefined, clock, noTelemetry);
    add(told, { type: "lost", epoch: 0, drift: lost("7") });
    expect(add(told, { type: "lost", epoch: 0, drift: lost("7") })).toEqual([]);
    const found = { horizon: at("8"), result: "drift" as const, mode: "exact-metadata" as const, drift: [lost("7")] };
    const step = { changes: [], verdicts: [found], late: 0, contradictions: 0, missing: [] };
    const heard: MergeInput = { type: "heard", epoch: 0, at: NOW };
    expect(told.add(heard, step, around)).toMatchObject([{ result: "consistent", drift: [] }]);
    expect(told.missed).toBe(1);

    const verified = new LedgerKeeper(undefined, clock, noTelemetry);
    expect(verified.add(heard, step, around)).toMatchObject([{ result: "drift" }]);
    expect(add(verified, { type: "lost", epoch: 0, drift: lost("7") })).toEqual([]);
    expect(add(verified, { type: "lost", epoch: 0, drift: lost("9") })).toHaveLength(1);
    expect(verified.missed).toBe(2);
  });

  it("changes nothing of the view", () => {
    const state = emptyMergeState();
    const { state: next, step } = reduce(state, { type: "lost", epoch: 0, drift: lost("7") });
    expect(step.changes).toEqual([]);
    expect(next).toEqual(state);
  });

  it("is asked of the merger as a request that is told from others", () => {
    expect(lostEventOf(lostEventRequest(lost("7")))).toEqual(lost("7"));
    expect(lostEventOf("rewatch")).toBeUndefined();
  });
});
