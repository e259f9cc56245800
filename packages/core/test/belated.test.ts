import { describe, expect, test } from "vitest";
import {
  emptyMergeState,
  type MergeInput,
  type MergeState,
  reduce,
  type Snapshot,
  type Step,
  type StoredObject,
} from "../src/index.ts";
import { storedObject } from "./support/objects.ts";

const a5 = storedObject("a", "ua", "5");
const b9 = storedObject("b", "ub", "9");
const a9 = storedObject("a", "ua2", "9");

const at = (version: string): Snapshot["resourceVersion"] => storedObject("x", "u", version).resourceVersion;

function list(version: string, ...objects: readonly StoredObject[]): Snapshot {
  const entries = objects.map(
    (object) => [object.key, { uid: object.uid, resourceVersion: object.resourceVersion, object }] as const,
  );
  return { resourceVersion: at(version), takenAt: 0, entries: new Map(entries) };
}

const relisted = (...of: Parameters<typeof list>): MergeInput => ({
  type: "relisted",
  epoch: 0,
  snapshot: list(...of),
});
const verified = (...of: Parameters<typeof list>): MergeInput => ({
  type: "verified",
  epoch: 0,
  snapshot: list(...of),
  mode: "exact-metadata",
});
const passed = (version: string): MergeInput => ({ type: "bookmark", epoch: 0, resourceVersion: at(version) });
const told = (object: StoredObject, type: "applied" | "deleted" = "applied"): MergeInput => ({
  type: "observed",
  epoch: 0,
  observation: { type, object, origin: "live", observedAt: 0 },
});

function merge(...inputs: readonly MergeInput[]): { readonly state: MergeState; readonly step: Step } {
  let state = emptyMergeState();
  let step: Step | undefined;
  for (const input of inputs) ({ state, step } = reduce(state, input));
  if (step === undefined) throw new Error("nothing was merged");
  return { state, step };
}

/** The source's list at 10 lacked b, which it had at 9; it tells it when it has found out. */
const overlooked = [relisted("5", a5), passed("10"), verified("10", a5), passed("12")];

describe("an event that comes when the stream has passed its version", () => {
  test("of an object that a verified list did not show is not taken, but looked into", () => {
    const { step } = merge(...overlooked, told(b9));
    expect(step).toMatchObject({ changes: [], late: 1, belated: true });
  });

  test("is not claimed as missed by the verification that finds it: it was told, late", () => {
    const { step } = merge(...overlooked, told(b9), verified("12", a5, b9));
    expect(step.verdicts).toMatchObject([{ result: "lag", drift: [] }]);
    expect(step.changes).toMatchObject([{ type: "set", object: b9, origin: "repair" }]);
  });

  test("… nor by one that the stream must pass first, nor by a list that closes a known gap", () => {
    const ahead = merge(...overlooked, told(b9), verified("14", a5, b9), passed("14"));
    expect(ahead.step.verdicts).toMatchObject([{ result: "lag", drift: [] }]);
    const gap: MergeInput = { type: "relisted", epoch: 0, snapshot: list("14", a5, b9), cause: "expired" };
    expect(merge(...overlooked, told(b9), gap).step.verdicts).toMatchObject([{ result: "consistent", drift: [] }]);
  });

  test("… nor by one of which another object leaves a doubt, once that is over", () => {
    const begun: MergeInput = { type: "verification-started", epoch: 0 };
    const doubts = [{ key: a5.key, until: at("14"), found: undefined, listed: undefined }];
    const { state, step } = merge(...overlooked, told(b9), begun, { ...verified("12", b9), doubts } as MergeInput);
    expect(step.verdicts).toEqual([]);
    const end = reduce(state, told({ ...a5, resourceVersion: at("13") }, "deleted")).state;
    expect(reduce(end, passed("14")).step.verdicts).toMatchObject([{ result: "lag", drift: [] }]);
  });

  test("another state than the one that it told is claimed all the same", () => {
    const { step } = merge(...overlooked, told(b9), verified("12", a5, storedObject("b", "ub", "11")));
    expect(step.verdicts).toMatchObject([{ result: "drift", drift: [{ type: "added" }] }]);
    const never = merge(...overlooked, verified("12", a5, b9));
    expect(never.step.verdicts).toMatchObject([{ result: "drift", drift: [{ type: "added" }] }]);
  });

  test("of a life that replaced another one: the end is taken, the new life is looked into", () => {
    const end = { ...a5, resourceVersion: at("8") };
    const { state, step } = merge(...overlooked, told(end, "deleted"), told(a9));
    expect(step).toMatchObject({ changes: [], belated: true });
    const found = reduce(state, verified("12", a9)).step;
    expect(found.verdicts).toMatchObject([{ result: "lag", drift: [] }]);
    expect(found.changes).toMatchObject([{ type: "set", object: a9 }]);
  });

  test("does not hide that the end of a later life was missed", () => {
    const { state } = merge(...overlooked);
    const restored = { ...state, horizon: at("5"), restoredAt: at("12") };
    const end = told({ ...a5, resourceVersion: at("9") }, "deleted");
    const next = told(storedObject("a", "ua2", "15"));
    let step: Step | undefined;
    let now: MergeState = restored;
    for (const input of [end, next, passed("25"), verified("25")]) ({ state: now, step } = reduce(now, input));
    expect(step?.verdicts).toMatchObject([{ result: "drift", drift: [{ type: "deleted", shown: { uid: "ua2" } }] }]);
    // Of the very life that it was of, it is what the verification finds.
    const late = merge(...overlooked, passed("25"));
    const same = reduce({ ...late.state, horizon: at("5"), restoredAt: at("25") }, end);
    expect(same.step.belated).toBe(true);
    expect(reduce(same.state, verified("25")).step.verdicts).toMatchObject([{ result: "lag", drift: [] }]);
  });

  test("is not forgotten for an older story of the same object", () => {
    const { step } = merge(...overlooked, told(b9), told(storedObject("b", "ub", "7")), verified("12", a5, b9));
    expect(step.verdicts).toMatchObject([{ result: "lag", drift: [] }]);
  });

  test("that turns out to be an old story changes nothing, and is forgotten", () => {
    const { state, step } = merge(...overlooked, told(b9), verified("12", a5));
    expect(step).toMatchObject({ changes: [], verdicts: [{ result: "consistent" }] });
    expect(state.belated.size).toBe(0);
  });

  test("asks for one verification until that is decided", () => {
    const again = merge(...overlooked, told(b9), told(storedObject("c", "uc", "8")));
    expect(again.step.belated).toBe(false);
    const later = reduce(reduce(again.state, verified("12", a5)).state, told(b9));
    expect(later.step.belated).toBe(true);
  });

  test.each([
    ["on its way to a version that was verified ahead of it", [relisted("5", a5), verified("10", a5), told(b9)]],
    ["known already", [...overlooked, told(a5)]],
    ["the end of what is not shown", [...overlooked, told(b9, "deleted")]],
  ] as const)("but not one that is %s", (_, inputs) => {
    expect(merge(...inputs).step.belated).toBe(false);
  });

  test("after a restart: what the process before may have merged is looked into as well", () => {
    const state = { ...merge(...overlooked).state, horizon: at("5"), restoredAt: at("12") };
    expect(reduce(state, told(b9)).step).toMatchObject({ changes: [], late: 1, belated: true });
    expect(reduce(state, told(a5)).step.belated).toBe(false);
  });
});
