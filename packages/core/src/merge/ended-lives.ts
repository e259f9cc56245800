import type { ObjectKey, Uid } from "../model/object-key.ts";
import { compareResourceVersions, type ResourceVersion } from "../model/resource-version.ts";
import type { Snapshot, SnapshotEntry } from "../model/snapshot.ts";
import type { MergeState } from "./merge-state.ts";
import type { Work } from "./work.ts";

/** Lives that are remembered to have ended, at most; those of the longest ago are forgotten first. */
const MOST_REMEMBERED = 1000;

/** A life is known, by what the object itself said, to have ended at or before `version`. */
export function noteEnd({ ended }: MergeState, uid: Uid, version: ResourceVersion): void {
  ended.delete(uid);
  ended.set(uid, version);
  for (const oldest of ended.keys()) {
    if (ended.size <= MOST_REMEMBERED) break;
    ended.delete(oldest);
  }
}

/**
 * The snapshot without the lives that had ended before it: a list that shows one is refuted, and counted. What was found
 * gone after a list, and is in one from later than that, is among them, whatever the stream has told.
 */
export function withoutEnded(state: MergeState, snapshot: Snapshot, work: Work): Snapshot {
  const { resourceVersion: horizon, entries } = snapshot;
  for (const [key, { found, listed, until }] of state.check?.doubts ?? []) {
    const gone = found === undefined && listed !== undefined && compareResourceVersions(until, horizon) <= 0;
    if (gone && entries.get(key)?.uid === listed.uid) noteEnd(state, listed.uid, until);
  }
  if (state.ended.size === 0) return snapshot;
  const kept = new Map<ObjectKey, SnapshotEntry>();
  for (const [key, entry] of entries) {
    const end = state.ended.get(entry.uid);
    if (end === undefined || compareResourceVersions(end, horizon) > 0) kept.set(key, entry);
    else work.contradictions++;
  }
  return kept.size === entries.size ? snapshot : { ...snapshot, entries: kept };
}
