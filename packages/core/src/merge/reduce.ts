import type { Observation } from "../model/observation.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, newestResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { IncomparableSnapshot, Snapshot } from "../model/snapshot.ts";
import { decideUpTo, expectVerification, judgeNow, judgeResync, noteStreamClaim, resultOf } from "./decide.ts";
import { closeCheckByList, dropOutdated, keepDoubts, openCheck, settleDoubts, supersedeCheck } from "./open-check.ts";
import { isVanished } from "./judge-doubt.ts";
import { noteBelated } from "./belated.ts";
import { replaceClaim, visible } from "./claims.ts";
import { withoutEnded } from "./ended-lives.ts";
import type { MergeInput, Step, VerifiedInput } from "./merge-input.ts";
import { type Claim, claimOf, cloneMergeState, emptyMergeState, type MergeState } from "./merge-state.ts";
import { hasBodies, isOlder, needsBody, settle } from "./settle.ts";
import type { Work } from "./work.ts";

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

/**
 * Applies one input to `state` in place. Deterministic, without I/O or clock. An observation costs O(1), and O(open
 * differences) when it decides a verification; a snapshot costs O(objects).
 */
export function advance(state: MergeState, input: MergeInput): Step {
  const work: Work = { changes: [], verdicts: [], late: 0, contradictions: 0, missing: [], belated: false };
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
      relist(state, input, work);
      break;
    case "verification-started":
      state.journal = new Map();
      state.journalled = 0;
      state.journalFrom = { position: state.position, horizon: state.horizon };
      break;
    case "verification-abandoned":
      state.journal = undefined;
      break;
    case "lost":
      work.verdicts.push({ horizon: input.drift.horizon, result: "drift", mode: "told", drift: [input.drift] });
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
    const previous = visible(state, key);
    if (previous?.uid === uid && previous.resourceVersion === resourceVersion) continue;
    replaceClaim(state, key, claimOf(object));
    work.changes.push({ type: "set", object, previous, origin: "list", observedAt });
  }
  for (const [key, { resourceVersion }] of state.claims) {
    if (listed.has(key)) continue;
    const shown = visible(state, key);
    replaceClaim(state, key, undefined);
    if (shown !== undefined)
      work.changes.push({
        type: "removed",
        key,
        uid: shown.uid,
        resourceVersion,
        finalState: "unknown",
        origin: "list",
        observedAt,
      });
  }
  const { claims, shown, unseen, epoch } = state;
  shown.clear();
  unseen.clear();
  Object.assign(state, emptyMergeState(epoch), { claims, shown, unseen, opaque: snapshot.resourceVersion });
}

/** The stream has told everything up to `version`. */
function passTo(state: MergeState, version: ResourceVersion, work: Work): void {
  state.position = newestResourceVersion(state.position, version);
  work.verdicts.push(...decideUpTo(state, state.position));
  settleDoubts(state, state.position, work);
}

function observe(state: MergeState, observation: Observation, work: Work): void {
  const { object } = observation;
  const { key, resourceVersion: version } = object;
  const live = observation.origin === "live";
  // Verifications below this event are decided by what the stream showed before it.
  if (live && state.undecided.length > 0) work.verdicts.push(...decideUpTo(state, version, "below"));
  if (live) settleDoubts(state, version, work, "below");

  const claim: Claim = { ...claimOf(object), gone: observation.type === "deleted" };
  const current = state.claims.get(key);
  if (state.horizon !== undefined && compareResourceVersions(version, state.horizon) <= 0) {
    if (state.undecided.length > 0) noteStreamClaim(state, key, claim);
    if (current !== undefined && !current.gone && compareResourceVersions(version, current.resourceVersion) > 0) {
      // The list showed an older version of a living object than the stream did: the list was wrong (law 5). But what is
      // left to a doubt is not as the list said.
      if (state.check?.doubts.has(key) !== true) work.contradictions++;
      accept(state, observation, claim, work);
    } else {
      work.late++;
      if (live) noteBelated(state, key, claim, work);
    }
  } else if (live && state.restoredAt !== undefined && compareResourceVersions(version, state.restoredAt) <= 0) {
    // Merged by the process before this one; that may have gone on to a deletion, which has left no tombstone here.
    work.late++;
    noteBelated(state, key, claim, work);
  } else if (current === undefined || supersedes(claim, current)) {
    accept(state, observation, claim, work);
  }
  if (live) passTo(state, version, work);
}

