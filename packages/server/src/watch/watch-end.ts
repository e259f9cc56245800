/** How a watch ended. */
export type WatchEnd =
  /** At the time that it was to end. */
  | "timeout"
  /** The reader has left. */
  | "left"
  /** Cut: the reader took too little for too long. */
  | "slow"
  /** What the reader has is too old, or of another history: it was told 410. */
  | "expired"
  /** The view has not become as new as was asked for: the reader was told 504. */
  | "too-new"
  /** The reader may not watch any more: it was told 401 or 403. */
  | "revoked"
  /** The server ends it, or cannot find out whether the reader still may watch. */
  | "stopped"
  /** Cut: something is wrong with the server itself. */
  | "failed";
