/** How much may wait for one reader, and for how long. */
export interface ReaderBounds {
  /** So much may wait at a connection before no more is written to it. @default 1 MiB */
  readonly windowBytes: number;
  /** A connection that takes nothing for this long is cut. @default 60_000 */
  readonly stallMs: number;
}

/** The values that the fields of {@link ReaderBounds} name. */
export const DEFAULT_READER_BOUNDS: ReaderBounds = { windowBytes: 1024 * 1024, stallMs: 60_000 };
