import type { ObjectKey, Uid } from "../model/object-key.ts";
import { compareResourceVersions, type ResourceVersion } from "../model/resource-version.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { StoredObject } from "../model/stored-object.ts";
import { wasBelated } from "./belated.ts";
import type { Drift, DriftCause, DriftType, Shown } from "./drift.ts";
import type { VerificationMode, Verdict } from "./merge-input.ts";
import type { Claim, MergeState } from "./merge-state.ts";

/*
 * Law 6: what did the stream alone show at a verified version, and how does that differ from the cluster?
 * Below, "the stream's claim" of a key is `shown` where that holds it, and else the key's claim in the merge.
 */

function difference(
  key: ObjectKey,
  horizon: ResourceVersion,
  claim: Claim | undefined,
  actual: (Shown & { readonly object?: StoredObject | undefined }) | undefined,
  cause: DriftCause = "upstream",
): Drift | undefined {
  const shown: Shown | undefined =
    claim === undefined || claim.gone ? undefined : { uid: claim.uid, resourceVersion: claim.resourceVersion };
  const type = differenceType(shown, actual);
  if (type === undefined) return undefined;
  const changedAt = actual?.object?.changedAt;
  return {
    key,
    type,
    horizon,
    shown,
    actual: actual && { uid: actual.uid, resourceVersion: actual.resourceVersion },
    cause,
    ...(changedAt === undefined ? {} : { changedAt }),
  };
}

/** What the stream has missed where one side shows `shown` and the cluster held `actual`; undefined: nothing. */
export function differenceType(shown: Shown | undefined, actual: Shown | undefined): DriftType | undefined {
  if (shown === undefined) return actual === undefined ? undefined : "added";
  if (actual === undefined) return "deleted";
  // A list that is behind the stream has contradicted itself; that is not an event which the stream missed.
  if (compareResourceVersions(shown.resourceVersion, actual.resourceVersion) >= 0) return undefined;
  return shown.uid === actual.uid ? "modified" : "recreated";
}

/** The stream's claim of `key` at `horizon`, which it has passed; `"unknown"` where nobody wrote it down. */
function claimAt(state: MergeState, key: ObjectKey, horizon: ResourceVersion): Claim | undefined | "unknown" {
  const current = state.claims.get(key);
  const atOrBelow = (claim: Claim | undefined): boolean =>
    claim === undefined || compareResourceVersions(claim.resourceVersion, horizon) <= 0;
  if (atOrBelow(current)) return current;
  const earlier = state.journal?.get(key)?.findLast(atOrBelow);
  if (earlier !== undefined) return earlier;
  return state.journal?.get(key)?.some((claim) => claim === undefined) ? undefined : "unknown";
}

/** What comes of a comparison at a version that the stream has passed. */
export interface Judged {
  readonly drift: Drift[];
  /** Keys of which nobody wrote down what the stream showed. */
  readonly unknown: number;
  /** Differences of which the stream told, too late. */
  readonly lag: number;
}

/**
 * As {@link claimAt}; but of a life that is known to have ended, nothing is shown where the cluster holds it no more: its end
 * was claimed already, at a version that lies at or above it.
 */
export function shownAt(
  state: MergeState,
  key: ObjectKey,
  horizon: ResourceVersion,
  actual: Uid | undefined,
): Claim | undefined | "unknown" {
  const claim = claimAt(state, key, horizon);
  if (claim === undefined || claim === "unknown" || claim.uid === actual) return claim;
  return state.ended.has(claim.uid) ? undefined : claim;
}

/** `drift` outweighs what could not be judged, and that what came late. */
export function resultOf({ drift, unknown, lag }: Judged): Verdict["result"] {
  if (drift.length > 0) return "drift";
  return unknown > 0 ? "inconclusive" : lag > 0 ? "lag" : "consistent";
}

/** Judges a snapshot that the stream has already passed, but for the keys that are left to their doubts. */
export function judgeNow(state: MergeState, snapshot: Snapshot, left: (key: ObjectKey) => boolean): Judged {
  const horizon = snapshot.resourceVersion;
  const drift: Drift[] = [];
  let unknown = 0;
  let lag = 0;
  const judge = (key: ObjectKey): void => {
    const actual = snapshot.entries.get(key);
    const claim = shownAt(state, key, horizon, actual?.uid);
    if (claim === "unknown") unknown++;
    if (claim === "unknown" || left(key)) return;
    const found = difference(key, horizon, claim, actual);
    if (found === undefined) return;
    if (wasBelated(state, found)) lag++;
    else drift.push(found);
  };
  for (const key of snapshot.entries.keys()) judge(key);
  for (const key of state.claims.keys()) if (!snapshot.entries.has(key)) judge(key);
  // A key that was deleted after the horizon, and whose tombstone is gone, can only be known from the journal.
  for (const key of state.journal?.keys() ?? []) if (!snapshot.entries.has(key) && !state.claims.has(key)) judge(key);
  state.rebasedAt = horizon;
  state.belated.clear();
  return { drift, unknown, lag };
}

