import type { ViewChange } from "../merge/view-change.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { Scope } from "../model/scope.ts";
import type { Revision, StoredObject } from "../model/stored-object.ts";
import type { VerificationLedger } from "../merge/ledger.ts";
import type { Role, ScopeReports } from "../monitor/role-status.ts";
import type { CallOptions } from "../ports/clock.ts";
import type { LeaseRequest, Leases, RoleRequest } from "./lease.ts";
import type { ConsumedLogs } from "./input-log.ts";
import type { ObjectTerm } from "./object-term.ts";

/** What a backend can do. Roles that need more refuse to start with it, and say which of these is missing. */
export interface StoreManifest {
  /** State survives the process. */
  readonly durable: boolean;
  /** Several processes may use it at once. */
  readonly shared: boolean;
  /**
   * What a commit should hold at most. One with more is legal, and atomic too; but it costs more, and may make the
   * readers of the feed read the view again (`reset`).
   */
  readonly batch: { readonly changes: number; readonly bytes: number };
}

/** What holds for a view as a whole, at the point in time of one read. */
export interface ViewMeta {
  /** Counts the histories of the cluster that were seen: 0, then one more at each epoch reset (law 5). */
  readonly epoch: number;
  /** The version of the view: what a list says, and what a watch can start from. Undefined until the first complete list. */
  readonly version: string | undefined;
  /** Resuming from a version below this one must be refused with 410: a repair took effect here (law 10). */
  readonly resumeFloor: ResourceVersion | undefined;
  /**
   * Readers who were told `version` may not know all of this view: a repair took effect while it stayed one that they had
   * been told before; or several events have this very version, or a verification of it put several things right. Until the
   * version moves (and, after a repair, becomes the floor), resuming from it is only right along the feed, which holds what
   * they lack.
   */
  readonly repairPending: boolean;
  /** H: the version of the newest verified snapshot. */
  readonly horizon: string | undefined;
  /** When that snapshot was asked for: wall clock, epoch milliseconds. */
  readonly verifiedAt: number | undefined;
  /** The stream has told everything up to here. */
  readonly streamedThrough: ResourceVersion | undefined;
  /**
   * What the API server said at this moment, or that it had nothing to say, is in the view: wall clock, epoch
   * milliseconds. A list in progress does not move it, nor what waits to be merged.
   */
  readonly lastContact: number | undefined;
  /** Versions of this resource cannot be ordered: the view is the last snapshot (law 8). */
  readonly snapshotOnly: boolean;
  /** The change feed's cursor behind the newest change in this view: it moves with every change, `version` need not. */
  readonly cursor: string;
  /** Objects in the view. */
  readonly objects: number;
  /** Their size as kept, in bytes. */
  readonly bytes: number;
}

/** The part of a view's meta that its Merger writes. */
export type CommittedMeta = Omit<ViewMeta, "objects" | "bytes" | "cursor">;

/** What the Merger writes at once. Readers see all of it or nothing. */
export interface ViewCommit {
  readonly changes: readonly ViewChange[];
  /** All but what the store keeps itself. */
  readonly meta: CommittedMeta;
  /** What verification has found until now; undefined: as it was. */
  readonly ledger?: VerificationLedger | undefined;
  /** Which of the input logs' entries are merged with this; what is left out stays as it was. */
  readonly consumed?: ConsumedLogs | undefined;
  /** The cluster's history restarted, so versions may go back: readers of the feed get `reset` and read the view again. */
  readonly reset?: boolean;
}

/** What of a view is read; nothing given: all of it. */
export interface ReadQuery {
  readonly namespace?: string | undefined;
  /**
   * All of these are wanted. A store that can look them up leaves out what lacks one of them, and another gives it all the
   * same: whoever asks looks at what comes.
   */
  readonly where?: readonly ObjectTerm[] | undefined;
}

/** A consistent read: objects and meta of one point in time. */
export interface ViewRead {
  readonly meta: ViewMeta;
  /** Ordered by key, as the API server orders a list: by namespace, then name, in bytes. */
  readonly objects: readonly StoredObject[];
}

/** A consistent read without the objects: which life and version of each key is in the view. In no order. */
export interface ViewIndex {
  readonly meta: ViewMeta;
  readonly entries: ReadonlyMap<ObjectKey, Pick<Revision, "uid" | "resourceVersion">>;
}

