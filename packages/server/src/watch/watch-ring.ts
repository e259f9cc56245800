import {
  backoffMs,
  type Clock,
  type FeedBatch,
  type FeedEntry,
  isFinal,
  type Logger,
  newestResourceVersion,
  type ResourceVersion,
  type Scope,
  type ScopeStore,
  scopeId,
  STORE_BACKOFF,
  untilAborted,
  type ViewRead,
} from "@krm/core";
import type { LogBounds } from "./event-log.ts";
import { FollowedView } from "./followed-view.ts";
import type { FrameCache } from "./frame-cache.ts";
import { Frames } from "./frames.ts";
import { followedNoMore, notRead } from "./no-ring-view.ts";
import { expireAt, OpenWatches } from "./open-watches.ts";
import type { Ring } from "./ring.ts";
import type { RingView } from "./ring-view.ts";
import type { Watcher } from "./watcher.ts";

/** What following a scope works with. */
export interface WatchRingOptions {
  readonly store: ScopeStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** Shared by all of the hub. */
  readonly frames: FrameCache;
  readonly bounds?: LogBounds | undefined;
}

type State =
  | { readonly phase: "reading"; readonly settled: PromiseWithResolvers<void> }
  /** There is no view yet. */
  | { readonly phase: "syncing" }
  | { readonly phase: "following"; readonly view: FollowedView }
  | { readonly phase: "over" };

/**
 * One scope's change feed, read once for all its watches. Where it breaks off (a reset, another history, a view that is
 * lost), every watch is told 410 and ends: there is never a gap that nobody knows of.
 */
export class WatchRing implements Ring {
  readonly #options: WatchRingOptions;
  readonly #frames: Frames;
  readonly #watches = new OpenWatches();
  readonly #observers = new Set<() => void>();
  readonly #stop = new AbortController();
  #state: State = { phase: "reading", settled: Promise.withResolvers<void>() };
  #formerTold: ResourceVersion | undefined;
  /** The feed's cursor at the first view that the store ever held: there was none when following began. */
  #firstCursor: string | undefined;

  constructor(options: WatchRingOptions) {
    this.#options = options;
    this.#frames = new Frames(options.store.scope.resource, options.clock, options.frames);
  }

  get scope(): Scope {
    return this.#options.store.scope;
  }

  get size(): number {
    return this.#watches.size;
  }

  get framed(): number {
    return this.#frames.made;
  }

  /** Follows until it is stopped, or the store is closed. Never rejects. */
  async run(): Promise<void> {
    const { clock, logger, random, store } = this.#options;
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#session(signal, () => (failures = 0));
      } catch (error) {
        if (signal.aborted) break;
        if (isFinal(error)) {
          this.#end();
          return;
        }
        failures++;
        this.#unreadable();
        logger.warn({ err: error, scope: scopeId(store.scope) }, "could not follow the view for watches; trying again");
        await clock.sleep(backoffMs(failures, random(), undefined, STORE_BACKOFF), { signal }).catch(() => {});
      }
    }
    this.#end();
  }

  stop(): void {
    this.#stop.abort();
    this.#end();
  }

  /** Whether it is not known yet if there is a view. */
  get isReading(): boolean {
    return this.#state.phase === "reading";
  }

  /** Whether nothing is followed any more. */
  get isOver(): boolean {
    return this.#state.phase === "over";
  }

  /** The view, where there is one. */
  get following(): FollowedView | undefined {
    return this.#state.phase === "following" ? this.#state.view : undefined;
  }

  /** `observer` is called after each commit, and when there is another view or none; it must not throw. Returns how to leave. */
  observe(observer: () => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  #changed(): void {
    for (const observer of this.#observers) observer();
  }

  /** Ends the watches of all namespaces with 410: there is more to be told than this scope. */
  expireWhole(): void {
    const state = this.#state;
    if (state.phase === "following") this.#watches.breakOffWhole(state.view);
  }

  async settled(signal?: AbortSignal): Promise<void> {
    while (this.#state.phase === "reading") {
      const { promise } = this.#state.settled;
      await (signal === undefined ? promise : untilAborted(promise, signal));
    }
  }

  begin(): RingView | undefined {
    const state = this.#state;
    switch (state.phase) {
      case "reading":
        return undefined;
      case "following":
        return state.view;
      case "syncing":
        throw notRead(this.#options.store.scope.resource);
      case "over":
        throw followedNoMore();
      default:
        return state satisfies never;
    }
  }

  add(watcher: Watcher, view: RingView): void {
    const state = this.#state;
    if (state.phase === "over") return watcher.finish("stopped");
    if (state.phase !== "following" || state.view !== view) return expireAt(watcher, view);
    this.#watches.begin(watcher);
  }

  async #session(signal: AbortSignal, heard: () => void): Promise<void> {
    const { store } = this.#options;
    let since = this.#state.phase === "following" ? this.#state.view.cursor : undefined;
    if (since === undefined) {
      const read = await untilAborted(store.read({}, { signal }), signal);
      this.#adopt(read);
      since = read.meta.cursor;
    }
    heard();
    let pending: FeedEntry[] = [];
    for await (const batch of store.changes({ since, signal })) {
      heard();
      if (batch.type === "changes") for (const entry of batch.entries) pending.push(entry);
      if (!this.#take(batch, pending)) return this.#reread();
      if (batch.type === "changes" && batch.meta !== undefined) pending = [];
    }
    signal.throwIfAborted();
    throw new Error("the store ended the change feed");
  }

  #adopt(read: ViewRead): void {
    const { clock, bounds } = this.#options;
    const before = this.#state;
    if (before.phase === "over") return;
    const { version } = read.meta;
    const isFirst = read.meta.cursor === this.#firstCursor;
    this.#firstCursor = undefined;
    const options = { clock, bounds, formerTold: this.#formerTold, isFirst };
    this.#state =
      version === undefined
        ? { phase: "syncing" }
        : { phase: "following", view: new FollowedView(read, version, this.#frames, options) };
    if (before.phase === "reading") before.settled.resolve();
    this.#changed();
  }

  /** Who waits for the view to be read does not wait for a store that fails. */
  #unreadable(): void {
    const before = this.#state;
    if (before.phase !== "reading") return;
    this.#state = { phase: "syncing" };
    before.settled.resolve();
    this.#changed();
  }

  /** Takes a batch; false: the view has to be read again. */
  #take(batch: FeedBatch, pending: readonly FeedEntry[]): boolean {
    const state = this.#state;
    if (state.phase === "syncing") this.#firstCursor = batch.type === "reset" ? batch.cursor : batch.meta?.cursor;
    if (batch.type === "reset") return false;
    const { meta } = batch;
    if (state.phase !== "following") return meta?.version === undefined;
    if (meta === undefined) return true;
    if (!state.view.goesOnWith(meta)) return false;
    state.view.apply(pending, meta);
    this.#watches.look();
    this.#changed();
    return true;
  }

  /** What was told cannot be gone on from. */
  #reread(): void {
    const state = this.#state;
    if (state.phase === "over") return;
    this.#state = { phase: "reading", settled: Promise.withResolvers<void>() };
    if (state.phase !== "following") return;
    const { view } = state;
    if (view.comparable) this.#formerTold = newestResourceVersion(this.#formerTold, view.log.told as ResourceVersion);
    this.#watches.breakOff(view);
    this.#changed();
  }

  #end(): void {
    const state = this.#state;
    if (state.phase === "over") return;
    this.#state = { phase: "over" };
    if (state.phase === "reading") state.settled.resolve();
    if (state.phase === "following") state.view.flush();
    this.#watches.stop();
    this.#changed();
  }
}
