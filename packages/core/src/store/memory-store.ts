import { KrmError } from "../errors.ts";
import { type Scope, scopeId } from "../model/scope.ts";
import type { CallOptions } from "../ports/clock.ts";
import type { FeedBounds } from "./change-feed.ts";
import { MemoryScopeStore } from "./memory-scope-store.ts";
import type { ViewPersistence } from "./persistence.ts";
import type { ScopeStore, Store, StoreManifest } from "./store.ts";

/** What a memory store can be told. */
export interface MemoryStoreOptions {
  /** What each scope's change feed keeps for readers that resume. */
  readonly feed?: FeedBounds;
  /** Where the views survive the process. @default nowhere */
  readonly persistence?: ViewPersistence;
}

/**
 * Keeps everything in this process: the default, and the reference for other stores. A commit costs what it changes;
 * a read costs what it returns. Leases do not expire: whoever dies takes the store along.
 */
export class MemoryStore implements Store {
  readonly manifest: StoreManifest;
  readonly #feed: FeedBounds | undefined;
  readonly #persistence: ViewPersistence | undefined;
  readonly #scopes = new Map<string, MemoryScopeStore>();
  readonly #taken: string[] = [];
  readonly #closed = new AbortController();
  #known: Promise<void> | undefined;

  constructor({ feed, persistence }: MemoryStoreOptions = {}) {
    this.#feed = feed;
    this.#persistence = persistence;
    const batch = { changes: 1024, bytes: 16 * 1024 * 1024 };
    this.manifest = { durable: persistence !== undefined, shared: false, batch };
  }

  async scopes(options?: CallOptions): Promise<readonly Scope[]> {
    options?.signal?.throwIfAborted();
    if (this.#closed.signal.aborted) throw new KrmError("KRM_STORE_CLOSED", "the store is closed");
    await this.#load();
    return this.#taken.flatMap((id) => this.#scopes.get(id)?.scope ?? []);
  }

  /** What an earlier process left comes first. */
  async #load(): Promise<void> {
    this.#known ??= (async () => {
      const before = this.#taken.splice(0);
      for (const scope of (await this.#persistence?.scopes()) ?? []) {
        this.scope(scope);
        this.#take(scopeId(scope));
      }
      for (const id of before) this.#take(id);
    })();
    try {
      await this.#known;
    } catch (error) {
      this.#known = undefined;
      throw error;
    }
  }

  #take(id: string): void {
    if (!this.#taken.includes(id)) this.#taken.push(id);
  }

  scope(scope: Scope): ScopeStore {
    const id = scopeId(scope);
    let store = this.#scopes.get(id);
    if (store === undefined) {
      store = new MemoryScopeStore(scope, {
        feed: this.#feed,
        persistence: this.#persistence,
        closed: this.#closed.signal,
        onTaken: () => this.#take(id),
      });
      this.#scopes.set(id, store);
    }
    return store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(new KrmError("KRM_STORE_CLOSED", "the store is closed"));
    await this.#persistence?.[Symbol.asyncDispose]();
  }
}
