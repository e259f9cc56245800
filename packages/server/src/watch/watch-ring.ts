import { serviceUnavailable } from "@krm/apimachinery";
import {
  backoffMs,
  type Clock,
  type FeedBatch,
  type FeedEntry,
  isFinal,
  type Logger,
  newestResourceVersion,
  resourceName,
  type ResourceVersion,
  type Scope,
  type ScopeStore,
  scopeId,
  STORE_BACKOFF,
  untilAborted,
  type ViewRead,
} from "@krm/core";
import { causedError } from "../answer/caused-error.ts";
import type { LogBounds } from "./event-log.ts";
import { FollowedView } from "./followed-view.ts";
import { Frames } from "./frames.ts";
import type { RingView } from "./ring-view.ts";
import type { Watcher } from "./watcher.ts";

/** What following a scope works with. */
export interface WatchRingOptions {
  readonly store: ScopeStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
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
export class WatchRing {
  readonly #options: WatchRingOptions;
  readonly #frames: Frames;
  readonly #watchers = new Set<Watcher>();
  readonly #stop = new AbortController();
  #state: State = { phase: "reading", settled: Promise.withResolvers<void>() };
  #formerTold: ResourceVersion | undefined;

  constructor(options: WatchRingOptions) {
    this.#options = options;
    this.#frames = new Frames(options.store.scope.resource, options.clock);
  }

  get scope(): Scope {
    return this.#options.store.scope;
  }

  /** How many watches are open. */
  get size(): number {
    return this.#watchers.size;
  }

  /** How many frames of events were made. */
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

  /** Ends all watches in good order, and follows no more. */
  stop(): void {
    this.#stop.abort();
    this.#end();
  }

  /** Resolves when it is known whether there is a view. */
  async settled(signal?: AbortSignal): Promise<void> {
    while (this.#state.phase === "reading") {
      const { promise } = this.#state.settled;
      await (signal === undefined ? promise : untilAborted(promise, signal));
    }
  }

  /**
   * The view that watches start from; undefined: it is being read. A watch of it must be added in the same turn.
   *
   * @throws StatusError 503 while there is no view, or nothing is followed any more.
   */
  get view(): RingView | undefined {
    const state = this.#state;
    switch (state.phase) {
      case "reading":
        return undefined;
      case "following":
        return state.view;
      case "syncing":
        throw this.#notSynced();
      case "over":
        throw serviceUnavailable("the server is shutting down, or its store is closed", 1);
      default:
        return state satisfies never;
    }
  }

  /** Begins a watch of a view. One that is of a view before this one ends: nobody would tell it anything. */
  add(watcher: Watcher, view: RingView): void {
    const state = this.#state;
    if (state.phase === "over") return watcher.finish("stopped");
    if (state.phase !== "following" || state.view !== view) return watcher.expire(brokenOff(view));
    this.#watchers.add(watcher);
    void watcher.done.then(() => this.#watchers.delete(watcher));
    watcher.start();
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
    const options = { clock, bounds, formerTold: this.#formerTold };
    this.#state =
      version === undefined
        ? { phase: "syncing" }
        : { phase: "following", view: new FollowedView(read, version, this.#frames, options) };
    if (before.phase === "reading") before.settled.resolve();
  }

  /** Who waits for the view to be read does not wait for a store that fails. */
  #unreadable(): void {
    const before = this.#state;
    if (before.phase !== "reading") return;
    this.#state = { phase: "syncing" };
    before.settled.resolve();
  }

  /** Takes a batch; false: the view has to be read again. */
  #take(batch: FeedBatch, pending: readonly FeedEntry[]): boolean {
    const state = this.#state;
    if (batch.type === "reset") return false;
    const { meta } = batch;
    if (state.phase !== "following") return meta?.version === undefined;
    if (meta === undefined) return true;
    if (!state.view.goesOnWith(meta)) return false;
    state.view.apply(pending, meta);
    for (const watcher of this.#watchers) if (!watcher.isLive || watcher.tellsContact) watcher.look();
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
    view.audiences.discard();
    for (const watcher of this.#watchers) watcher.expire(brokenOff(view));
  }

  #end(): void {
    const state = this.#state;
    if (state.phase === "over") return;
    this.#state = { phase: "over" };
    if (state.phase === "reading") state.settled.resolve();
    if (state.phase === "following") state.view.flush();
    for (const watcher of this.#watchers) watcher.finish("stopped");
  }

  #notSynced(): Error {
    const { resource } = this.#options.store.scope;
    return causedError("ViewSyncing", {
      code: 503,
      message: `the view of ${resourceName(resource)} has not been read from the cluster yet`,
      kind: resource.resource,
      retryAfterSeconds: 1,
    });
  }
}

function brokenOff({ version }: RingView): string {
  return `too old resource version: the watch was at ${version}, and what followed is not known here`;
}
