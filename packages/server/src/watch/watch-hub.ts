import { type FieldSelector, type ListOptions, type ObjectView, StatusError } from "@krm/apimachinery";
import {
  type Clock,
  type Logger,
  resourceId,
  type Scope,
  scopeId,
  silentLogger,
  type Store,
  systemClock,
} from "@krm/core";
import { FieldCache } from "../selection/field-cache.ts";
import { compile, lookUps } from "../selection/selection.ts";
import type { Scopes } from "../view/catalog.ts";
import type { Interest } from "./audiences.ts";
import { CatchUpQueue } from "./catch-up-queue.ts";
import type { LogBounds } from "./event-log.ts";
import { FrameCache } from "./frame-cache.ts";
import { DEFAULT_READER_BOUNDS, type ReaderBounds } from "./reader-bounds.ts";
import type { Ring } from "./ring.ts";
import { shapeOf } from "./shape.ts";
import { unionOrder } from "./union-order.ts";
import { UnionRing } from "./union-ring.ts";
import { emptyTally, type ScopeWatches, totalOf, type WatchCounts, type WatchTally } from "./watch-tally.ts";
import type { WatchEnd } from "./watch-end.ts";
import { WatchRing, type WatchRingOptions } from "./watch-ring.ts";
import type { WatchSink } from "./watch-sink.ts";
import { Watcher } from "./watcher.ts";

/** Upstream `minRequestTimeout`: a watch that names no time lasts once to twice as long. */
const MIN_TIMEOUT_MS = 1_800_000;
/** For how long a scope that nobody watches is followed on, so that who comes back can go on. */
const LINGER_MS = 300_000;

/** What watches are served from. Only `store` is needed. */
export interface WatchHubOptions {
  readonly store: Store;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** In [0, 1), for the time that a watch lasts. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** The values of fields that lists have read already. @default a cache of its own */
  readonly fields?: FieldCache | undefined;
  /** What of each scope is kept for those who resume. */
  readonly log?: LogBounds | undefined;
  /** How much may wait for one reader, and for how long. */
  readonly reader?: ReaderBounds | undefined;
}

/** One watch that is asked for. */
export interface WatchQuery {
  /** One, or several of one resource, whose union is watched. */
  readonly scopes: Scopes;
  /** Undefined: all namespaces of the scopes. */
  readonly namespace: string | undefined;
  readonly options: ListOptions;
  /** Of the options, read for the resource. */
  readonly fields: FieldSelector;
  readonly view: ObjectView;
  /** Bookmarks are to tell when the view last heard from its source. @default false */
  readonly tellsContact?: boolean | undefined;
}

/** A scope that is followed. */
interface Followed {
  readonly ring: WatchRing;
  /** Settles when it is followed no more. */
  readonly running: Promise<void>;
  /** Watches that are open, or about to be. */
  users: number;
  /** When the last of them ended, or a list was read: on the monotonic clock. */
  usedAt: number;
  /** Aborted when somebody uses it again. */
  unused: AbortController | undefined;
}

/**
 * All watches of one server, by scope: each scope's change feed is read once, from the first watch on (or the first list,
 * see {@link WatchHub.prepare}) until some time after the last. What several scopes tell together, unions, is made of that,
 * and followed to the end: who begins to follow late cannot go on from a list until all scopes have told something.
 */
export class WatchHub implements AsyncDisposable {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #random: () => number;
  readonly #fields: FieldCache;
  readonly #options: WatchHubOptions;
  readonly #rings = new Map<string, Followed>();
  /** By resource. */
  readonly #unions = new Map<string, UnionRing>();
  readonly #tallies = new Map<string, WatchTally>();
  readonly #queue = new CatchUpQueue();
  /** What all rings work with. */
  readonly #shared: Omit<WatchRingOptions, "store">;
  #isClosed = false;

