import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions } from "../model/resource-version.ts";
import type { Snapshot, SnapshotEntry } from "../model/snapshot.ts";
import type { Revision } from "../model/stored-object.ts";
import type { FrozenView } from "./frozen-view.ts";

/** A key of which list and stream tell different states, or (a sample) the same. */
export interface Suspect {
  readonly key: ObjectKey;
  /** What the view showed. */
  readonly shown: Revision | undefined;
  /** What the list held. */
  readonly listed: SnapshotEntry | undefined;
  /** More is known of it than the view shows: it showed it when the verification began, or the merge knows it without a body. */
  readonly moreKnown: boolean;
}

/** What a comparison of a list with the view at the list's version gives. */
export interface Comparison {
  readonly suspects: readonly Suspect[];
  /** Keys of which both tell the same. */
  readonly agreeing: readonly ObjectKey[];
}

/**
 * Compares a list with what the view showed at its version. A key of which the view shows something newer than the list
 * is in neither part: what it showed at the list's version is for the merge to say, which wrote it down.
 *
 * @param before The view before the list, where `view` is one of after it.
 * @param doubted Keys of which the verification before left something open.
 */
export function compareWithList(
  view: FrozenView,
  snapshot: Snapshot,
  before?: FrozenView,
  doubted?: ReadonlySet<ObjectKey>,
): Comparison {
  const { entries, resourceVersion: horizon } = snapshot;
  const suspects: Suspect[] = [];
  const agreeing: ObjectKey[] = [];
  const isNewer = (shown: Revision | undefined): boolean =>
    shown !== undefined && compareResourceVersions(shown.resourceVersion, horizon) > 0;
  for (const [key, listed] of entries) {
    const shown = view.at(key);
    if (isNewer(shown)) continue;
    if (shown !== undefined && isSame(shown, listed)) agreeing.push(key);
    else
      suspects.push({
        key,
        shown,
        listed,
        moreKnown:
          view.unseen(key) || doubted?.has(key) === true || (shown === undefined && before?.at(key) !== undefined),
      });
  }
  for (const key of view.keys()) {
    if (entries.has(key)) continue;
    const shown = view.at(key);
    if (shown !== undefined && !isNewer(shown)) suspects.push({ key, shown, listed: undefined, moreKnown: false });
  }
  return { suspects, agreeing };
}

function isSame(a: Pick<Revision, "uid" | "resourceVersion">, b: Pick<Revision, "uid" | "resourceVersion">): boolean {
  return a.uid === b.uid && a.resourceVersion === b.resourceVersion;
}
