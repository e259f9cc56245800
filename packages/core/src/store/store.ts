import type { Drift } from "../merge/drift.ts";
import type { ViewChange } from "../merge/view-change.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { Scope } from "../model/scope.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { RoleReports } from "../monitor/role-status.ts";
import type { CallOptions } from "../ports/clock.ts";

/** What a backend can do. Roles that need more refuse to start with it, and say which of these is missing. */
export interface StoreManifest {
  /** State survives the process. */
  readonly durable: boolean;
  /** Several processes may use it at once. */
  readonly shared: boolean;
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
   * A repair took effect while `version` stayed one that readers were told before it: until the version moves (and
   * becomes the floor), resuming from it is only right along the feed, which holds the repair.
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
  readonly drift: readonly Drift[];
  /** The cluster's history restarted, so versions may go back: readers of the feed get `reset` and read the view again. */
  readonly reset?: boolean;
}

/** A consistent read: objects and meta of one point in time. */
export interface ViewRead {
  readonly meta: ViewMeta;
  /** Ordered by key, as the API server orders a list: by namespace, then name, in bytes. */
  readonly objects: readonly StoredObject[];
}

/** One step of the change feed. */
export interface FeedEntry {
  /** Where to resume after this entry. Opaque; ordered only by the store itself. */
  readonly cursor: string;
  readonly change: ViewChange;
}

/** What the feed yields: `reset` first when the cursor is gone or the view started anew; read the view again then. */
export type FeedBatch =
  | { readonly type: "reset"; readonly cursor: string }
  | { readonly type: "changes"; readonly entries: readonly FeedEntry[] };

/**
 * The state of one scope in a store: view, change feed, and what the roles report of themselves.
 *
 * Only the scope's Merger calls `commit`; any number of readers read. After `dispose` every method rejects with
 * `KRM_STORE_CLOSED`. A backend's failure is `KRM_STORE_FAILED` with the cause attached; nothing was written then.
 */
export interface ScopeStore {
  readonly scope: Scope;
  meta(options?: CallOptions): Promise<ViewMeta>;
  get(
    key: ObjectKey,
    options?: CallOptions,
  ): Promise<{ readonly meta: ViewMeta; readonly object: StoredObject | undefined }>;
  /** All objects, or those of one namespace. */
  read(query?: { readonly namespace?: string | undefined }, options?: CallOptions): Promise<ViewRead>;
  /** Atomic: changes, meta and feed entries together. */
  commit(commit: ViewCommit, options?: CallOptions): Promise<void>;
  /**
   * The changes after `since` (a cursor; undefined: from now on), for ever: ends only by the signal, by leaving the
   * loop, or when the store is closed. A cursor that the feed no longer reaches yields `reset` first.
   */
  changes(options: {
    readonly since?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<FeedBatch>;
  /** The cursor behind the newest entry. */
  cursor(options?: CallOptions): Promise<string>;
  /** A role tells how it is; the newest report of each role is kept. */
  report<R extends keyof RoleReports>(role: R, report: RoleReports[R], options?: CallOptions): Promise<void>;
  reports(options?: CallOptions): Promise<Partial<RoleReports>>;
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
  /** The scopes that hold a view, in the order in which they were first written. */
  scopes(options?: CallOptions): Promise<readonly Scope[]>;
  /** The state of one scope. Cheap; the same scope gives the same state. */
  scope(scope: Scope): ScopeStore;
}
