import type { Claim } from "../merge/merge-state.ts";
import type { VerificationLedger } from "../merge/ledger.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { Role, RoleReports } from "../monitor/role-status.ts";
import type { CallOptions } from "../ports/clock.ts";
import type { InputLogWriter, LogBatch } from "./input-log.ts";
import type { ViewCommit, ViewMeta } from "./store.ts";

/** Who wants a role, and for how long at a time. */
export interface LeaseRequest {
  /** Unique to this holder: a lease that it already has is not given to it a second time. */
  readonly holder: string;
  /** Without `renew`, the role is free for others after so many milliseconds, by the store's own clock. */
  readonly ttlMs: number;
}

/**
 * What one role asks of another: `relist` (a list showed an older version than the stream), `resync` (a settlement of
 * the streamer lacked a body), `rewatch` (the watch lost events that no known gap explains, or is silent: another one may
 * not), `verify-in-full` (a settlement of the verifier lacked a body), `verify-soon` (an event came too late to be taken, and may
 * be news), `new-history` (objects are older than was told).
 */
export type RoleSignal = "relist" | "resync" | "rewatch" | "verify-in-full" | "verify-soon" | "new-history";

/** An event that the stream has missed, as {@link lostEventRequest} writes it: what only the merger is asked. */
export type LostEventRequest = `lost-event ${string}`;

/** What is asked of a role, as a store carries it: a text of one line. */
export type RoleRequest = RoleSignal | LostEventRequest;

/**
 * A role of one scope, held by one process at a time: the epoch rises with each holder and fences every write, so that
 * an old writer cannot overwrite a new one. Disposing gives the role back; a lost one is given back by itself.
 */
export interface Lease<R extends Role> extends AsyncDisposable {
  readonly role: R;
  /** Rises by at least one from holder to holder. */
  readonly epoch: number;
  /**
   * Holds the role for another term, and takes what others asked of it since the last time.
   *
   * @throws KrmError `KRM_STORE_CONFLICT` when somebody else has taken it, or the store has lost its state.
   */
  renew(options?: CallOptions): Promise<readonly RoleRequest[]>;
  /** Tells how the role is; the newest report is kept. */
  report(report: RoleReports[R], options?: CallOptions): Promise<void>;
}

/** The lease of a role that writes an input log. */
export interface InputLease<R extends "streamer" | "verifier"> extends Lease<R> {
  readonly log: InputLogWriter;
}

/** What a Merger finds when it takes over. Nobody else writes it while the lease is held. */
export interface LoadedView {
  readonly meta: ViewMeta;
  /** What the view shows. Tombstones are not kept: see `restoreMergeState`. */
  readonly claims: ReadonlyMap<ObjectKey, Claim>;
  readonly ledger: VerificationLedger | undefined;
}

/** The lease of the role that writes the view. */
export interface MergerLease extends Lease<"merger"> {
  /** The view as it was when the role was taken. */
  readonly loaded: LoadedView;
  /**
   * Atomic: changes, meta, ledger, feed entries, and what of the logs is consumed. Several changes of one key take effect
   * in their order.
   *
   * @throws KrmError `KRM_STORE_CONFLICT` when the lease is lost, the store has lost what was committed before, or the
   * stream's position would go back within an epoch: load the view anew.
   */
  commit(commit: ViewCommit, options?: CallOptions): Promise<void>;
  /**
   * What the logs hold and no commit has consumed yet, in each log's order, and then what comes, for ever: ends only by
   * the signal, by leaving the loop, or when the store is closed. Each call goes on behind what those before it have
   * yielded. Rejects with `KRM_STORE_FAILED` when the backend cannot be asked, and with `KRM_STORE_CONFLICT` when entries are
   * gone that were not consumed.
   */
  inputs(options: CallOptions): AsyncIterable<LogBatch>;
  /** Marks all that the logs hold as consumed: for a Merger that is told everything directly. */
  skipLogs(options?: CallOptions): Promise<void>;
}

/** The lease that each role gets. */
export interface Leases {
  readonly streamer: InputLease<"streamer">;
  readonly verifier: InputLease<"verifier">;
  readonly merger: MergerLease;
}
