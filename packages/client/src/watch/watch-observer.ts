import type { Freshness } from "@krm/protocol";
import type { KrmClientError } from "../error.ts";

/** Hears of a watch what its events do not say. Must not throw. */
export interface WatchObserver {
  /** The server began to answer. `isInitial`: with all that there is, not with what follows a version. */
  opened?(freshness: Freshness, isInitial: boolean): void;
  /** A connection is over, or could not be had, and there may be another. Without `trouble`: it ended in good order. */
  closed?(trouble: KrmClientError | undefined): void;
  /** The server's view last heard from its source then. Told only by who was asked to tell. */
  contact?(at: Date): void;
}