  constructor(options: WatchHubOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#random = options.random ?? Math.random;
    this.#fields = options.fields ?? new FieldCache();
    const { log: bounds } = options;
    const [clock, logger, random] = [this.#clock, this.#logger, this.#random];
    this.#shared = { clock, logger, random, bounds, frames: new FrameCache() };
  }

  /** Of all scopes together. */
  get counts(): WatchCounts {
    return totalOf(this.byScope);
  }

  /** Of each scope that was ever followed. A union counts as the scope of all namespaces. */
  get byScope(): readonly ScopeWatches[] {
    return [...this.#tallies].map(([id, { scope, ended, framed }]) => {
      const union = scope.namespace === undefined ? this.#unions.get(resourceId(scope.resource)) : undefined;
      const ring: Ring | undefined = this.#rings.get(id)?.ring ?? union;
      return { scope, open: ring?.size ?? 0, ended: { ...ended }, framed: framed + (ring?.framed ?? 0) };
    });
  }

  /**
   * Follows some scopes of one resource from now on. To be awaited before a list is read of them, so that a watch can go on
   * from its version. Where there is no view yet that is no error.
   */
  async prepare(scopes: Scopes, signal?: AbortSignal): Promise<void> {
    const known = scopes.length === 1 ? this.#rings.get(scopeId(scopes[0])) : undefined;
    if (known === undefined) return this.#with(scopes, async (ring) => ring.settled(signal));
    known.usedAt = this.#clock.monotonic();
    await known.ring.settled(signal);
  }

