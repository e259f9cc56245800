import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, type ResourceVersion } from "../model/resource-version.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { claimAt, differenceType, type Judged, resultOf } from "./decide.ts";
import type { Doubt } from "./doubt.ts";
import type { Drift, Shown } from "./drift.ts";
import { remember } from "./journal.ts";
import type { VerifiedInput } from "./merge-input.ts";
import type { Claim, MergeState, OpenCheck, OpenDoubt } from "./merge-state.ts";
import type { Work } from "./work.ts";

/*
 * What objects said of themselves when they were asked by name (`Doubt`), and what comes of it when the stream has
 * passed that. Two kinds of absence are told apart: `listed` undefined means that the list did not hold the object
 * either, so that the difference stood at the list's own version; else the object was deleted after that.
 */

/** A verification whose server does not move the stream must not leave a ghost for ever: after so long, asking twice is enough. */
const BELIEVED_TWICE_AFTER_MS = 150_000;

/** The list did not hold it, the object itself was not there, and the stream shows it. */
export function isVanished({ found, listed }: Doubt): boolean {
  return found === undefined && listed === undefined;
}

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
  let earliest: ResourceVersion | undefined;
  for (const [key, doubt] of check.doubts) {
    if (passed(doubt.until)) {
      check.doubts.delete(key);
      judge(state, check, doubt, work);
    } else if (earliest === undefined || compareResourceVersions(doubt.until, earliest) < 0) {
      earliest = doubt.until;
    }
  }
  if (earliest === undefined) endCheck(state, check, work);
  else {
    check.earliest = earliest;
    tellWhenDecided(check, work);
  }
}

/** Call it before the snapshot is settled, and before the journal is put away. */
export function openCheck(
  state: MergeState,
  { snapshot, mode = "latest-full" }: VerifiedInput,
  doubts: ReadonlyMap<ObjectKey, Doubt>,
  { drift, unknown }: Judged,
  work: Work,
): void {
  const { resourceVersion: horizon, takenAt } = snapshot;
  const open = new Map<ObjectKey, OpenDoubt>();
  let earliest: ResourceVersion | undefined;
  for (const [key, doubt] of doubts) {
    const claim = claimAt(state, key, horizon);
    const shown = claim === "unknown" || claim?.gone === true ? undefined : claim;
    open.set(key, { ...doubt, shown });
    if (earliest === undefined || compareResourceVersions(doubt.until, earliest) < 0) earliest = doubt.until;
  }
  const check = { horizon, mode, takenAt, drift, unknown, doubts: open, earliest: earliest ?? horizon, told: false };
  tellWhenDecided(check, work);
  state.check = check;
}

/** Another verification begins to count: what is open of the one before is asked anew by it, or believed at last. */
export function supersedeCheck(state: MergeState, { snapshot, doubts = [] }: VerifiedInput, work: Work): void {
  const { check } = state;
  if (check === undefined) return;
  const again = new Set(doubts.filter(({ found }) => found === undefined).map(({ key }) => key));
  const late = snapshot.takenAt - check.takenAt >= BELIEVED_TWICE_AFTER_MS;
  for (const [key, doubt] of check.doubts) {
    if (!late || doubt.found !== undefined || !again.has(key)) continue;
    check.doubts.delete(key);
    judge(state, check, doubt, work);
  }
  endCheck(state, check, work);
}

/**
 * The streamer's own list skips what the doubts wait for. Of what had vanished it tells whether it is gone; the rest
 * is the list's own difference now, if it is one.
 */
export function closeCheckByList(state: MergeState, snapshot: Snapshot, work: Work): void {
  const { check } = state;
  if (check === undefined) return;
  for (const [key, doubt] of check.doubts) {
    if (!isVanished(doubt) || doubt.shown === undefined) continue;
    check.doubts.delete(key);
    const listed = snapshot.entries.get(key);
    if (listed?.uid === doubt.shown.uid) work.contradictions++;
    else check.drift.push(missed(doubt, check.horizon, doubt.shown, undefined));
  }
  endCheck(state, check, work);
}

/** What the stream alone shows of a key, where an open check that a list is about to close knows better than the claims. */
export function shownByCheck(state: MergeState, key: ObjectKey, snapshot: Snapshot): Shown | undefined | "as-claimed" {
  const { check } = state;
  const doubt = check?.doubts.get(key);
  if (check === undefined || doubt === undefined || newsOf(state, check, key) !== undefined) return "as-claimed";
  return isVanished(doubt) && snapshot.entries.get(key)?.uid === doubt.shown?.uid ? "as-claimed" : doubt.listed;
}

