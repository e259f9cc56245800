import type { KrmClientError } from "../error.ts";
import type { WatchResetReason } from "../watch/watch-event.ts";
import type { MirrorFreshness } from "./mirror-freshness.ts";

/** How a deletion came to be known. */
export interface MirrorDeletion {
  /**
   * The object vanished while nobody told: it is not in a new set, or has been replaced by another of its name. What is
   * told is its last known state, and no word of when it went.
   */
  readonly finalStateUnknown: boolean;
}

/**
 * What a {@link Mirror} tells. When a change is told, the mirror holds it already, and all that came with it. Whoever
 * replays `add`, `update` and `delete` has what the mirror has. What a listener throws is an uncaught exception; the mirror
 * goes on.
 */
export interface MirrorEvents<T> {
  add: [object: T];
  /** Within one life (uid) of the object: one that was deleted and made anew is a `delete`, then an `add`. */
  update: [object: T, previous: T];
  delete: [object: T, how: MirrorDeletion];
  /** The server answers a watch: at the beginning, and after each connection that broke or ended. */
  connect: [freshness: MirrorFreshness];
  /** A new set begins to come. The mirror shows the one before until it is complete. */
  reset: [reason: WatchResetReason];
  /** A set is complete, and what it changed has been told. */
  synced: [freshness: MirrorFreshness];
  /** The view may not be what the cluster holds any more; `freshness.warnings` say why. Not before the first `synced`. */
  stale: [freshness: MirrorFreshness];
  /** After `stale`: it is again. */
  fresh: [freshness: MirrorFreshness];
  /** A failure was got over: the mirror tries again after so many milliseconds. */
  retry: [error: KrmClientError, delayMs: number];
  /** The mirror has ended, and will not go on. What it holds stays, ever older. */
  error: [error: unknown];
}
