import type { ObjectKey, Uid } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import { marksOf, type WriteMarks } from "../model/write-marks.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { CommittedMeta } from "../store/store.ts";
import type { Doubt } from "./doubt.ts";
import type { Drift, Shown } from "./drift.ts";
import type { VerificationMode } from "./merge-input.ts";

/** The newest that is known of one key: which life, at which version, and whether that version is a deletion. */
export interface Claim extends WriteMarks {
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
  readonly gone: boolean;
}

/** That an object is there, as it is. */
export function claimOf(object: StoredObject): Claim {
  const { uid, resourceVersion } = object;
  return { uid, resourceVersion, gone: false, ...marksOf(object) };
}

/** A verified snapshot that the stream has not passed yet: its differences may still be lag (law 6). */
export interface Undecided {
  readonly horizon: ResourceVersion;
  readonly mode: VerificationMode;
  readonly truth: ReadonlyMap<ObjectKey, Shown>;
  /** The only keys that can differ once the stream gets there. */
  readonly touched: Set<ObjectKey>;
}

/** A doubt that waits, with what the stream alone showed at the check's horizon. */
export interface OpenDoubt extends Doubt {
  readonly shown: Claim | undefined;
}

/** A verification that is judged at its horizon, but for what objects said of themselves after that. */
export interface OpenCheck {
  readonly horizon: ResourceVersion;
  readonly mode: VerificationMode;
  /** As in `Snapshot`. */
  readonly takenAt: number;
  /** At the horizon; the verdict is told when nothing waits that can add to it. */
  readonly drift: Drift[];
  told: boolean;
  /** Keys of which nobody wrote down what the stream showed. */
  readonly unknown: number;
  /** Differences of which the stream told, too late. */
  readonly lag: number;
  readonly doubts: Map<ObjectKey, OpenDoubt>;
  /** The lowest version that a doubt waits for. */
  earliest: ResourceVersion;
}

/**
 * Everything the merge of one scope remembers. No bodies but those of open doubts: they travel from the inputs to the store.
 *
 * ```text
 *   claims    key → newest claim.   ≤ horizon: as the snapshot has it.   > horizon: the overlay (laws 3, 4).
 *   shown     key → what the stream alone shows, where that differs from the claims: only while a snapshot is undecided.
 *   check     the verification whose doubts wait for the stream to pass them.
 *   journal   key → its earlier claims, newest last: only while a verification runs, so that what the stream showed
 *             at the snapshot's version can be told although it has moved on since.
 * ```
 *
 * The stream's view is rebased on each decision: what a verification repaired is not claimed by the next one.
 */
export interface MergeState {
  /** Counts the cluster's histories (law 5); inputs of another epoch are dropped. */
  epoch: number;
  /** H: the version of the newest snapshot, the streamer's own list included. Undefined: nothing complete yet. */
  horizon: ResourceVersion | undefined;
  /** The version of the last list, where versions cannot be ordered; claims then only serve to tell what changed. */
  opaque: string | undefined;
  /** The stream has told everything up to here. */
  position: ResourceVersion | undefined;
  /** The stream's own view was last rebased on a list of this version; what comes at or below it is an old story. */
  rebasedAt: ResourceVersion | undefined;
  readonly claims: Map<ObjectKey, Claim>;
  /**
   * The state was taken over from another process, which had merged everything up to here. A snapshot below it cannot be
   * settled, and an event at or below it changes nothing: a deletion in between has left no tombstone, and would be undone.
   */
  restoredAt: ResourceVersion | undefined;
  /** Ascending by horizon. */
  undecided: Undecided[];
  readonly shown: Map<ObjectKey, Claim | undefined>;
  /**
   * Keys whose claim the view does not show, because the object had changed again when its body was asked for: what it
   * shows instead, until an event or a verification brings a body.
   */
  readonly unseen: Map<ObjectKey, Claim | undefined>;
  /** What the stream told after it had passed the version of it, too late to be taken: until the next decided verification. */
  readonly belated: Map<ObjectKey, Claim>;
  /** Lives that had ended at or before a version, by what the objects themselves said: no list brings them back. */
  readonly ended: Map<Uid, ResourceVersion>;
  /** At most one: the next verification asks anew. */
  check: OpenCheck | undefined;
  journal: Map<ObjectKey, (Claim | undefined)[]> | undefined;
  /** Claims in the journal. */
  journalled: number;
  /** What position and horizon were when the journal began: with it, the claims of that moment can be told. */
  journalFrom: { readonly position: ResourceVersion | undefined; readonly horizon: ResourceVersion | undefined };
}

/** A merge that knows nothing yet. */
export function emptyMergeState(epoch = 0): MergeState {
  return {
    epoch,
    horizon: undefined,
    opaque: undefined,
    position: undefined,
    rebasedAt: undefined,
    restoredAt: undefined,
    claims: new Map(),
    undecided: [],
    shown: new Map(),
    unseen: new Map(),
    belated: new Map(),
    ended: new Map(),
    check: undefined,
    journal: undefined,
    journalled: 0,
    journalFrom: { position: undefined, horizon: undefined },
  };
}

/** A copy that shares nothing that changes. O(objects): for `reduce`, never on the way of an event. */
export function cloneMergeState(state: MergeState): MergeState {
  return {
    ...state,
    claims: new Map(state.claims),
    undecided: state.undecided.map((group) => ({ ...group, touched: new Set(group.touched) })),
    shown: new Map(state.shown),
    unseen: new Map(state.unseen),
    belated: new Map(state.belated),
    ended: new Map(state.ended),
    check: state.check && { ...state.check, drift: [...state.check.drift], doubts: new Map(state.check.doubts) },
    journal: state.journal && new Map([...state.journal].map(([key, earlier]) => [key, [...earlier]])),
  };
}

/**
 * The merge goes on where another process left it. `claims` is what the view shows, and becomes the state's own.
 *
 * Not restored are tombstones, open verifications, and what the stream alone had shown: the comparison starts afresh
 * from the view, as after a decided verification.
 */
export function restoreMergeState(meta: CommittedMeta, claims: Map<ObjectKey, Claim>): MergeState {
  const horizon = meta.snapshotOnly ? undefined : (meta.horizon as ResourceVersion | undefined);
  return {
    ...emptyMergeState(meta.epoch),
    claims,
    horizon,
    opaque: meta.snapshotOnly ? meta.version : undefined,
    position: meta.streamedThrough,
    rebasedAt: horizon,
    restoredAt: meta.streamedThrough,
  };
}
