import { methodNotAllowed, serviceUnavailable } from "@krm/apimachinery";
import { type Clock, type ResourceType, type Scope, scopeId, untilAborted } from "@krm/core";
import { scopeName } from "../view/trust.ts";
import type { LogBounds } from "./event-log.ts";
import type { FollowedView } from "./followed-view.ts";
import type { FrameCache } from "./frame-cache.ts";
import { Frames } from "./frames.ts";
import { followedNoMore, notRead } from "./no-ring-view.ts";
import { expireAt, OpenWatches } from "./open-watches.ts";
import type { Ring } from "./ring.ts";
import type { RingView } from "./ring-view.ts";
import type { UnionOrder } from "./union-order.ts";
import { UnionView } from "./union-view.ts";
import type { Watcher } from "./watcher.ts";
import type { WatchRing } from "./watch-ring.ts";

/** One scope of a union, and what follows it. */
export interface UnionPart {
  readonly scope: Scope;
  readonly ring: WatchRing;
}

/** What following a union works with. */
export interface UnionRingOptions {
  readonly parts: readonly UnionPart[];
  /** Of all parts. */
  readonly resource: ResourceType;
  /** Nobody can have read the parts together before. */
  readonly isFirst: boolean;
  readonly order: UnionOrder;
  readonly clock: Clock;
  /** Shared by all of the hub. */
  readonly frames: FrameCache;
  readonly bounds?: LogBounds | undefined;
}

type State =
  | { readonly phase: "reading"; readonly settled: PromiseWithResolvers<void> }
  /** A scope has no view: the others are told as soon as a watch is content with them. */
  | { readonly phase: "partial" }
  /** Versions cannot be ordered. */
  | { readonly phase: "opaque" }
  | { readonly phase: "following"; readonly view: UnionView }
  | { readonly phase: "over" };

/**
 * What several scopes of one resource tell, as one. A scope without a view is left out, as in a list; when it comes to have
 * one, and when one of the others breaks off, every watch is told 410 and ends.
 */
export class UnionRing implements Ring {
  readonly #options: UnionRingOptions;
  readonly #frames: Frames;
  readonly #watches = new OpenWatches();
  readonly #leave: readonly (() => void)[];
  readonly #ids: ReadonlySet<string>;
  #state: State = { phase: "reading", settled: Promise.withResolvers<void>() };
  #isFirst: boolean;

  constructor(options: UnionRingOptions) {
    const { parts, resource, clock, frames, isFirst } = options;
    this.#options = options;
    this.#isFirst = isFirst;
    this.#ids = new Set(parts.map(({ scope }) => scopeId(scope)));
    this.#frames = new Frames(resource, clock, frames);
    this.#leave = parts.map(({ ring }) => ring.observe(() => this.#look()));
    this.#look();
  }

  get size(): number {
    return this.#watches.size;
  }

  get framed(): number {
    return this.#frames.made;
  }

  async settled(signal?: AbortSignal): Promise<void> {
    while (this.#state.phase === "reading") {
      const { promise } = this.#state.settled;
      await (signal === undefined ? promise : untilAborted(promise, signal));
    }
  }

  /**
   * Of the scopes that have a view: whether one that has none may be left out is the caller's to know.
   *
   * @throws StatusError 503 also until all scopes have come to one version, where the order asks for that; 405 where
   *   versions have no order.
   */
  begin(): RingView | undefined {
    if (this.#state.phase === "partial") this.#state = this.#stateOf(this.#views);
    const state = this.#state;
    const { resource } = this.#options;
    switch (state.phase) {
      case "reading":
        return undefined;
      case "partial":
        throw notRead(resource);
      case "opaque":
        throw methodNotAllowed(
          `versions of ${resource.resource} cannot be ordered; watch one namespace at a time: ${this.#namespaces}`,
        );
      case "following":
        if (!state.view.isSettled) throw this.#apart(state.view);
        return state.view;
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

  /** Whether all of these scopes are in it. */
  holds(scopes: readonly Scope[]): boolean {
    return scopes.every((scope) => this.#ids.has(scopeId(scope)));
  }

  /** Ends all watches with 410, and follows no more: there is more to be told than these scopes. */
  expire(): void {
    if (this.#state.phase === "following") this.#watches.breakOff(this.#state.view);
    this.stop();
  }

  stop(): void {
    const state = this.#state;
    if (state.phase === "over") return;
    this.#state = { phase: "over" };
    for (const leave of this.#leave) leave();
    if (state.phase === "reading") state.settled.resolve();
    if (state.phase === "following") state.view.flush();
    this.#watches.stop();
  }

  /** Something has changed in a scope. */
  #look(): void {
    const { parts } = this.#options;
    const before = this.#state;
    if (parts.some(({ ring }) => ring.isOver)) return this.stop();
    const views = this.#views;
    if (before.phase === "following") {
      if (before.view.isOf(views) && before.view.take()) return this.#watches.look();
      this.#watches.breakOff(before.view);
    }
    if (parts.some(({ ring }) => ring.isReading)) {
      if (before.phase !== "reading") this.#state = { phase: "reading", settled: Promise.withResolvers<void>() };
      return;
    }
    this.#state = views.length < parts.length ? { phase: "partial" } : this.#stateOf(views);
    if (before.phase === "reading") before.settled.resolve();
  }

  get #views(): readonly FollowedView[] {
    return this.#options.parts.map(({ ring }) => ring.following).filter((view) => view !== undefined);
  }

  #stateOf(views: readonly FollowedView[]): State {
    if (views.length === 0) return { phase: "partial" };
    if (views.some(({ comparable }) => !comparable)) return { phase: "opaque" };
    const { order, clock, bounds } = this.#options;
    const isFirst = this.#isFirst && views.every((view) => view.isFirst);
    this.#isFirst = false;
    return { phase: "following", view: new UnionView(views, { order, isFirst, clock, bounds, frames: this.#frames }) };
  }

  get #namespaces(): string {
    return this.#options.parts.map(({ scope }) => scope.namespace).join(", ");
  }

  #apart({ version }: UnionView): Error {
    const { parts } = this.#options;
    const last = parts.find(({ ring }) => ring.following?.version === version);
    const which = last === undefined ? "not all scopes" : scopeName(last.scope);
    return serviceUnavailable(
      `${which} stand at version ${version} still, and others went further before this server began to follow them`,
      5,
    );
  }
}
