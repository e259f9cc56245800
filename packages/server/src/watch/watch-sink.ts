/**
 * Where a watch writes: a connection, or what a test puts in its place. Never throws, also when nobody listens any more.
 */
export interface WatchSink {
  /** Bytes that were written and are still here. */
  readonly waiting: number;
  /** Aborted when the reader has left. */
  readonly closed: AbortSignal;
  write(bytes: Buffer): void;
  /** Resolves when nothing waits any more, or the reader has left. */
  drained(): Promise<void>;
  /** Ends the stream in good order, behind what was written. */
  end(): void;
  /** Cuts the connection, whatever waits. */
  destroy(): void;
}
