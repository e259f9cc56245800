import { describe, expect, test } from "vitest";
import {
  advance,
  type Doubt,
  emptyMergeState,
  type MergeInput,
  type MergeState,
  parseResourceVersion,
  type ResourceVersion,
  type Snapshot,
  type Step,
  type StoredObject,
} from "../src/index.ts";
import { currentClaims } from "../src/merge/frozen-claims.ts";
import { storedObject } from "./support/objects.ts";

const at = (version: number): ResourceVersion => parseResourceVersion(String(version));
const object = (uid: string, version: number): StoredObject => storedObject("a", uid, String(version));
const { key } = object("u", 1);

function list(version: number, objects: readonly StoredObject[], takenAt = 0): Snapshot {
  const entries = objects.map(
    (one) => [one.key, { uid: one.uid, resourceVersion: one.resourceVersion, object: one }] as const,
  );
  return { resourceVersion: at(version), takenAt, entries: new Map(entries) };
}

const bookmark = (version: number): MergeInput => ({ type: "bookmark", epoch: 0, resourceVersion: at(version) });

function told(one: StoredObject, type: "applied" | "deleted" = "applied"): MergeInput {
  return { type: "observed", epoch: 0, observation: { type, object: one, origin: "live", observedAt: 0 } };
}

/** The stream has told `u1@10` of the one object, and is at 20. */
function started(): MergeState {
  const state = emptyMergeState();
  advance(state, { type: "relisted", epoch: 0, snapshot: list(10, [object("u1", 10)]) });
  advance(state, bookmark(20));
  return state;
}

function verify(state: MergeState, snapshot: Snapshot, ...doubts: readonly Doubt[]): Step {
  advance(state, { type: "verification-started", epoch: 0 });
  return advance(state, { type: "verified", epoch: 0, snapshot, mode: "exact-metadata", doubts });
}

function shown(state: MergeState): string | undefined {
  const now = currentClaims(state).at(key);
  return now && `${now.uid}@${now.resourceVersion}`;
}

const vanished: Doubt = { key, until: at(40), found: undefined, listed: undefined };
const drift = (...steps: readonly Step[]): string[] =>
  steps.flatMap(({ verdicts }) =>
    verdicts.flatMap((verdict) => verdict.drift.map((one) => `${one.type}@${one.horizon}`)),
  );

describe("an object that vanished", () => {
  test("stays until the stream has passed what was asked for after it", () => {
    const state = started();
    expect(drift(verify(state, list(20, []), vanished))).toEqual([]);
    expect(shown(state)).toBe("u1@10");
    expect(drift(advance(state, bookmark(39)))).toEqual([]);
    const step = advance(state, bookmark(40));
    expect(drift(step)).toEqual(["deleted@20"]);
    expect(step.changes).toMatchObject([{ type: "removed", uid: "u1", origin: "repair" }]);
    expect(shown(state)).toBeUndefined();
  });

  test("is no drift where the stream tells its deletion: the list was wrong", () => {
    const state = started();
    verify(state, list(20, []), vanished);
    advance(state, told(object("u1", 30), "deleted"));
    const step = advance(state, bookmark(40));
    expect(step).toMatchObject({ contradictions: 1 });
    expect(drift(step)).toEqual([]);
  });

  test("does not hide a re-creation that is told between a list of the streamer and what was asked for", () => {
    const state = started();
    verify(state, list(20, []), vanished);
    const relisted = advance(state, { type: "relisted", epoch: 0, snapshot: list(30, []), cause: "expired" });
    expect(drift(relisted)).toEqual(["deleted@20"]);
    advance(state, told(object("u2", 35)));
    advance(state, bookmark(50));
    expect(shown(state)).toBe("u2@35");
  });

  test("does not hide one that the streamer's list holds", () => {
    const state = started();
    verify(state, list(20, []), vanished);
    const relisted = advance(state, {
      type: "relisted",
      epoch: 0,
      snapshot: list(36, [object("u2", 35)]),
      cause: "expired",
    });
    expect(drift(relisted)).toEqual(["deleted@20", "added@36"]);
    advance(state, bookmark(50));
    expect(shown(state)).toBe("u2@35");
    expect(drift(verify(state, list(50, [object("u2", 35)])))).toEqual([]);
  });

  test("is not decided by a list of the streamer from before the verification", () => {
    const state = started();
    verify(state, list(20, []), vanished);
    const older = advance(state, { type: "relisted", epoch: 0, snapshot: list(12, [object("u1", 10)]) });
    expect(older).toMatchObject({ contradictions: 0, changes: [] });
    expect(drift(advance(state, bookmark(50)))).toEqual(["deleted@20"]);
    expect(shown(state)).toBeUndefined();
  });

  test("is believed by the second time at last, where the stream does not move", () => {
    const state = started();
    verify(state, list(20, []), vanished);
    const soon = verify(state, list(20, [], 149_999), vanished);
    expect(soon.verdicts).toMatchObject([{ result: "inconclusive", open: [key] }]);
    expect(shown(state)).toBe("u1@10");
    const late = verify(state, list(20, [], 300_000), vanished);
    expect(drift(late)).toEqual(["deleted@20"]);
    expect(shown(state)).toBeUndefined();
  });
});

