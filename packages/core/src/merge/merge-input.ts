import type { Observation } from "../model/observation.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { IncomparableSnapshot, Snapshot } from "../model/snapshot.ts";
import type { Drift } from "./drift.ts";
import type { ViewChange } from "./view-change.ts";

/** What streamer and verifier tell the merge. `epoch` is the history that the sender was reading. */
export type MergeInput =
  | { readonly type: "observed"; readonly epoch: number; readonly observation: Observation }
  | { readonly type: "bookmark"; readonly epoch: number; readonly resourceVersion: ResourceVersion }
  /** The watch is alive, and everything that it told until then was offered before. `at`: wall clock, epoch milliseconds. */
  | { readonly type: "heard"; readonly epoch: number; readonly at: number }
  /** A complete list of the streamer: at the start, and after each known gap. The stream goes on from its version. */
  | { readonly type: "relisted"; readonly epoch: number; readonly snapshot: Snapshot }
  /** The verifier is about to list: from here on the merge can tell what the stream showed at any version. */
  | { readonly type: "verification-started"; readonly epoch: number }
  | { readonly type: "verification-abandoned"; readonly epoch: number }
  | { readonly type: "verified"; readonly epoch: number; readonly snapshot: Snapshot }
  /** A list whose versions cannot be ordered (law 8): it replaces the view as it stands. */
  | { readonly type: "polled"; readonly epoch: number; readonly snapshot: IncomparableSnapshot }
  /** The cluster's history restarted (an etcd restore): `epoch` is the new one, `snapshot` its first list. */
  | { readonly type: "epoch-reset"; readonly epoch: number; readonly snapshot: Snapshot };

/** How a verification ended. */
export interface Verdict {
  readonly horizon: ResourceVersion;
  /**
   * `consistent`: no difference. `drift`: events were missed. `lag`: all differences turned out to be events still on
   * their way. `stale`: the snapshot was older than one before it. `inconclusive`: it could not be compared, because the
   * stream relisted before it got there, or because nobody wrote down what it showed at that version.
   */
  readonly result: "consistent" | "drift" | "lag" | "stale" | "inconclusive";
  readonly drift: readonly Drift[];
}

/** What one input did. */
export interface Step {
  readonly changes: readonly ViewChange[];
  /** Verifications that this input decided. */
  readonly verdicts: readonly Verdict[];
  /** Observations at or below the horizon: 0 or 1. */
  readonly late: number;
  /** Keys for which a list was older than the stream had been at or below the list's version. */
  readonly contradictions: number;
  /** Keys whose body the snapshot lacked although the view needs it: nothing was changed; send it again in full. */
  readonly missing: readonly ObjectKey[];
}
