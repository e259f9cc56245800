import type { Observation } from "../model/observation.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { IncomparableSnapshot, Snapshot } from "../model/snapshot.ts";
import type { DesyncCause } from "../monitor/role-status.ts";
import type { Doubt } from "./doubt.ts";
import type { Drift, MissedEvent } from "./drift.ts";
import type { ViewChange } from "./view-change.ts";

/** How a verification lists: at the very version that the stream has told, or the newest; without bodies, or whole. */
export const VERIFICATION_MODES = ["exact-metadata", "exact-full", "latest-metadata", "latest-full"] as const;

/** One of {@link VERIFICATION_MODES}. */
export type VerificationMode = (typeof VERIFICATION_MODES)[number];

/** Whether a verdict of this mode is that of a verification: only those count as one. */
export function isVerification(mode: Verdict["mode"]): mode is VerificationMode {
  return VERIFICATION_MODES.some((one) => one === mode);
}

/** What streamer and verifier tell the merge. `epoch` is the history that the sender was reading. */
export type RoleInput =
  | { readonly type: "observed"; readonly epoch: number; readonly observation: Observation }
  | { readonly type: "bookmark"; readonly epoch: number; readonly resourceVersion: ResourceVersion }
  /** The watch is alive, and everything that it told until then was offered before. `at`: wall clock, epoch milliseconds. */
  | { readonly type: "heard"; readonly epoch: number; readonly at: number }
  /**
   * A complete list of the streamer: at the start, and after each known gap. The stream goes on from its version.
   * `cause`: the gap that it closes; left out where none is known.
   */
  | {
      readonly type: "relisted";
      readonly epoch: number;
      readonly snapshot: Snapshot;
      readonly cause?: DesyncCause | undefined;
    }
  /** The verifier is about to list: from here on the merge can tell what the stream showed at any version. */
  | { readonly type: "verification-started"; readonly epoch: number }
  | { readonly type: "verification-abandoned"; readonly epoch: number }
  | VerifiedInput
  /** A list whose versions cannot be ordered (law 8): it replaces the view as it stands. */
  | { readonly type: "polled"; readonly epoch: number; readonly snapshot: IncomparableSnapshot }
  /** The cluster's history restarted (an etcd restore): `epoch` is the new one, `snapshot` its first list. */
  | { readonly type: "epoch-reset"; readonly epoch: number; readonly snapshot: Snapshot };

/** Everything that the merge is told. */
export type MergeInput =
  | RoleInput
  /**
   * Somebody who writes an object of the scope knows that the stream has passed a version of it without telling (a canary).
   * It goes into the ledger, once; the view is as the stream told, and stays.
   */
  | { readonly type: "lost"; readonly epoch: number; readonly drift: Drift };

/** What a verification found: a complete list, corrected by what the objects themselves said when asked by name. */
export interface VerifiedInput {
  readonly type: "verified";
  readonly epoch: number;
  readonly snapshot: Snapshot;
  /** @default "latest-full" */
  readonly mode?: VerificationMode | undefined;
  /** What cannot be judged before the stream has passed a later version. */
  readonly doubts?: readonly Doubt[] | undefined;
  /** Keys of which the list told another state than the object itself: the server's fault, counted, and corrected in `snapshot`. */
  readonly contradicted?: readonly ObjectKey[] | undefined;
}

/** How a verification ended. */
export interface Verdict {
  readonly horizon: ResourceVersion;
  /**
   * `consistent`: no difference. `drift`: events were missed. `lag`: all differences turned out to be events still on
   * their way. `stale`: the snapshot was older than one before it. `inconclusive`: it could not be compared, because the
   * stream relisted before it got there, or because nobody wrote down what it showed at that version.
   */
  readonly result: "consistent" | "drift" | "lag" | "stale" | "inconclusive";
  /**
   * Three are no verifications: `resync` is the list by which the streamer closed a known gap; `by-name` what one object
   * said of itself after a verification's list, `told` what somebody said who wrote one: `horizon` is then its own version,
   * or, of one that was gone, a later one.
   */
  readonly mode: VerificationMode | "resync" | "by-name" | "told";
  readonly drift: readonly Drift[];
  /** Keys that another verification, or nothing, must judge: the stream did not get far enough. Nothing is claimed of them. */
  readonly open?: readonly ObjectKey[];
}

/** A verdict as it goes into the ledger. */
export interface DecidedVerdict extends Verdict {
  readonly drift: readonly MissedEvent[];
}

/** What one input did. */
export interface Step {
  readonly changes: readonly ViewChange[];
  /** Verifications, and resyncs, that this input decided. */
  readonly verdicts: readonly Verdict[];
  /** Observations at or below the horizon: 0 or 1. */
  readonly late: number;
  /** Keys for which a list was older than the stream had been at or below the list's version, or than the object itself. */
  readonly contradictions: number;
  /** Keys whose body the snapshot lacked although the view needs it: nothing was changed; send it again in full. */
  readonly missing: readonly ObjectKey[];
  /** An event came after the stream had passed its version, and may be news: a verification should look soon. */
  readonly belated: boolean;
}
