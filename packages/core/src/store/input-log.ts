import type { MergeInput, VerifiedInput } from "../merge/merge-input.ts";
import type { DesyncCause } from "../monitor/role-status.ts";
import type { ObjectKey, Uid } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { CallOptions } from "../ports/clock.ts";

/** A role that has an input log: what it tells the Merger travels through it, when they are separate processes. */
export type InputRole = "streamer" | "verifier";

/** Those inputs that are one record each. */
type SmallInput = Extract<
  MergeInput,
  { readonly type: "observed" | "bookmark" | "heard" | "verification-started" | "verification-abandoned" }
>;

/**
 * A part of a list on its way through a log. A chain of pages (one `id`, `page` 0, 1, 2 …, the last one marked) is one
 * input; it takes effect when its last page is there, and not at all when anything else comes before that.
 */
export interface SnapshotPage {
  readonly type: "snapshot-page";
  readonly of: "relisted" | "verified" | "polled" | "epoch-reset";
  readonly epoch: number;
  readonly id: string;
  readonly page: number;
  readonly last: boolean;
  readonly resourceVersion: string;
  readonly takenAt: number;
  readonly entries: readonly SnapshotPageEntry[];
  /** Of a list that closes a known gap: which. */
  readonly cause?: DesyncCause | undefined;
  /** Of a verification: what it found beside the list. The doubts of all pages belong together; the rest is on the last. */
  readonly found?: Pick<VerifiedInput, "mode" | "doubts" | "contradicted"> | undefined;
}

/** One object of a page. Without a body: the view holds this very version. */
export interface SnapshotPageEntry {
  readonly key: ObjectKey;
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
  readonly object?: StoredObject | undefined;
}

/** What an input log is made of. */
export type LogRecord = SmallInput | SnapshotPage;

/** Up to where a streamer's log tells everything, and of which of the cluster's histories. */
export interface LogPosition {
  readonly epoch: number;
  readonly position: ResourceVersion | undefined;
}

/** How a role writes its log. */
export interface InputLogWriter {
  /**
   * Where the streamer goes on: what the log and the view cover, whichever is more. For a verifier, where the streamer
   * was when the lease was taken.
   */
  readonly start: LogPosition;
  /**
   * Appends records, all or none, together with the position that the log covers then.
   *
   * @throws KrmError `KRM_STORE_FULL` while too much waits for a Merger, beside the newest list: nothing was written, try
   * again later. The pages of a list that has begun are always taken;
   * `KRM_STORE_CONFLICT` when the lease is lost or the store has lost what was appended before.
   */
  append(records: readonly LogRecord[], covers: LogPosition, options?: CallOptions): Promise<void>;
  /** How many bytes wait for a Merger. */
  backlog(options?: CallOptions): Promise<number>;
}

/** What a Merger reads of a log: whole entries, in the order in which they were appended. */
export interface LogBatch {
  readonly log: InputRole;
  readonly records: readonly LogRecord[];
  /** Behind these records; a commit that names it has consumed them. */
  readonly cursor: string;
}

/** Behind what of each log is consumed. */
export type ConsumedLogs = Readonly<Partial<Record<InputRole, string>>>;
