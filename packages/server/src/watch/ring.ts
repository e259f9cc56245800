import type { RingView } from "./ring-view.ts";
import type { Watcher } from "./watcher.ts";

/** What is followed for watches: a scope, or several whose union is watched. */
export interface Ring {
  /** How many watches are open. */
  readonly size: number;
  /** How many frames of events were made. */
  readonly framed: number;
  /**
   * The view for a watch to start from, which must be added in the same turn; undefined: it is being read. A union without
   * some of its scopes is made here.
   *
   * @throws StatusError 503 while there is no view, or nothing is followed any more.
   */
  begin(): RingView | undefined;
  /** Resolves when it is known whether there is a view. */
  settled(signal?: AbortSignal): Promise<void>;
  /** Begins a watch of a view. One that is of a view before this one ends: nobody would tell it anything. */
  add(watcher: Watcher, view: RingView): void;
  /** Ends all watches in good order, and follows no more. */
  stop(): void;
}
