import type { ObjectKey, Uid } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { DesyncCause } from "../monitor/role-status.ts";

/** Which life and version of an object; what a side of a comparison shows. */
export interface Shown {
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
}

/** What the stream had not told: an object, a newer version of one, a deletion, or a deletion and a new life. */
export type DriftType = "added" | "modified" | "deleted" | "recreated";

/** All of {@link DriftType}. */
export const DRIFT_TYPES: readonly DriftType[] = ["added", "modified", "deleted", "recreated"];

/** What hid an event: a known gap of the stream, or `upstream`, where nothing here went wrong: the API server did not send it. */
export type DriftCause = DesyncCause | "upstream";

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
  readonly cause: DriftCause;
  /** When `actual` was written, as the API server noted it: RFC 3339, whole seconds. Undefined where that is not known. */
  readonly changedAt?: string | undefined;
}

/** A missed event in the ledger. */
export interface MissedEvent extends Drift {
  /** When it was found: wall clock, epoch milliseconds. */
  readonly foundAt: number;
  /**
   * For how long readers could see the wrong value, in milliseconds, at most: from when the missed change was written
   * (`changed`; ±1 s, and as far as the API server's clock is right), or else from the verification before (`verified`).
   */
  readonly exposedMs: number;
  readonly exposedSince: "changed" | "verified";
}
