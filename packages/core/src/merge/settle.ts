import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, newestResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { Snapshot, SnapshotEntry } from "../model/snapshot.ts";
import { claimUnseen, replaceClaim, visible } from "./claims.ts";
import { type Claim, claimOf, type MergeState } from "./merge-state.ts";
import type { Work } from "./work.ts";

/** Whether a snapshot is older than what is settled: one that was verified, or what was taken over. */
export function isOlder({ horizon, restoredAt }: MergeState, version: ResourceVersion): boolean {
  const settled = newestResourceVersion(horizon, restoredAt);
  return settled !== undefined && compareResourceVersions(version, settled) < 0;
}

/** Tells for a key whether settling this snapshot would have to write its body. */
export function needsBody(state: MergeState, snapshot: Snapshot): (key: ObjectKey) => boolean {
  return (key) => {
    const current = state.claims.get(key);
    const entry = snapshot.entries.get(key);
    return entry !== undefined && outcome(state, current, entry, snapshot.resourceVersion) === "take";
  };
}

/** False, and what lacks noted: a body that is needed is not there. */
export function hasBodies(snapshot: Snapshot, needed: (key: ObjectKey) => boolean, work: Work): boolean {
  for (const [key, entry] of snapshot.entries) if (entry.object === undefined && needed(key)) work.missing.push(key);
  return work.missing.length === 0;
}

/** What settling does with a key that the snapshot holds. */
function outcome(
  { ended }: MergeState,
  current: Claim | undefined,
  { uid, resourceVersion: version }: SnapshotEntry,
  horizon: ResourceVersion,
): "take" | "keep" | "contradicted" {
  if (current === undefined) return "take";
  const order = compareResourceVersions(current.resourceVersion, version);
  if (compareResourceVersions(current.resourceVersion, horizon) > 0) return "keep";
  // The tombstone of a deletion that nobody told lies at or above it: a new life may have begun in between.
  if (current.gone && current.uid !== uid && ended.has(current.uid)) return "take";
  if (order > 0) return "contradicted";
  return order === 0 && !current.gone && current.uid === uid ? "keep" : "take";
}

/**
 * Makes `snapshot` the base: every key at or below its version is as it says (law 1), all above stays (law 3). What is
 * left to a doubt stays too, until that is judged.
 */
export function settle(
  state: MergeState,
  snapshot: Snapshot,
  origin: "list" | "repair",
  work: Work,
  left: (key: ObjectKey) => boolean = () => false,
): void {
  const horizon = snapshot.resourceVersion;
  const observedAt = snapshot.takenAt;
  for (const [key, entry] of snapshot.entries) {
    const current = state.claims.get(key);
    const what = outcome(state, current, entry, horizon);
    if (what === "contradicted") {
      work.contradictions++;
      if (current?.gone) state.claims.delete(key);
    }
    const brought = what === "keep" && entry.object !== undefined && state.unseen.has(key);
    if (what !== "take" && !(brought && current?.resourceVersion === entry.resourceVersion)) continue;
    if (entry.object === undefined) {
      claimUnseen(state, key, { uid: entry.uid, resourceVersion: entry.resourceVersion, gone: false });
      continue;
    }
    const previous = visible(state, key);
    replaceClaim(state, key, claimOf(entry.object));
    work.changes.push({ type: "set", object: entry.object, previous, origin, observedAt });
  }
  for (const [key, claim] of state.claims) {
    if (snapshot.entries.has(key) || compareResourceVersions(claim.resourceVersion, horizon) > 0) continue;
    if (!claim.gone && left(key)) continue;
    const shown = visible(state, key);
    replaceClaim(state, key, undefined);
    if (shown === undefined) continue;
    const removed = { key, uid: shown.uid, resourceVersion: horizon, finalState: "unknown" as const };
    work.changes.push({ type: "removed", ...removed, origin, observedAt });
  }
  state.horizon = horizon;
}