  /** Follows the union of several scopes of one resource from now on, to the end; of one scope: nothing. */
  follow(scopes: Scopes): void {
    if (scopes.length > 1 && !this.#isClosed) this.#union(scopes);
  }

  /**
   * Serves one watch. `begin` is called when all is checked and the stream can begin; what is thrown before is to be
   * answered as an error of HTTP. Resolves when the watch has ended; aborting the signal ends it in good order, and where
   * the reason is a StatusError 401 or 403 the reader is told that. Of several scopes, those that have no view are left
   * out: whether they may be is for the caller to know.
   *
   * @throws StatusError 406 for a representation of lists, 503 while there is no view, 405 for the union of scopes whose
   *   versions cannot be ordered.
   */
  async open(query: WatchQuery, begin: () => WatchSink, signal?: AbortSignal): Promise<WatchEnd> {
    const { options } = query;
    const shape = shapeOf(query.view);
    const interest = this.#interest(query);
    signal?.throwIfAborted();
    return this.#with(query.scopes, async (ring) => {
      let view = ring.begin();
      // Nothing may be awaited between this and the watch's place in the ring.
      while (view === undefined) {
        await ring.settled(signal);
        signal?.throwIfAborted();
        view = ring.begin();
      }
      const watcher = new Watcher({
        ring: view,
        interest,
        isWhole: query.namespace === undefined,
        shape,
        options,
        timeoutMs: this.#timeoutMs(options.timeoutSeconds),
        tellsContact: query.tellsContact === true && options.allowWatchBookmarks,
        sink: begin(),
        clock: this.#clock,
        bounds: this.#options.reader ?? DEFAULT_READER_BOUNDS,
        queue: this.#queue,
      });
      const stop = (): void => stopFor(signal?.reason, watcher);
      signal?.addEventListener("abort", stop, { once: true });
      ring.add(watcher, view);
      if (signal?.aborted === true) stop();
      const end = await watcher.done;
      signal?.removeEventListener("abort", stop);
      const scope = whole(query.scopes);
      this.#tally(scope).ended[end]++;
      if (end === "failed") this.#logger.error({ err: watcher.failure, scope: scopeId(scope) }, "a watch failed");
      return end;
    });
  }

  /** Ends all watches in good order. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#rings.values()];
    for (const union of this.#unions.values()) union.stop();
    for (const { ring, unused } of all) {
      unused?.abort();
      ring.stop();
    }
    await Promise.all(all.map(({ running }) => running));
  }

  #interest({ namespace, options, fields, scopes }: WatchQuery): Interest {
    const { labels } = options;
    const [scope, ...others] = scopes;
    const selection = { labels, fields };
    return {
      id: JSON.stringify([labels.toString(), fields.toString()]),
      // A scope of one namespace holds no others.
      namespace: others.length === 0 && namespace === scope.namespace ? undefined : namespace,
      wanted: compile(selection, scope.resource, this.#fields),
      where: lookUps(selection, scope.resource),
    };
  }

  #timeoutMs(seconds: number | undefined): number {
    return seconds === undefined || seconds <= 0 ? MIN_TIMEOUT_MS * (1 + this.#random()) : seconds * 1000;
  }

  async #with<T>(scopes: Scopes, use: (ring: Ring) => Promise<T>): Promise<T> {
    const [scope, ...others] = scopes;
    if (others.length > 0) return use(this.#union(scopes));
    const { id, entry } = this.#use(scope);
    try {
      return await use(entry.ring);
    } finally {
      if (--entry.users === 0 && this.#rings.get(id) === entry && !this.#isClosed) {
        const unused = new AbortController();
        entry.unused = unused;
        entry.usedAt = this.#clock.monotonic();
        void this.#linger(id, entry, unused.signal);
      }
    }
  }

  #use(scope: Scope): { readonly id: string; readonly entry: Followed } {
    const id = scopeId(scope);
    const entry = this.#rings.get(id) ?? this.#make(scope, id);
    entry.users++;
    entry.unused?.abort();
    entry.unused = undefined;
    return { id, entry };
  }

  #union(scopes: Scopes): UnionRing {
    const [{ resource }] = scopes;
    const known = this.#unions.get(resourceId(resource));
    if (known?.holds(scopes) === true) return known;
    const isFirst = scopes.every((scope) => !this.#rings.has(scopeId(scope)));
    const parts = scopes.map((scope) => ({ scope, ring: this.#use(scope).entry.ring }));
    // A scope has come: who watched all that there was before is not told of it.
    known?.expire();
    for (const { ring } of parts) ring.expireWhole();
    const order = unionOrder(this.#store);
    const ring = new UnionRing({ parts, resource, order, isFirst, ...this.#shared });
    this.#tally(whole(scopes)).framed += known?.framed ?? 0;
    this.#unions.set(resourceId(resource), ring);
    return ring;
  }

  #make(scope: Scope, id: string): Followed {
    const ring = new WatchRing({ store: this.#store.scope(scope), ...this.#shared });
    const usedAt = this.#clock.monotonic();
    const entry: Followed = { ring, users: 0, usedAt, unused: undefined, running: ring.run() };
    if (this.#isClosed) ring.stop();
    this.#tally(scope);
    this.#rings.set(id, entry);
    return entry;
  }

  #tally(scope: Scope): WatchTally {
    const id = scopeId(scope);
    const tally = this.#tallies.get(id) ?? emptyTally(scope);
    this.#tallies.set(id, tally);
    return tally;
  }

  async #linger(id: string, entry: Followed, signal: AbortSignal): Promise<void> {
    const { ring } = entry;
    try {
      for (let left = LINGER_MS; left > 0; left = entry.usedAt + LINGER_MS - this.#clock.monotonic())
        await this.#clock.sleep(left, { signal });
    } catch {
      return;
    }
    // Somebody may have come between the end of the sleep and this.
    if (signal.aborted) return;
    this.#rings.delete(id);
    this.#tally(ring.scope).framed += ring.framed;
    ring.stop();
  }
}

/** What some scopes are together. */
function whole([scope, ...others]: Scopes): Scope {
  return others.length === 0 ? scope : { resource: scope.resource };
}

function stopFor(reason: unknown, watcher: Watcher): void {
  const isRevoked = reason instanceof StatusError && (reason.status.code === 401 || reason.status.code === 403);
  if (isRevoked) watcher.refuse("revoked", reason.status);
  else watcher.finish("stopped");
}