/**
 * What a known gap had hidden: the differences between what the stream alone shows now and the list that closes the gap.
 * What it shows of a key above the list's version is not compared.
 */
export function judgeResync(state: MergeState, snapshot: Snapshot, cause: DriftCause): Drift[] {
  const horizon = snapshot.resourceVersion;
  const drift: Drift[] = [];
  const judge = (key: ObjectKey): void => {
    const claim = state.shown.has(key) ? state.shown.get(key) : state.claims.get(key);
    if (claim !== undefined && compareResourceVersions(claim.resourceVersion, horizon) > 0) return;
    const actual = snapshot.entries.get(key);
    const found = difference(key, horizon, claim, actual, cause);
    if (found !== undefined && !wasBelated(state, found)) drift.push(found);
  };
  for (const key of snapshot.entries.keys()) judge(key);
  for (const key of state.claims.keys()) if (!snapshot.entries.has(key)) judge(key);
  for (const key of state.shown.keys()) if (!snapshot.entries.has(key) && !state.claims.has(key)) judge(key);
  return drift;
}

/** Verifications that wait for the stream at most: a stream that does not move must not make them pile up. */
const MOST_UNDECIDED = 4;

/**
 * Opens a verification that the stream has not passed yet, and gives up the oldest where too many wait. Call it before
 * the snapshot is settled.
 */
export function expectVerification(state: MergeState, snapshot: Snapshot, mode: VerificationMode): Verdict[] {
  const touched = new Set<ObjectKey>();
  const note = (key: ObjectKey): void => {
    const claim = state.shown.has(key) ? state.shown.get(key) : state.claims.get(key);
    const differs = difference(key, snapshot.resourceVersion, claim, snapshot.entries.get(key)) !== undefined;
    if (differs) touched.add(key);
    // Settling drops the tombstones; here they still tell an event that comes twice from news.
    if (differs || claim?.gone === true) state.shown.set(key, claim);
  };
  for (const key of snapshot.entries.keys()) note(key);
  for (const key of state.claims.keys()) if (!snapshot.entries.has(key)) note(key);
  for (const [key, claim] of state.shown) {
    if (snapshot.entries.has(key) || state.claims.has(key)) continue;
    // Shown by nobody any more: what has no claim says the same, and names that came and went must not pile up.
    if (claim === undefined) state.shown.delete(key);
    else note(key);
  }
  const truth = new Map<ObjectKey, Shown>();
  for (const [key, { uid, resourceVersion }] of snapshot.entries) truth.set(key, { uid, resourceVersion });
  state.undecided.push({ horizon: snapshot.resourceVersion, mode, truth, touched });
  const given = state.undecided.splice(0, Math.max(0, state.undecided.length - MOST_UNDECIDED));
  return given.map(({ horizon, mode: by }) => ({ horizon, result: "inconclusive", mode: by, drift: [] }));
}

/** An observation at or below an open horizon: the stream catches up. */
export function noteStreamClaim(state: MergeState, key: ObjectKey, claim: Claim): void {
  if (state.rebasedAt !== undefined && compareResourceVersions(claim.resourceVersion, state.rebasedAt) <= 0) return;
  const current = state.shown.has(key) ? state.shown.get(key) : state.claims.get(key);
  if (current !== undefined) {
    const order = compareResourceVersions(claim.resourceVersion, current.resourceVersion);
    if (order < 0 || (order === 0 && !(claim.gone && !current.gone))) return;
  }
  state.shown.set(key, claim);
  for (const group of state.undecided)
    if (compareResourceVersions(claim.resourceVersion, group.horizon) <= 0) group.touched.add(key);
}

/** Decides the verifications at or below `version` (or only those below it), oldest first. */
export function decideUpTo(
  state: MergeState,
  version: ResourceVersion,
  which: "at-or-below" | "below" = "at-or-below",
): Verdict[] {
  const verdicts: Verdict[] = [];
  for (;;) {
    const group = state.undecided[0];
    if (group === undefined) break;
    const order = compareResourceVersions(group.horizon, version);
    if (which === "below" ? order >= 0 : order > 0) break;
    state.undecided.shift();
    state.rebasedAt = group.horizon;
    const drift: Drift[] = [];
    for (const key of group.touched) {
      const claim = state.shown.has(key) ? state.shown.get(key) : state.claims.get(key);
      const actual = group.truth.get(key);
      const found = difference(key, group.horizon, claim, actual);
      if (found === undefined) continue;
      if (!wasBelated(state, found)) drift.push(found);
      state.shown.set(key, actual && { uid: actual.uid, resourceVersion: actual.resourceVersion, gone: false });
      for (const later of state.undecided) later.touched.add(key);
    }
    state.belated.clear();
    const result = drift.length > 0 ? "drift" : group.touched.size > 0 ? "lag" : "consistent";
    verdicts.push({ horizon: group.horizon, result, mode: group.mode, drift });
  }
  if (state.undecided.length === 0) state.shown.clear();
  return verdicts;
}
