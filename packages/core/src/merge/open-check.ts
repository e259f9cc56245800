import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, type ResourceVersion } from "../model/resource-version.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { type Judged, resultOf, shownAt } from "./decide.ts";
import type { Doubt } from "./doubt.ts";
import { isVanished, judge, missed, remove } from "./judge-doubt.ts";
import type { VerifiedInput } from "./merge-input.ts";
import type { MergeState, OpenCheck } from "./merge-state.ts";
import type { Work } from "./work.ts";

/*
 * What objects said of themselves when they were asked by name (`Doubt`), and what comes of it when the stream has
 * passed that. Two kinds of absence are told apart: `listed` undefined means that the list did not hold the object
 * either, so that the difference stood at the list's own version; else the object was deleted after that.
 */

/** A verification whose server does not move the stream must not leave a ghost for ever: after so long, asking twice is enough. */
const BELIEVED_TWICE_AFTER_MS = 150_000;

/** Doubts that stay open from verification to verification, on a stream that does not move. */
const MOST_OPEN = 500;

/** Judges the doubts that the stream has passed, and the verification with the last of them. */
export function settleDoubts(
  state: MergeState,
  version: ResourceVersion,
  work: Work,
  which: "at-or-below" | "below" = "at-or-below",
): void {
  const { check } = state;
  if (check === undefined) return;
  const passed = (until: ResourceVersion): boolean => {
    const order = compareResourceVersions(until, version);
    return which === "below" ? order < 0 : order <= 0;
  };
  // Most events pass none.
  if (!passed(check.earliest)) return;
  for (const [key, doubt] of check.doubts) {
    if (!passed(doubt.until)) continue;
    check.doubts.delete(key);
    judge(state, check, doubt, work);
  }
  tellWhenDecided(check, work);
  const earliest = earliestOf(check.doubts);
  if (earliest === undefined) state.check = undefined;
  else check.earliest = earliest;
}

/** Call it before the snapshot is settled, and before the journal is put away. */
export function openCheck(
  state: MergeState,
  { snapshot, mode = "latest-full" }: VerifiedInput,
  doubts: ReadonlyMap<ObjectKey, Doubt>,
  { drift, lag, unknown }: Judged,
  work: Work,
): void {
  const { resourceVersion: horizon, takenAt } = snapshot;
  const open = new Map(state.check?.doubts);
  for (const [key, doubt] of doubts) {
    const claim = shownAt(state, key, horizon, snapshot.entries.get(key)?.uid);
    open.set(key, { ...doubt, shown: claim === "unknown" || claim?.gone === true ? undefined : claim });
  }
  const earliest = earliestOf(open) ?? horizon;
  const check: OpenCheck = { horizon, mode, takenAt, drift, unknown, lag, doubts: open, earliest, told: false };
  tellWhenDecided(check, work);
  state.check = check;
}

/** What objects said beside a list that the stream has not passed: judged by itself, and no matter of that list's verdict. */
export function keepDoubts(
  state: MergeState,
  { snapshot, mode = "latest-full" }: VerifiedInput,
  doubts: readonly Doubt[],
): void {
  const open = new Map(state.check?.doubts);
  for (const doubt of doubts) if (!isVanished(doubt)) open.set(doubt.key, { ...doubt, shown: undefined });
  const earliest = earliestOf(open);
  if (earliest === undefined) return;
  const { resourceVersion: horizon, takenAt } = snapshot;
  state.check = { horizon, mode, takenAt, drift: [], unknown: 0, lag: 0, doubts: open, earliest, told: true };
}

function earliestOf(doubts: ReadonlyMap<ObjectKey, Doubt>): ResourceVersion | undefined {
  let earliest: ResourceVersion | undefined;
  for (const { until } of doubts.values())
    if (earliest === undefined || compareResourceVersions(until, earliest) < 0) earliest = until;
  return earliest;
}

/**
 * Another verification begins to count: what had vanished is asked anew by it, or believed at last. What objects said
 * besides stays open.
 */
export function supersedeCheck(state: MergeState, { snapshot, doubts = [] }: VerifiedInput, work: Work): void {
  const { check } = state;
  if (check === undefined) return;
  const again = new Set(doubts.filter(isVanished).map(({ key }) => key));
  const late = snapshot.takenAt - check.takenAt >= BELIEVED_TWICE_AFTER_MS;
  for (const [key, doubt] of check.doubts) {
    if (!late || !isVanished(doubt) || !again.has(key)) continue;
    check.doubts.delete(key);
    judge(state, check, { ...doubt, until: snapshot.resourceVersion }, work);
  }
  endCheck(state, check, work);
}

/**
 * The streamer's own list skips what the doubts wait for. Of what had vanished it tells whether it is gone; what objects
 * said besides stays open.
 */
export function closeCheckByList(state: MergeState, snapshot: Snapshot, work: Work): void {
  const { check } = state;
  if (check === undefined) return;
  const { resourceVersion: until, entries } = snapshot;
  for (const [key, doubt] of check.doubts) {
    if (!isVanished(doubt)) continue;
    check.doubts.delete(key);
    const claim = state.claims.get(key);
    if (doubt.shown === undefined || claim?.uid !== doubt.shown.uid || claim.gone) continue;
    if (entries.get(key)?.uid === claim.uid || compareResourceVersions(claim.resourceVersion, until) > 0) {
      work.contradictions++;
      continue;
    }
    check.drift.push(missed(key, check.horizon, doubt.shown, undefined));
    remove(state, check, { ...doubt, until }, work);
  }
  endCheck(state, check, work);
}

/** A list was settled: what objects were at or below its version is in it, or was superseded before it. */
export function dropOutdated(state: MergeState, horizon: ResourceVersion): void {
  const { check } = state;
  if (check === undefined) return;
  for (const [key, { found, until }] of check.doubts)
    if (found !== undefined && compareResourceVersions(until, horizon) <= 0) check.doubts.delete(key);
  const earliest = earliestOf(check.doubts);
  if (earliest === undefined && check.told) state.check = undefined;
  else check.earliest = earliest ?? check.earliest;
}

function tellWhenDecided(check: OpenCheck, work: Work): void {
  if (check.told || [...check.doubts.values()].some(isVanished)) return;
  const { horizon, mode, drift } = check;
  check.told = true;
  work.verdicts.push({ horizon, result: resultOf(check), mode, drift });
}

/** Nothing more is decided at its horizon; of what its objects said, the newest stays open. */
function endCheck(state: MergeState, check: OpenCheck, work: Work): void {
  const { horizon, mode, drift, doubts, told, unknown } = check;
  const open = [...doubts.values()].filter(isVanished).map(({ key }) => key);
  const left = [...doubts].filter(([, doubt]) => !isVanished(doubt)).slice(-MOST_OPEN);
  const earliest = earliestOf(new Map(left));
  state.check =
    earliest === undefined ? undefined : { ...check, drift: [], doubts: new Map(left), earliest, told: true };
  if (told) return;
  const verdict = { horizon, result: resultOf({ ...check, unknown: unknown + open.length }), mode, drift };
  work.verdicts.push(open.length === 0 ? verdict : { ...verdict, open });
}
