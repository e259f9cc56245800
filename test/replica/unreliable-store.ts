import {
  type CallOptions,
  type FeedBatch,
  KrmError,
  MemoryStore,
  type Scope,
  type ScopeStore,
  type Store,
} from "@krm/core";

/** What a test sees of the calls that a store got: how often each method of its scopes was called. */
type Calls = Record<string, number>;

type FeedOptions = Parameters<ScopeStore["changes"]>[0];

/** A store that can be away: calls and feeds then fail as a backend's do. What is in it is in a memory store. */
export class UnreliableStore implements Store {
  /** What readers get; another one: the store came back empty. */
  inner: MemoryStore;
  readonly calls: Calls = {};
  /** Feeds that say nothing more, and do not fail either. */
  deaf = false;
  /** What becomes of a feed on its way to who reads it. */
  tamper: ((feed: AsyncIterable<FeedBatch>) => AsyncIterable<FeedBatch>) | undefined;
  /** Feeds that somebody reads now. */
  openFeeds = 0;
  #away: AbortController | undefined;
  #back = new AbortController();

  constructor(inner: MemoryStore = new MemoryStore()) {
    this.inner = inner;
  }

  get manifest(): Store["manifest"] {
    return this.inner.manifest;
  }

  /** From now on, until `back`, everything fails. */
  leave(): void {
    this.#away = new AbortController();
    this.#back.abort();
  }

  back(): void {
    this.#away = undefined;
    this.#back = new AbortController();
  }

  #admit(): void {
    if (this.#away !== undefined) throw away();
  }

  async scopes(options?: CallOptions): Promise<readonly Scope[]> {
    this.#count("scopes");
    this.#admit();
    return this.inner.scopes(options);
  }

  scope(scope: Scope): ScopeStore {
    const changes: ScopeStore["changes"] = (options) => this.#changes(scope, options);
    return new Proxy(this.inner.scope(scope), {
      get: (_, name) => {
        if (name === "changes") return changes;
        if (name === "scope") return scope;
        return async (...args: unknown[]) => {
          this.#count(String(name));
          this.#admit();
          const to = this.inner.scope(scope) as unknown as Record<string, (...all: unknown[]) => Promise<unknown>>;
          const answer = await to[String(name)]?.(...args);
          // An answer that was on its way is lost too.
          this.#admit();
          return answer;
        };
      },
    });
  }

  async *#changes(scope: Scope, { since, signal }: FeedOptions): AsyncGenerator<FeedBatch> {
    this.#count("changes");
    this.#admit();
    const lost = this.#back.signal;
    const ends = signal === undefined ? lost : AbortSignal.any([lost, signal]);
    this.openFeeds++;
    try {
      const feed = this.inner.scope(scope).changes({ since, signal: ends });
      for await (const batch of this.tamper?.(feed) ?? feed) {
        if (lost.aborted) break;
        if (!this.deaf) yield batch;
      }
      if (lost.aborted) throw away();
    } finally {
      this.openFeeds--;
    }
  }

  #count(name: string): void {
    this.calls[name] = (this.calls[name] ?? 0) + 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.inner[Symbol.asyncDispose]();
  }
}

function away(): KrmError {
  return new KrmError("KRM_STORE_FAILED", "connect ECONNREFUSED 127.0.0.1:6379");
}
