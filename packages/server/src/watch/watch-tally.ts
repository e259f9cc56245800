import type { Scope } from "@krm/core";
import type { WatchEnd } from "./watch-end.ts";

/** How many watches there are, and how they have ended. */
export interface WatchCounts {
  readonly open: number;
  readonly ended: Readonly<Record<WatchEnd, number>>;
  /** Frames of events that were made. What many readers are told alike is made once. */
  readonly framed: number;
}

/** The watches of one scope, since the server was made. */
export interface ScopeWatches extends WatchCounts {
  readonly scope: Scope;
}

/** What has been counted of a scope and is over. */
export interface WatchTally {
  readonly scope: Scope;
  readonly ended: Record<WatchEnd, number>;
  framed: number;
}

export function emptyTally(scope: Scope): WatchTally {
  return { scope, ended: noneEnded(), framed: 0 };
}

/** All of them together. */
export function totalOf(counts: readonly WatchCounts[]): WatchCounts {
  const ended = noneEnded();
  let [open, framed] = [0, 0];
  for (const each of counts) {
    open += each.open;
    framed += each.framed;
    for (const how of Object.keys(ended) as WatchEnd[]) ended[how] += each.ended[how];
  }
  return { open, ended, framed };
}

function noneEnded(): Record<WatchEnd, number> {
  return { timeout: 0, left: 0, slow: 0, expired: 0, "too-new": 0, revoked: 0, stopped: 0, failed: 0 };
}
