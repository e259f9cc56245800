import { KrmError } from "../errors.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { type Scope, scopeId } from "../model/scope.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { RoleReports } from "../monitor/role-status.ts";
import type { CallOptions } from "../ports/clock.ts";
import { ChangeFeed, type FeedBounds } from "./change-feed.ts";
import { ObjectTable } from "./object-table.ts";
import type {
  CommittedMeta,
  FeedBatch,
  ScopeStore,
  Store,
  StoreManifest,
  ViewCommit,
  ViewMeta,
  ViewRead,
} from "./store.ts";

/** What a memory store can be told. */
export interface MemoryStoreOptions {
  /** What each scope's change feed keeps for readers that resume. */
  readonly feed?: FeedBounds;
}

const NOTHING: CommittedMeta = {
  epoch: 0,
  version: undefined,
  resumeFloor: undefined,
  repairPending: false,
  lastContact: undefined,
  horizon: undefined,
  verifiedAt: undefined,
  streamedThrough: undefined,
  snapshotOnly: false,
};

/**
 * Keeps everything in this process: the default, and the reference for other stores. A commit costs what it changes;
 * a read costs what it returns.
 */
export class MemoryStore implements Store {
  readonly manifest: StoreManifest = { durable: false, shared: false };
  readonly #feedBounds: FeedBounds | undefined;
  readonly #scopes = new Map<string, MemoryScopeStore>();
  readonly #closed = new AbortController();

  constructor(options: MemoryStoreOptions = {}) {
    this.#feedBounds = options.feed;
  }

  async scopes(options?: CallOptions): Promise<readonly Scope[]> {
    admit(this.#closed.signal, options);
    return [...this.#scopes.values()].filter((scope) => scope.written).map(({ scope }) => scope);
  }

  scope(scope: Scope): ScopeStore {
    const id = scopeId(scope);
    let store = this.#scopes.get(id);
    if (store === undefined) {
      store = new MemoryScopeStore(scope, this.#feedBounds, this.#closed.signal);
      this.#scopes.set(id, store);
    }
    return store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new KrmError("KRM_STORE_CLOSED", "the store is closed"));
  }
}

/** What every method looks at first. */
function admit(closed: AbortSignal, options: CallOptions | undefined): void {
  options?.signal?.throwIfAborted();
  if (closed.aborted) throw new KrmError("KRM_STORE_CLOSED", "the store is closed");
}

class MemoryScopeStore implements ScopeStore {
  readonly scope: Scope;
  readonly #table = new ObjectTable();
  readonly #feed: ChangeFeed;
  readonly #closed: AbortSignal;
  #meta: CommittedMeta = NOTHING;
  #reports: Partial<RoleReports> = {};
  /** A role has written here: the scope exists for readers. */
  written = false;

  constructor(scope: Scope, feed: FeedBounds | undefined, closed: AbortSignal) {
    this.scope = scope;
    this.#feed = new ChangeFeed(feed);
    this.#closed = closed;
  }

  async meta(options?: CallOptions): Promise<ViewMeta> {
    admit(this.#closed, options);
    return this.#currentMeta();
  }

  async get(
    key: ObjectKey,
    options?: CallOptions,
  ): Promise<{ readonly meta: ViewMeta; readonly object: StoredObject | undefined }> {
    admit(this.#closed, options);
    return { meta: this.#currentMeta(), object: this.#table.get(key) };
  }

  async read(query: { readonly namespace?: string | undefined } = {}, options?: CallOptions): Promise<ViewRead> {
    admit(this.#closed, options);
    return { meta: this.#currentMeta(), objects: this.#table.read(query.namespace) };
  }

  async commit(commit: ViewCommit, options?: CallOptions): Promise<void> {
    admit(this.#closed, options);
    this.written = true;
    this.#table.apply(commit.changes);
    this.#meta = commit.meta;
    if (commit.reset === true) this.#feed.reset();
    this.#feed.append(commit.changes);
  }

  changes(options: {
    readonly since?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<FeedBatch> {
    return this.#feed.read({ ...options, closed: this.#closed });
  }

  async cursor(options?: CallOptions): Promise<string> {
    admit(this.#closed, options);
    return this.#feed.cursor;
  }

  async report<R extends keyof RoleReports>(role: R, report: RoleReports[R], options?: CallOptions): Promise<void> {
    admit(this.#closed, options);
    this.written = true;
    this.#reports = { ...this.#reports, [role]: report };
  }

  async reports(options?: CallOptions): Promise<Partial<RoleReports>> {
    admit(this.#closed, options);
    return this.#reports;
  }

  #currentMeta(): ViewMeta {
    return { ...this.#meta, cursor: this.#feed.cursor, objects: this.#table.size, bytes: this.#table.bytes };
  }
}
