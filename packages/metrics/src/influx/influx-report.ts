import type { RefusalReason } from "./exchange/refusal.ts";

/** An error as a report tells it. */
export interface InfluxErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/** How an `InfluxWriter` stands: counts of lines since it was made, and what there is now. Times are epoch milliseconds. */
export interface InfluxReport {
  /** Lines that the database has acknowledged. */
  readonly written: number;
  /** Lines that it will never take, by why; as far as it told how many. */
  readonly refused: Readonly<Record<RefusalReason, number>>;
  /** Lines given up for want of room, in memory or on disk, and those of segments that could not be read. */
  readonly dropped: number;
  /** Lines sent again after a failure, each time counted. */
  readonly retried: number;
  /** Lines that are only in memory, those in a request included. */
  readonly waiting: { readonly lines: number; readonly bytes: number; readonly oldestAt: number | undefined };
  /** Lines on disk. */
  readonly spilled: {
    readonly segments: number;
    readonly lines: number;
    /** Of the files. */
    readonly bytes: number;
    readonly oldestAt: number | undefined;
    /** Why nothing can be put there now. */
    readonly error: InfluxErrorReport | undefined;
  };
  /** Since when nothing can be written, and the latest reason; undefined: the latest exchange went well, or there was none. */
  readonly failing: { readonly since: number; readonly error: InfluxErrorReport } | undefined;
  readonly lastWrittenAt: number | undefined;
}
