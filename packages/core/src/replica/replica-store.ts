import { KrmError } from "../errors.ts";
import { untilAborted } from "../internal/abort.ts";
import { type Scope, scopeId } from "../model/scope.ts";
import { type CallOptions, type Clock, systemClock } from "../ports/clock.ts";
import { type Logger, silentLogger } from "../ports/logger.ts";
import { DEFAULT_FEED_BOUNDS, type FeedBounds } from "../store/change-feed.ts";
import type { ScopeStore, Store, StoreManifest } from "../store/store.ts";
import { type BackoffOptions, backoffMs, STORE_BACKOFF } from "../stream/backoff.ts";
import { checkReplicaOptions } from "./check-replica-options.ts";
import { ReplicaScope } from "./replica-scope.ts";
import { ScopeFollower } from "./scope-follower.ts";
import { isFinal } from "../store/final-failure.ts";
import { SourceContact } from "./source-contact.ts";

/** What a ReplicaStore can be told. Only `source` is needed. */
export interface ReplicaStoreOptions {
  /** The store to follow. It stays the caller's to close. */
  readonly source: Store;
  /**
   * How often the source is asked for its scopes, and for what the roles of each report, in milliseconds. Who holds a
   * role counts as unknown when that has not been answered for three times as long. @default 1000
   */
  readonly askEveryMs?: number | undefined;
  /** What each scope keeps of its change feed, for readers that resume. */
  readonly feed?: FeedBounds | undefined;
  /** How long to wait before a source that fails is asked again. @default STORE_BACKOFF */
  readonly backoff?: BackoffOptions | undefined;
  readonly clock?: Clock | undefined;
  /** In [0, 1), for jitter. @default Math.random */
  readonly random?: (() => number) | undefined;
  readonly logger?: Logger | undefined;
}

/** Silence that is longer than so many turns is no coincidence. */
const TURNS_HEARD = 3;

/**
 * A copy in memory of all that another store holds, for readers: fed by the source's change feeds, so that reading
 * costs the source nothing. What one read gives is of one moment, a commit of the source at a time, and cursors are
 * the source's own: an entity tag, a page token or a place in the feed means the same to every replica.
 *
 * While the source cannot be reached, what was read is served on, and soon judged `stale`: `reports` then says that
 * nobody is known to hold a role. That goes too for a source that comes back empty, until it has a view again. Nothing
 * can be written to a replica: `acquire` and `ask` reject with `KRM_INVALID_ARGUMENT`.
 *
 * @example
 * await using replica = new ReplicaStore({ source: redis }).start();
 * const server = await createServer({ store: replica, listen: { host: "127.0.0.1", port: 8003 } });
 */
export class ReplicaStore implements Store {
  readonly manifest: StoreManifest;
  readonly #source: Store;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #logger: Logger;
  readonly #askEveryMs: number;
  readonly #feed: FeedBounds;
  readonly #backoff: BackoffOptions;
  readonly #contact: SourceContact;
  readonly #scopes = new Map<string, ReplicaScope>();
  /** By id, in the order in which the source first told of them. */
  readonly #known = new Map<string, Scope>();
  readonly #stop = new AbortController();
  readonly #closed = new AbortController();
  #running: Promise<void> | undefined;

  /** @throws KrmError `KRM_INVALID_ARGUMENT` for an option that is unknown, or that nothing can be made of. */
  constructor(options: ReplicaStoreOptions) {
    checkReplicaOptions(options);
    this.#source = options.source;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#logger = options.logger ?? silentLogger;
    this.#askEveryMs = options.askEveryMs ?? 1000;
    this.#feed = options.feed ?? DEFAULT_FEED_BOUNDS;
    this.#backoff = options.backoff ?? STORE_BACKOFF;
    this.#contact = new SourceContact(this.#clock, this.#logger, this.#silentMs);
    this.manifest = { durable: false, shared: false, batch: this.#source.manifest.batch };
  }

  get #silentMs(): number {
    return TURNS_HEARD * this.#askEveryMs;
  }

  /** Starts to follow the source. Goes on until the replica is disposed, or until the signal aborts; serves on then. */
  start(options: CallOptions = {}): this {
    if (this.#running !== undefined || this.#closed.signal.aborted)
      throw new KrmError("KRM_INVALID_ARGUMENT", "this replica was started, or closed, before");
    const { signal } = options;
    this.#running = this.#follow(
      signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]),
    );
    // Whoever awaits `done` gets the failure; until then it must not count as unhandled.
    this.#running.catch(() => {});
    return this;
  }

  /** Resolves when following has ended; rejects if that is because the source was closed, or can never be used. */
  get done(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /** Whether the source answered when it was last asked, and that lately. */
  get connected(): boolean {
    return this.#contact.connected;
  }

  /** When the source last answered: wall clock, epoch milliseconds. Undefined: never, so nothing is known. */
  get lastHeard(): number | undefined {
    return this.#contact.lastHeard;
  }

  /** Those that the source has told of, as far as is known by now; one that it tells of no more stays. */
  async scopes(options?: CallOptions): Promise<readonly Scope[]> {
    options?.signal?.throwIfAborted();
    if (this.#closed.signal.aborted) throw new KrmError("KRM_STORE_CLOSED", "the replica is closed");
    return [...this.#known.values()];
  }

  scope(scope: Scope): ScopeStore {
    return this.#scope(scope);
  }

  #scope(scope: Scope): ReplicaScope {
    const id = scopeId(scope);
    const known = this.#scopes.get(id);
    if (known !== undefined) return known;
    const made = new ReplicaScope(scope, {
      clock: this.#clock,
      feed: this.#feed,
      heldForMs: this.#silentMs,
      closed: this.#closed.signal,
    });
    this.#scopes.set(id, made);
    return made;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const all = AbortSignal.any([signal, over.signal]);
    const untilOver = async (work: Promise<void>): Promise<void> => {
      try {
        await work;
      } catch (error) {
        over.abort(error);
      }
    };
    const followers: Promise<void>[] = [];
    const begin = (scope: Scope): unknown => followers.push(untilOver(this.#follower(scope).run(all)));
    await untilOver(this.#findScopes(all, begin));
    await Promise.all(followers);
    over.signal.throwIfAborted();
  }

  /** Asks for the scopes for ever, and begins with each that is new. */
  async #findScopes(signal: AbortSignal, begin: (scope: Scope) => unknown): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        const scopes = await untilAborted(this.#source.scopes({ signal }), signal);
        this.#contact.heard();
        failures = 0;
        for (const scope of scopes) {
          const id = scopeId(scope);
          if (this.#known.has(id)) continue;
          this.#known.set(id, scope);
          begin(scope);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (isFinal(error)) throw error;
        this.#contact.failed(error);
        failures++;
      }
      const pause = failures === 0 ? this.#askEveryMs : backoffMs(failures, this.#random(), undefined, this.#backoff);
      await this.#clock.sleep(pause, { signal }).catch(() => {});
    }
  }

  #follower(scope: Scope): ScopeFollower {
    return new ScopeFollower({
      source: this.#source.scope(scope),
      into: this.#scope(scope),
      contact: this.#contact,
      clock: this.#clock,
      logger: this.#logger,
      random: this.#random,
      backoff: this.#backoff,
      askEveryMs: this.#askEveryMs,
    });
  }

  /** Ends following, and whoever reads the feeds gets `KRM_STORE_CLOSED`. The source is not touched. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    if (!this.#closed.signal.aborted) this.#closed.abort(new KrmError("KRM_STORE_CLOSED", "the replica is closed"));
    await this.#running?.catch(() => {});
  }
}