function tellWhenDecided(check: OpenCheck, work: Work): void {
  if (check.told || [...check.doubts.values()].some(isVanished)) return;
  const { horizon, mode, drift, unknown } = check;
  check.told = true;
  work.verdicts.push({ horizon, result: resultOf({ drift, unknown }), mode, drift });
}

function endCheck(state: MergeState, { horizon, mode, drift, unknown, doubts, told }: OpenCheck, work: Work): void {
  state.check = undefined;
  if (told) return;
  work.verdicts.push({ horizon, result: resultOf({ drift, unknown: unknown + doubts.size }), mode, drift });
}

/** What the stream has told of a key since the check's horizon. */
function newsOf(state: MergeState, { horizon }: OpenCheck, key: ObjectKey): Claim | undefined {
  const claim = state.claims.get(key);
  return claim !== undefined && compareResourceVersions(claim.resourceVersion, horizon) > 0 ? claim : undefined;
}

function judge(state: MergeState, check: OpenCheck, doubt: OpenDoubt, work: Work): void {
  if (isVanished(doubt)) judgeVanished(state, check, doubt, work);
  else if (doubt.found === undefined) judgeDeleted(state, check, doubt, work);
  else judgeFound(state, check, doubt, work);
}

function judgeVanished(state: MergeState, check: OpenCheck, doubt: OpenDoubt, work: Work): void {
  const { key, shown } = doubt;
  if (shown === undefined) return;
  const news = newsOf(state, check, key);
  // The stream has told it after all, late.
  if (news === undefined && state.claims.get(key)?.uid !== shown.uid) return;
  if (news === undefined || news.uid !== shown.uid) {
    // Nothing of that life came after the horizon: it had ended at or before it, as the list said.
    check.drift.push(missed(doubt, check.horizon, shown, undefined));
    if (news === undefined) remove(state, check, doubt, work);
    return;
  }
  // The life that the list did not show went on after the list's version.
  work.contradictions++;
  if (news.gone) return;
  tellByName(missed(doubt, doubt.until, news, undefined), work);
  remove(state, check, doubt, work);
}

/** The list held it; when it was asked for afterwards it was gone. */
function judgeDeleted(state: MergeState, check: OpenCheck, doubt: OpenDoubt, work: Work): void {
  const { key, listed, shown } = doubt;
  const news = newsOf(state, check, key);
  if (news?.gone === true) return;
  // A new life that the stream has told shows that the old one ended.
  if (news !== undefined && news.uid !== listed?.uid && news.uid !== shown?.uid) return;
  tellByName(missed(doubt, doubt.until, news ?? listed, undefined), work);
  remove(state, check, doubt, work);
}

/** It was asked for, and was newer than the stream had told then. */
function judgeFound(state: MergeState, check: OpenCheck, doubt: OpenDoubt, work: Work): void {
  const { key, found, listed } = doubt;
  if (found === undefined) return;
  const { uid, resourceVersion, changedAt } = found;
  const news = newsOf(state, check, key);
  if (news !== undefined && compareResourceVersions(news.resourceVersion, resourceVersion) >= 0) return;
  const base = news === undefined ? listed : news.gone ? undefined : news;
  const drift = missed(doubt, doubt.until, base, { uid, resourceVersion });
  tellByName(changedAt === undefined ? drift : { ...drift, changedAt }, work);
  const current = state.claims.get(key);
  const previous = current?.gone === false ? current : undefined;
  remember(state, key, current);
  state.claims.set(key, { uid, resourceVersion, gone: false });
  work.changes.push({ type: "set", object: found, previous, origin: "repair", observedAt: check.takenAt });
}

/** Takes the key out of the view, if it is there; its tombstone stays above the horizon, so that nothing older undoes it. */
function remove(state: MergeState, check: OpenCheck, { key, until }: OpenDoubt, work: Work): void {
  const current = state.claims.get(key);
  if (current === undefined || current.gone) return;
  remember(state, key, current);
  state.claims.set(key, { uid: current.uid, resourceVersion: until, gone: true });
  work.changes.push({
    type: "removed",
    key,
    uid: current.uid,
    resourceVersion: until,
    finalState: "unknown",
    origin: "repair",
    observedAt: check.takenAt,
  });
}

function tellByName(drift: Drift, work: Work): void {
  work.verdicts.push({ horizon: drift.horizon, result: "drift", mode: "by-name", drift: [drift] });
}

function missed(
  { key }: OpenDoubt,
  horizon: ResourceVersion,
  shown: Shown | undefined,
  actual: Shown | undefined,
): Drift {
  return {
    key,
    type: differenceType(shown, actual) ?? "modified",
    horizon,
    shown: shown && { uid: shown.uid, resourceVersion: shown.resourceVersion },
    actual,
    cause: "upstream",
  };
}
