import type { Observation } from "../model/observation.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, newestResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { IncomparableSnapshot, Snapshot } from "../model/snapshot.ts";
import { decideUpTo, expectVerification, judgeNow, noteStreamClaim } from "./decide.ts";
import type { MergeInput, Step, VerifiedInput, Verdict } from "./merge-input.ts";
import { type Claim, cloneMergeState, emptyMergeState, type MergeState } from "./merge-state.ts";
import type { ViewChange } from "./view-change.ts";

/**
 * The whole rule of merging, pure: state and input give the next state and what it did. `state` is left as it was.
 * Costs a copy of the state; `advance` is the same rule on a state that the caller owns.
 *
 * @example
 * const { state, step } = reduce(emptyMergeState(), { type: "relisted", epoch: 0, snapshot });
 */
export function reduce(state: MergeState, input: MergeInput): { readonly state: MergeState; readonly step: Step } {
  const next = cloneMergeState(state);
  return { state: next, step: advance(next, input) };
}

/** Mutable while one input is worked on; handed out as a Step. */
interface Work {
  readonly changes: ViewChange[];
  readonly verdicts: Verdict[];
  late: number;
  contradictions: number;
  missing: ObjectKey[];
}

/**
 * Applies one input to `state` in place. Deterministic, without I/O or clock. An observation costs O(1), and O(open
 * differences) when it decides a verification; a snapshot costs O(objects).
 */
export function advance(state: MergeState, input: MergeInput): Step {
  const work: Work = { changes: [], verdicts: [], late: 0, contradictions: 0, missing: [] };
  if (input.type === "epoch-reset") {
    if (input.epoch > state.epoch) reset(state, input.epoch, input.snapshot, work);
    return work;
  }
  if (input.epoch !== state.epoch) return work;
  if (input.type === "polled") {
    replaceAll(state, input.snapshot, work);
    return work;
  }
  // Of a resource whose versions could not be ordered until now, nothing that is held can be compared.
  if (state.opaque !== undefined) {
    if (input.type === "relisted") reset(state, state.epoch, input.snapshot, work);
    return work;
  }
  switch (input.type) {
    case "observed":
      observe(state, input.observation, work);
      break;
    case "bookmark":
      passTo(state, input.resourceVersion, work);
      break;
    case "heard":
      break;
    case "relisted":
      relist(state, input.snapshot, work);
      break;
    case "verification-started":
      state.journal = new Map();
      break;
    case "verification-abandoned":
      state.journal = undefined;
      break;
    case "verified":
      verify(state, input, work);
      break;
    default:
      input satisfies never;
  }
  return work;
}

function reset(state: MergeState, epoch: number, snapshot: Snapshot, work: Work): void {
  if (!hasBodies(snapshot, () => true, work)) return;
  const objects = [...snapshot.entries.values()].flatMap((entry) => entry.object ?? []);
  replaceAll(state, { ...snapshot, objects }, work);
  Object.assign(state, {
    epoch,
    opaque: undefined,
    horizon: snapshot.resourceVersion,
    position: snapshot.resourceVersion,
    rebasedAt: snapshot.resourceVersion,
  });
}

/** The view becomes this list; what is of the same life and version stays. */
function replaceAll(state: MergeState, snapshot: IncomparableSnapshot, work: Work): void {
  const observedAt = snapshot.takenAt;
  const listed = new Set<ObjectKey>();
  for (const object of snapshot.objects) {
    const { key, uid, resourceVersion } = object;
    listed.add(key);
    const current = state.claims.get(key);
    if (current !== undefined && !current.gone && current.uid === uid && current.resourceVersion === resourceVersion)
      continue;
    state.claims.set(key, { uid, resourceVersion, gone: false });
    const previous = current?.gone === false ? current : undefined;
    work.changes.push({ type: "set", object, previous, origin: "list", observedAt });
  }
  for (const [key, { uid, resourceVersion, gone }] of state.claims) {
    if (listed.has(key)) continue;
    state.claims.delete(key);
    if (!gone)
      work.changes.push({
        type: "removed",
        key,
        uid,
        resourceVersion,
        finalState: "unknown",
        origin: "list",
        observedAt,
      });
  }
  const { claims, shown, epoch } = state;
  shown.clear();
  Object.assign(state, emptyMergeState(epoch), { claims, shown, opaque: snapshot.resourceVersion });
}

