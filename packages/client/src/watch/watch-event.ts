import type { Freshness } from "@krm/protocol";

/**
 * Why a watch begins anew with all that there is.
 *
 * - `start`: it has just begun.
 * - `expired`: the server no longer knows what followed the last version that was told (410), or its view began anew.
 * - `interrupted`: the connection broke before the set before was complete; its objects come in no order, so that there
 *   is no version to go on from.
 * - `silent`: two connections in a row said nothing at all about what followed: the server may never have held that
 *   version (a cluster that was restored).
 */
export type WatchResetReason = "start" | "expired" | "interrupted" | "silent";

/** What was told before counts no more: until `synced`, all that there is comes as a new set. */
export interface WatchReset {
  readonly type: "reset";
  readonly reason: WatchResetReason;
}

/** An object came, changed or went. With a selector: began to match it, changed, or does not match any more. */
export interface WatchChange<T> {
  readonly type: "added" | "modified" | "deleted";
  /** Of a deletion the last state that is known. */
  readonly object: T;
  /** The object's own, to go on from. Not in order within the set after a `reset`. */
  readonly resourceVersion: string;
}

/** The set that began with the last `reset` is complete: what was not in it is gone. */
export interface WatchSynced {
  readonly type: "synced";
  readonly resourceVersion: string;
  /** How far the view could be trusted when this connection began. */
  readonly freshness: Freshness;
}

/** Everything up to this version has been told. About one a minute, as a sign of life and a place to go on from. */
export interface WatchBookmark {
  readonly type: "bookmark";
  readonly resourceVersion: string;
}

/** What {@link KrmClient.watch} tells. Tell them apart by `type`. */
export type WatchEvent<T> = WatchReset | WatchChange<T> | WatchSynced | WatchBookmark;