/** One step of the change feed. */
export interface FeedEntry {
  /** Where to resume after this entry. Opaque; ordered only by the store itself. */
  readonly cursor: string;
  readonly change: ViewChange;
}

/**
 * What the feed yields. `reset` first when the cursor is gone or the view started anew; read the view again then.
 *
 * `meta` is the view's right after these entries, which may be none when only the meta moved. Undefined: the commit
 * goes on in the next batch. Who applies batches until one brings a meta has the view of that moment.
 */
export type FeedBatch =
  | {
      readonly type: "reset";
      readonly cursor: string;
      /** Every change before this one was told: what comes next is one that is too large to be. Left out: that is not known. */
      readonly complete?: boolean | undefined;
    }
  | { readonly type: "changes"; readonly entries: readonly FeedEntry[]; readonly meta: ViewMeta | undefined };

/**
 * The state of one scope in a store: view, change feed, input logs, leases, and what the roles report of themselves.
 *
 * Any number of readers read. Each role writes through its lease, which one process holds at a time. After `dispose`
 * every method rejects with `KRM_STORE_CLOSED`. A backend's failure is `KRM_STORE_FAILED` with the cause attached:
 * nothing was written then, or all of it, and writing the same again is the same as writing it once.
 */
export interface ScopeStore {
  readonly scope: Scope;
  meta(options?: CallOptions): Promise<ViewMeta>;
  get(
    key: ObjectKey,
    options?: CallOptions,
  ): Promise<{ readonly meta: ViewMeta; readonly object: StoredObject | undefined }>;
  read(query?: ReadQuery, options?: CallOptions): Promise<ViewRead>;
  /** Which keys are in the view, at which version, without their bodies. */
  index(options?: CallOptions): Promise<ViewIndex>;
  /**
   * The changes after `since` (a cursor; undefined: from now on), for ever: ends only by the signal, by leaving the
   * loop, or when the store is closed. A cursor that the feed no longer reaches yields `reset` first. Rejects with
   * `KRM_STORE_FAILED` when the backend cannot be asked; start again from the last cursor then.
   */
  changes(options: {
    readonly since?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<FeedBatch>;
  /** The cursor behind the newest entry. */
  cursor(options?: CallOptions): Promise<string>;
  /** The cursor before the oldest entry that the feed still holds: for who wants all that there is. */
  oldestCursor(options?: CallOptions): Promise<string>;
  /** The newest report of each role, and which roles somebody holds now. */
  reports(options?: CallOptions): Promise<ScopeReports>;
  /**
   * Takes a role, if nobody else holds it; undefined: somebody does. What the role then writes is refused with
   * `KRM_STORE_CONFLICT` as soon as it does not hold it any more, or the store has lost what it wrote before.
   */
  acquire<R extends Role>(role: R, request: LeaseRequest, options?: CallOptions): Promise<Leases[R] | undefined>;
  /**
   * What a reader of the feed wrote down of how far it has come, under a name of its own; undefined: nothing, or the store
   * has lost it. It goes on from there after a restart.
   */
  checkpoint(reader: string, options?: CallOptions): Promise<string | undefined>;
  /** Keeps what a reader writes down. The newest wins: two readers under one name are not kept apart. */
  keepCheckpoint(reader: string, checkpoint: string, options?: CallOptions): Promise<void>;
  /** Asks something of whoever holds a role, or will. The same request, asked twice before it is taken, counts once. */
  ask(role: Role, request: RoleRequest, options?: CallOptions): Promise<void>;
}

/**
 * Where the state of all scopes is kept. The heart of the library: swap it to share the state between processes.
 *
 * @example
 * await using store = new MemoryStore();
 * const { objects, meta } = await store.scope({ resource: PODS }).read({ namespace: "team-a" });
 */
export interface Store extends AsyncDisposable {
  readonly manifest: StoreManifest;
  /** The scopes that some role has taken, in the order in which that first happened. */
  scopes(options?: CallOptions): Promise<readonly Scope[]>;
  /** The state of one scope. Cheap; the same scope gives the same state. */
  scope(scope: Scope): ScopeStore;
}