/** The stream has told everything up to `version`. */
function passTo(state: MergeState, version: ResourceVersion, work: Work): void {
  state.position = newestResourceVersion(state.position, version);
  work.verdicts.push(...decideUpTo(state, state.position));
}

function observe(state: MergeState, observation: Observation, work: Work): void {
  const { object } = observation;
  const { key, resourceVersion: version } = object;
  const live = observation.origin === "live";
  // Verifications below this event are decided by what the stream showed before it.
  if (live && state.undecided.length > 0) work.verdicts.push(...decideUpTo(state, version, "below"));

  const claim: Claim = { uid: object.uid, resourceVersion: version, gone: observation.type === "deleted" };
  const current = state.claims.get(key);
  if (state.horizon !== undefined && compareResourceVersions(version, state.horizon) <= 0) {
    if (state.undecided.length > 0) noteStreamClaim(state, key, claim);
    if (current !== undefined && !current.gone && compareResourceVersions(version, current.resourceVersion) > 0) {
      // The list showed an older version of a living object than the stream did: the list was wrong (law 5).
      work.contradictions++;
      accept(state, observation, claim, current, work);
    } else {
      work.late++;
    }
  } else if (live && state.restoredAt !== undefined && compareResourceVersions(version, state.restoredAt) <= 0) {
    // Merged by the process before this one; that may have gone on to a deletion, which has left no tombstone here.
    work.late++;
  } else if (current === undefined || supersedes(claim, current)) {
    accept(state, observation, claim, current, work);
  }
  if (live) passTo(state, version, work);
}

/** Newer wins; on a tie the tombstone does (law 1). */
function supersedes(claim: Claim, current: Claim): boolean {
  const order = compareResourceVersions(claim.resourceVersion, current.resourceVersion);
  return order > 0 || (order === 0 && claim.gone && !current.gone);
}

function accept(
  state: MergeState,
  observation: Observation,
  claim: Claim,
  current: Claim | undefined,
  work: Work,
): void {
  const { object, observedAt } = observation;
  const { key } = object;
  const visible = current !== undefined && !current.gone ? current : undefined;
  remember(state, key, current);
  if (!claim.gone) {
    state.claims.set(key, claim);
    work.changes.push({ type: "set", object, previous: visible, origin: "stream", observedAt });
    return;
  }
  // At or below the horizon nothing older can come back, so a tombstone there need not be kept (law 4).
  if (state.horizon !== undefined && compareResourceVersions(claim.resourceVersion, state.horizon) <= 0)
    state.claims.delete(key);
  else state.claims.set(key, claim);
  if (visible !== undefined)
    work.changes.push({
      type: "removed",
      key,
      uid: visible.uid,
      resourceVersion: claim.resourceVersion,
      finalState: object,
      origin: "stream",
      observedAt,
    });
}

function remember(state: MergeState, key: ObjectKey, current: Claim | undefined): void {
  if (state.journal === undefined) return;
  const earlier = state.journal.get(key);
  if (earlier === undefined) state.journal.set(key, [current]);
  else earlier.push(current);
}

function relist(state: MergeState, snapshot: Snapshot, work: Work): void {
  const horizon = snapshot.resourceVersion;
  const older = isOlder(state, horizon);
  if (!older && !hasBodies(snapshot, needsBody(state, snapshot), work)) return;
  // What the stream would have told up to here is skipped, knowingly: nothing open can be compared any more.
  for (const group of state.undecided)
    work.verdicts.push({ horizon: group.horizon, result: "inconclusive", mode: group.mode, drift: [] });
  state.undecided = [];
  state.shown.clear();
  // A list that is older than a verified one changes nothing; the stream starts afresh from what was verified.
  if (!older) settle(state, snapshot, "list", work);
  state.rebasedAt = state.horizon;
  passTo(state, horizon, work);
}

