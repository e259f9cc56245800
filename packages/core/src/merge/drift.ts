import type { ObjectKey, Uid } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";

/** Which life and version of an object; what a side of a comparison shows. */
export interface Shown {
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
}

/** What the stream had not told: an object, a newer version of one, a deletion, or a deletion and a new life. */
export type DriftType = "added" | "modified" | "deleted" | "recreated";

/**
 * One difference between what the stream alone showed and the cluster, at a verified version, decided: the stream had
 * passed that version without telling (law 6). It is claimed once: the comparison starts afresh from the repaired view.
 */
export interface Drift {
  readonly key: ObjectKey;
  readonly type: DriftType;
  /** The verified version at which the difference stood. */
  readonly horizon: ResourceVersion;
  /** What the stream alone showed at the horizon; undefined: nothing. */
  readonly shown: Shown | undefined;
  /** What the cluster held at the horizon; undefined: nothing. */
  readonly actual: Shown | undefined;
}
