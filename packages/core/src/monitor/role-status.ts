import type { KrmErrorCode } from "../errors.ts";
import type { VerificationLedger } from "../merge/ledger.ts";
import type { VerificationMode } from "../merge/merge-input.ts";
import type { ClockOffset } from "../model/clock-offset.ts";
import type { EventLoopDelay } from "../ports/event-loop.ts";

/** The roles of a scope: who watches, who verifies, who merges both into the view. */
export const ROLES = ["streamer", "verifier", "merger"] as const;

/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** An error as status pages tell it. */
export interface ErrorReport {
  readonly code: KrmErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  /** HTTP status, where the API server gave one. */
  readonly status: number | undefined;
}

/** Why the stream is known to have a gap (law 7). */
export const DESYNC_CAUSES = [
  "expired",
  "undecodable",
  "overflow",
  "incomplete-settlement",
  "epoch-reset",
  "store-lost",
] as const;

/**
 * One of {@link DESYNC_CAUSES}: a 410, an unreadable frame, a full queue, a settlement that lacked a body, a new history,
 * a store that lost what was written to it (a flush, an eviction, a failover).
 */
export type DesyncCause = (typeof DESYNC_CAUSES)[number];

/** Why a role waits for someone to mend something; it probes again by itself. */
export type BlockedReason = "unauthorized" | "forbidden" | "gone";

/** Why a resource is listed now and then instead of watched: its versions cannot be ordered, or it has no watch. */
export type PollingReason = "incomparable" | "not-watchable";

/** What a role is doing now. `since` is wall clock, epoch milliseconds. */
export type RolePhase =
  | { readonly phase: "idle"; readonly since: number }
  | { readonly phase: "listing"; readonly since: number }
  | { readonly phase: "connecting"; readonly since: number }
  | { readonly phase: "watching"; readonly since: number }
  | { readonly phase: "waiting"; readonly since: number; readonly until: number }
  | { readonly phase: "polling"; readonly since: number; readonly until: number; readonly reason: PollingReason }
  | {
      readonly phase: "backing-off";
      readonly since: number;
      readonly until: number;
      readonly attempt: number;
      readonly error: ErrorReport;
    }
  | {
      readonly phase: "blocked";
      readonly since: number;
      readonly until: number;
      readonly reason: BlockedReason;
      readonly error: ErrorReport;
    }
  | { readonly phase: "stopped"; readonly since: number };

/**
 * How a list of the streamer was read: as the first events of the watch that then goes on (KEP-3157), or by a LIST
 * before the watch.
 */
export type InitialRead = "streaming" | "list";

/** How far a running list has come. */
export interface ListProgress {
  readonly pages: number;
  readonly objects: number;
  readonly bytes: number;
  /** Objects in all, where the server told. */
  readonly expected: number | undefined;
}

/** How the streamer is. Counters are of this process, since its start. */
export interface StreamerReport {
  readonly state: RolePhase;
  readonly progress: ListProgress | undefined;
  /** Wall clock of the last bytes from the API server, those of lists included; what readers are told is `ViewMeta.lastContact`. */
  readonly lastContact: number | undefined;
  /** Events received (ADDED, MODIFIED, DELETED). */
  readonly events: number;
  readonly bookmarks: number;
  readonly lists: number;
  /** How the last list was read; undefined: there was none. */
  readonly initial: InitialRead | undefined;
  readonly watches: number;
  /** Wall clock of the last news: an event, a bookmark with a newer version, or a list. Undefined: there was none. */
  readonly silentSince: number | undefined;
  /** Watches that were silent while a second one brought news, and were replaced by it. */
  readonly stalls: number;
  /** Times that the view was emptied because discovery no longer names the resource. */
  readonly emptied: number;
  readonly failures: number;
  /** Known gaps, each followed by a resync. */
  readonly desyncs: Readonly<Record<DesyncCause, number>>;
  /** How far the API server's clock is off this process's. Not known, or a report of an older version: left out. */
  readonly clock?: ClockOffset | undefined;
  /** How late timers fired in this process, as `EventLoopLag` tells. Left out as `clock` is. */
  readonly eventLoop?: EventLoopDelay | undefined;
}

/** How the verifier is. Counters are of this process, since its start. */
export interface VerifierReport {
  readonly state: RolePhase;
  readonly progress: ListProgress | undefined;
  readonly lastContact: number | undefined;
  /** Snapshots handed over. */
  readonly snapshots: number;
  /** How the last one was listed. */
  readonly mode: VerificationMode | undefined;
  /** Requests to the API server, and those among them that asked for one object by name. */
  readonly requests: number;
  readonly asked: number;
  readonly failures: number;
  /** As in {@link StreamerReport}. */
  readonly clock?: ClockOffset | undefined;
}

/** How the merger is, and what verification has found. */
export interface MergerReport extends VerificationLedger {
  /** Observations that came at or below the horizon, already settled. Of this process, since its start. */
  readonly late: number;
  /** Inputs that wait to be merged and written. */
  readonly queued: number;
  /** Writes to the store fail, since then (wall clock, epoch milliseconds), and why. */
  readonly failing: { readonly since: number; readonly error: ErrorReport } | undefined;
}

/** What each role reports of itself through the store. */
export interface RoleReports {
  readonly streamer: StreamerReport;
  readonly verifier: VerifierReport;
  readonly merger: MergerReport;
}

/** The newest report of each role that ever told one. */
export interface ScopeReports extends Partial<RoleReports> {
  /** The roles that somebody holds now: the report of another is of a process that is no more. Left out: not known. */
  readonly held?: readonly Role[] | undefined;
}