/** Newer wins; on a tie the tombstone does (law 1). */
function supersedes(claim: Claim, current: Claim): boolean {
  const order = compareResourceVersions(claim.resourceVersion, current.resourceVersion);
  return order > 0 || (order === 0 && claim.gone && !current.gone);
}

function accept(state: MergeState, observation: Observation, claim: Claim, work: Work): void {
  const { object, observedAt } = observation;
  const { key } = object;
  const shown = visible(state, key);
  if (!claim.gone) {
    replaceClaim(state, key, claim);
    work.changes.push({ type: "set", object, previous: shown, origin: "stream", observedAt });
    return;
  }
  // At or below the horizon nothing older can come back, so a tombstone there need not be kept (law 4).
  const settled = state.horizon !== undefined && compareResourceVersions(claim.resourceVersion, state.horizon) <= 0;
  replaceClaim(state, key, settled ? undefined : claim);
  if (shown !== undefined)
    work.changes.push({
      type: "removed",
      key,
      uid: shown.uid,
      resourceVersion: claim.resourceVersion,
      finalState: object,
      wasDeleting: shown.deleting,
      origin: "stream",
      observedAt,
    });
}

function relist(state: MergeState, input: Extract<MergeInput, { type: "relisted" }>, work: Work): void {
  const { cause } = input;
  const snapshot = withoutEnded(state, input.snapshot, work);
  const horizon = snapshot.resourceVersion;
  const older = isOlder(state, horizon);
  if (!older && !hasBodies(snapshot, needsBody(state, snapshot), work)) return;
  // What a list from before the verified state shows decides nothing.
  if (!older) closeCheckByList(state, snapshot, work);
  if (!older && cause !== undefined && state.position !== undefined) {
    const drift = judgeResync(state, snapshot, cause);
    work.verdicts.push({ horizon, result: drift.length > 0 ? "drift" : "consistent", mode: "resync", drift });
  }
  // What the stream would have told up to here is skipped, knowingly: nothing open can be compared any more.
  for (const group of state.undecided)
    work.verdicts.push({ horizon: group.horizon, result: "inconclusive", mode: group.mode, drift: [] });
  state.undecided = [];
  state.shown.clear();
  state.belated.clear();
  // A list that is older than a verified one changes nothing; the stream starts afresh from what was verified.
  if (!older) {
    settle(state, snapshot, "list", work);
    dropOutdated(state, horizon);
  }
  state.rebasedAt = state.horizon;
  passTo(state, horizon, work);
}

function verify(state: MergeState, input: VerifiedInput, work: Work): void {
  const { mode = "latest-full", contradicted = [] } = input;
  const snapshot = withoutEnded(state, input.snapshot, work);
  const doubts = input.doubts?.filter(({ listed }) => listed === undefined || !state.ended.has(listed.uid)) ?? [];
  const horizon = snapshot.resourceVersion;
  if (isOlder(state, horizon)) {
    state.journal = undefined;
    work.verdicts.push({ horizon, result: "stale", mode, drift: [] });
    return;
  }
  const passed = state.position !== undefined && compareResourceVersions(state.position, horizon) >= 0;
  const open = new Map(passed ? doubts.map((doubt) => [doubt.key, doubt]) : []);
  const needed = needsBody(state, snapshot);
  if (!hasBodies(snapshot, (key) => !open.has(key) && needed(key), work)) {
    state.journal = undefined;
    return;
  }
  work.contradictions += contradicted.length;
  supersedeCheck(state, input, work);
  const vanished = (key: ObjectKey): boolean => {
    const doubt = open.get(key);
    return doubt !== undefined && isVanished(doubt);
  };
  if (passed) {
    const judged = judgeNow(state, snapshot, vanished);
    if (open.size > 0) openCheck(state, input, open, judged, work);
    else work.verdicts.push({ horizon, result: resultOf(judged), mode, drift: judged.drift });
  } else if (state.position !== undefined) {
    work.verdicts.push(...expectVerification(state, snapshot, mode));
    keepDoubts(state, input, doubts);
  } else work.verdicts.push({ horizon, result: "inconclusive", mode, drift: [] });
  state.journal = undefined;
  settle(state, snapshot, "repair", work, vanished);
  dropOutdated(state, horizon);
  if (state.position !== undefined) settleDoubts(state, state.position, work);
}