function verify(state: MergeState, { snapshot, mode = "latest-full" }: VerifiedInput, work: Work): void {
  const horizon = snapshot.resourceVersion;
  if (isOlder(state, horizon)) {
    state.journal = undefined;
    work.verdicts.push({ horizon, result: "stale", mode, drift: [] });
    return;
  }
  if (!hasBodies(snapshot, needsBody(state, snapshot), work)) return;
  const passed = state.position !== undefined && compareResourceVersions(state.position, horizon) >= 0;
  if (passed) work.verdicts.push(judgeNow(state, snapshot, mode));
  else if (state.position !== undefined) work.verdicts.push(...expectVerification(state, snapshot, mode));
  else work.verdicts.push({ horizon, result: "inconclusive", mode, drift: [] });
  state.journal = undefined;
  settle(state, snapshot, "repair", work);
}

/** Whether a snapshot is older than what is settled: one that was verified, or what was taken over. */
function isOlder({ horizon, restoredAt }: MergeState, version: ResourceVersion): boolean {
  const settled = newestResourceVersion(horizon, restoredAt);
  return settled !== undefined && compareResourceVersions(version, settled) < 0;
}

/** Tells for a key whether settling this snapshot would have to write its body. */
function needsBody(state: MergeState, snapshot: Snapshot): (key: ObjectKey) => boolean {
  return (key) => {
    const current = state.claims.get(key);
    const entry = snapshot.entries.get(key);
    return (
      entry !== undefined && outcome(current, entry.uid, entry.resourceVersion, snapshot.resourceVersion) === "take"
    );
  };
}

function hasBodies(snapshot: Snapshot, needed: (key: ObjectKey) => boolean, work: Work): boolean {
  for (const [key, entry] of snapshot.entries) if (entry.object === undefined && needed(key)) work.missing.push(key);
  return work.missing.length === 0;
}

/** What settling does with a key that the snapshot holds. */
function outcome(
  current: Claim | undefined,
  uid: string,
  version: ResourceVersion,
  horizon: ResourceVersion,
): "take" | "keep" | "contradicted" {
  if (current === undefined) return "take";
  const order = compareResourceVersions(current.resourceVersion, version);
  if (compareResourceVersions(current.resourceVersion, horizon) > 0) return "keep";
  if (order > 0) return "contradicted";
  return order === 0 && !current.gone && current.uid === uid ? "keep" : "take";
}

/** Makes `snapshot` the base: every key at or below its version is as it says (law 1), all above stays (law 3). */
function settle(state: MergeState, snapshot: Snapshot, origin: "list" | "repair", work: Work): void {
  const horizon = snapshot.resourceVersion;
  const observedAt = snapshot.takenAt;
  for (const [key, entry] of snapshot.entries) {
    const current = state.claims.get(key);
    const what = outcome(current, entry.uid, entry.resourceVersion, horizon);
    if (what === "contradicted") {
      work.contradictions++;
      if (current?.gone) state.claims.delete(key);
    }
    if (what !== "take" || entry.object === undefined) continue;
    const previous = current !== undefined && !current.gone ? current : undefined;
    remember(state, key, current);
    state.claims.set(key, { uid: entry.uid, resourceVersion: entry.resourceVersion, gone: false });
    work.changes.push({ type: "set", object: entry.object, previous, origin, observedAt });
  }
  for (const [key, claim] of state.claims) {
    if (snapshot.entries.has(key) || compareResourceVersions(claim.resourceVersion, horizon) > 0) continue;
    remember(state, key, claim);
    state.claims.delete(key);
    if (claim.gone) continue;
    const removed = { key, uid: claim.uid, resourceVersion: horizon, finalState: "unknown" as const };
    work.changes.push({ type: "removed", ...removed, origin, observedAt });
  }
  state.horizon = horizon;
}
