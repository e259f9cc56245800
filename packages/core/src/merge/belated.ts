import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions } from "../model/resource-version.ts";
import type { Drift } from "./drift.ts";
import type { Claim, MergeState } from "./merge-state.ts";
import type { Work } from "./work.ts";

/** So many are remembered. What a verification finds of more is claimed as missed, though it was told. */
const MOST = 1000;

/**
 * Notes an event that came when the stream had passed its version, and says more of its object than the view does. It may
 * be an old story that is told again; or a repair: a source that puts itself right, as another KRM does, tells that so.
 * Only a verification can tell. Call it before the position moves.
 */
export function noteBelated(state: MergeState, key: ObjectKey, claim: Claim, work: Work): void {
  const { belated, position, claims } = state;
  const isOnItsWay = position === undefined || compareResourceVersions(claim.resourceVersion, position) > 0;
  if (isOnItsWay || !saysMore(claim, claims.get(key)) || belated.size >= MOST) return;
  const noted = belated.get(key);
  if (noted !== undefined && compareResourceVersions(noted.resourceVersion, claim.resourceVersion) > 0) return;
  if (belated.size === 0) work.belated = true;
  belated.set(key, claim);
}

/** Whether the stream had told the very state that a list shows, or the end of the very life, if too late to be taken. */
export function wasBelated({ belated }: MergeState, { key, shown, actual }: Drift): boolean {
  const claim = belated.get(key);
  if (claim === undefined) return false;
  if (actual === undefined || claim.gone) return actual === undefined && claim.gone && claim.uid === shown?.uid;
  return claim.uid === actual.uid && claim.resourceVersion === actual.resourceVersion;
}

function saysMore(claim: Claim, current: Claim | undefined): boolean {
  if (current === undefined) return !claim.gone;
  return !current.gone && compareResourceVersions(claim.resourceVersion, current.resourceVersion) > 0;
}
