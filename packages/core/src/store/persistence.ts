import type { VerificationLedger } from "../merge/ledger.ts";
import type { Scope } from "../model/scope.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { CallOptions } from "../ports/clock.ts";
import type { CommittedMeta, ViewCommit } from "./store.ts";

/** A view as it was last committed. */
export interface PersistedView {
  readonly meta: CommittedMeta;
  readonly ledger: VerificationLedger | undefined;
  /** In any order, each key once. */
  readonly objects: readonly StoredObject[];
}

/**
 * Where a MemoryStore keeps what must survive its process. One writer at a time; readers never ask it, but at the start.
 */
export interface ViewPersistence extends AsyncDisposable {
  /** The scopes that hold something, in the order in which that began. */
  scopes(options?: CallOptions): Promise<readonly Scope[]>;
  /** The last commit of a scope, whole, also where the process died in the middle of one; undefined: there was none. */
  load(scope: Scope, options?: CallOptions): Promise<PersistedView | undefined>;
  /**
   * Keeps a commit: when this has resolved, a `load` gives it; when it rejects, the same commit comes again, or none.
   *
   * @throws KrmError `KRM_STORE_FAILED`; `KRM_STORE_UNUSABLE` when another process has begun to write here: this one
   * cannot go on.
   */
  commit(scope: Scope, commit: ViewCommit, options?: CallOptions): Promise<void>;
}
