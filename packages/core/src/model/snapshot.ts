import type { ObjectKey, Uid } from "./object-key.ts";
import type { ResourceVersion } from "./resource-version.ts";
import type { StoredObject } from "./stored-object.ts";

/** What a snapshot says of one object. */
export interface SnapshotEntry {
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
  /** The body; left out where the view is known to hold this very version, so that a settlement carries changes alone. */
  readonly object?: StoredObject | undefined;
}

/** A complete LIST: every object of the scope at one version of the cluster. */
export interface Snapshot {
  /** The list's own version, the *horizon*: not that of its newest object. */
  readonly resourceVersion: ResourceVersion;
  /**
   * When the first page was asked for, or, of a source that is another KRM, when that had last heard from its own, if that
   * is earlier: wall clock, epoch milliseconds. The conservative bound of its age.
   */
  readonly takenAt: number;
  readonly entries: ReadonlyMap<ObjectKey, SnapshotEntry>;
}

/** A complete LIST whose versions cannot be ordered: it can replace what is there, and be compared with nothing (law 8). */
export interface IncomparableSnapshot {
  /** As sent. */
  readonly resourceVersion: string;
  /** As in {@link Snapshot}. */
  readonly takenAt: number;
  readonly objects: readonly StoredObject[];
}