describe("what an object said of itself", () => {
  const listed = { uid: object("u1", 10).uid, resourceVersion: at(10) };

  test("is not forgotten by the next verification, which asks others", () => {
    const state = started();
    verify(state, list(20, [object("u1", 10)]), { key, until: at(40), found: undefined, listed });
    verify(state, list(20, [object("u1", 10)]));
    expect(drift(advance(state, bookmark(41)))).toEqual(["deleted@40"]);
    expect(shown(state)).toBeUndefined();
  });

  test("is lag where the stream tells it, or something newer", () => {
    for (const event of [told(object("u1", 40)), told(object("u1", 45), "deleted")]) {
      const state = started();
      verify(state, list(20, [object("u1", 10)]), { key, until: at(40), found: object("u1", 40), listed });
      const before = advance(state, event);
      // An event above it shows that the stream passed it in silence.
      const missed = event.type === "observed" && event.observation.type === "deleted" ? ["modified@40"] : [];
      expect(drift(before, advance(state, bookmark(50)))).toEqual(missed);
    }
  });

  test("is missed, and brings the body, where the stream passes it in silence", () => {
    const state = started();
    verify(state, list(20, [object("u1", 10)]), { key, until: at(40), found: object("u1", 40), listed });
    const step = advance(state, bookmark(50));
    expect(drift(step)).toEqual(["modified@40"]);
    expect(shown(state)).toBe("u1@40");
  });

  test("is outdated by a list that has come further", () => {
    const state = started();
    verify(state, list(20, [object("u1", 10)]), { key, until: at(40), found: object("u1", 40), listed });
    advance(state, { type: "relisted", epoch: 0, snapshot: list(45, []) });
    expect(drift(advance(state, bookmark(50)))).toEqual([]);
    expect(shown(state)).toBeUndefined();
  });
});

describe("a life that has ended by its own account", () => {
  const listed = { uid: object("u1", 10).uid, resourceVersion: at(10) };
  const gone: Doubt = { key, until: at(40), found: undefined, listed };
  const ghost = [object("u1", 10)];

  test("is brought back by no list, and that is no drift", () => {
    const state = started();
    verify(state, list(20, ghost), gone);
    expect(drift(advance(state, bookmark(40)))).toEqual(["deleted@40"]);
    const relisted = advance(state, { type: "relisted", epoch: 0, snapshot: list(50, ghost), cause: "expired" });
    expect(relisted).toMatchObject({ contradictions: 1, changes: [] });
    expect(drift(relisted)).toEqual([]);
    const verified = verify(state, list(50, ghost));
    expect(verified).toMatchObject({ contradictions: 1, verdicts: [{ result: "consistent" }] });
    expect(shown(state)).toBeUndefined();
    // A new life of that name is another matter.
    advance(state, { type: "relisted", epoch: 0, snapshot: list(60, [object("u2", 55)]), cause: "expired" });
    expect(shown(state)).toBe("u2@55");
  });

  test("is taken out by a later list that still shows it, although the stream does not move; drift it is when that passes", () => {
    const state = started();
    verify(state, list(20, ghost), gone);
    const later = verify(state, list(45, ghost));
    expect(later).toMatchObject({ contradictions: 1, verdicts: [], changes: [{ type: "removed" }] });
    expect(shown(state)).toBeUndefined();
    expect(drift(advance(state, bookmark(45)))).toEqual(["deleted@45"]);
  });

  test("may begin again in another history", () => {
    const state = started();
    verify(state, list(20, ghost), gone);
    advance(state, bookmark(40));
    advance(state, { type: "epoch-reset", epoch: 1, snapshot: list(15, ghost) });
    expect(shown(state)).toBe("u1@10");
    advance(state, { type: "relisted", epoch: 1, snapshot: list(60, ghost), cause: "expired" });
    expect(shown(state)).toBe("u1@10");
  });
});

describe("the journal of a verification", () => {
  test("is given up when nobody ends it, and what it would have told is inconclusive", () => {
    const state = started();
    advance(state, { type: "verification-started", epoch: 0 });
    for (let version = 21; version < 60_000; version++) advance(state, told(object("u1", version)));
    expect(state.journal).toBeUndefined();
    const step = advance(state, { type: "verified", epoch: 0, snapshot: list(20, [object("u1", 10)]) });
    expect(step.verdicts).toMatchObject([{ result: "inconclusive" }]);
  });

  test("ends with a settlement that lacked a body", () => {
    const state = started();
    const entries = new Map([[key, { uid: object("u9", 1).uid, resourceVersion: at(15) }]]);
    const step = verify(state, { resourceVersion: at(20), takenAt: 0, entries });
    expect(step.missing).toEqual([key]);
    expect(state.journal).toBeUndefined();
  });
});
