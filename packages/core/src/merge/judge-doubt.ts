import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, type ResourceVersion } from "../model/resource-version.ts";
import { replaceClaim, visible } from "./claims.ts";
import { differenceType } from "./decide.ts";
import type { Doubt } from "./doubt.ts";
import type { Drift, Shown } from "./drift.ts";
import { noteEnd } from "./ended-lives.ts";
import { claimOf, type MergeState, type OpenCheck, type OpenDoubt } from "./merge-state.ts";
import type { Work } from "./work.ts";

/** The list did not hold it, the object itself was not there, and the stream shows it. */
export function isVanished({ found, listed }: Doubt): boolean {
  return found === undefined && listed === undefined;
}

/** Judges what an object said, when the stream has passed it. */
export function judge(state: MergeState, check: OpenCheck, doubt: OpenDoubt, work: Work): void {
  if (isVanished(doubt)) judgeVanished(state, check, doubt, work);
  else if (doubt.found === undefined) judgeDeleted(state, check, doubt, work);
  else judgeFound(state, check, doubt, work);
}

function judgeVanished(state: MergeState, check: OpenCheck, doubt: OpenDoubt, work: Work): void {
  const { key, shown } = doubt;
  if (shown === undefined) return;
  const claim = state.claims.get(key);
  const isNews = claim !== undefined && compareResourceVersions(claim.resourceVersion, check.horizon) > 0;
  if (isNews && claim.uid === shown.uid) {
    // The life that the list did not show went on after the list's version.
    work.contradictions++;
    if (claim.gone) return;
    tellByName(missed(key, doubt.until, claim, undefined), work);
    remove(state, check, doubt, work);
    return;
  }
  // The stream has told it after all, late.
  if (!isNews && (claim?.uid !== shown.uid || claim.gone)) return;
  // Nothing of that life came after the horizon: it had ended at or before it, as the list said.
  check.drift.push(missed(key, check.horizon, shown, undefined));
  if (isNews) noteEnd(state, shown.uid, doubt.until);
  else remove(state, check, doubt, work);
}

/** The list held it; when it was asked for afterwards it was gone. */
function judgeDeleted(state: MergeState, check: OpenCheck, doubt: OpenDoubt, work: Work): void {
  const { key, listed, until } = doubt;
  const claim = state.claims.get(key);
  // A deletion that was told, or a new life, which shows that the old one ended.
  if (claim === undefined || claim.gone || claim.uid !== listed?.uid) return;
  tellByName(missed(key, until, claim, undefined), work);
  remove(state, check, doubt, work);
}

/** It was asked for, and was newer than the stream had told then. */
function judgeFound(state: MergeState, check: OpenCheck, { key, found, until }: OpenDoubt, work: Work): void {
  if (found === undefined) return;
  const { uid, resourceVersion, changedAt } = found;
  const claim = state.claims.get(key);
  if (claim !== undefined && compareResourceVersions(claim.resourceVersion, resourceVersion) >= 0) return;
  const shown = claim?.gone === true ? undefined : claim;
  const drift = missed(key, until, shown, { uid, resourceVersion });
  tellByName(changedAt === undefined ? drift : { ...drift, changedAt }, work);
  const previous = visible(state, key);
  replaceClaim(state, key, claimOf(found));
  work.changes.push({ type: "set", object: found, previous, origin: "repair", observedAt: check.takenAt });
}

/** Takes the key out of the view, if it is there; its tombstone stays above the horizon, so that nothing older undoes it. */
export function remove(state: MergeState, check: OpenCheck, { key, until }: OpenDoubt, work: Work): void {
  const claim = state.claims.get(key);
  if (claim === undefined || claim.gone) return;
  noteEnd(state, claim.uid, until);
  const shown = visible(state, key);
  replaceClaim(state, key, { uid: claim.uid, resourceVersion: until, gone: true });
  if (shown === undefined) return;
  work.changes.push({
    type: "removed",
    key,
    uid: shown.uid,
    resourceVersion: until,
    finalState: "unknown",
    origin: "repair",
    observedAt: check.takenAt,
  });
}

function tellByName(drift: Drift, work: Work): void {
  work.verdicts.push({ horizon: drift.horizon, result: "drift", mode: "by-name", drift: [drift] });
}

/** A difference that nothing here explains. */
export function missed(
  key: ObjectKey,
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
