import type { ViewState } from "./freshness.ts";

/** Why something is not as it should be. */
export interface ScopeErrorStatus {
  /** A KRM error code: `KRM_CONNECTION`. */
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** The API server's HTTP status, where it gave one. */
  readonly status?: number;
}

/** How far a running list has come. */
export interface StatusProgress {
  readonly pages: number;
  readonly objects: number;
  readonly bytes: number;
  /** Objects in all, where the API server told. */
  readonly expected?: number;
}

/** What a role is doing. */
export interface StatusPhase {
  /** `idle`, `listing`, `connecting`, `watching`, `waiting`, `polling`, `backing-off`, `blocked` or `stopped`. */
  readonly phase: string;
  /** RFC 3339. */
  readonly since: string;
  /** When it goes on by itself. RFC 3339. */
  readonly until?: string;
  /** While backing off: how many failures in a row. */
  readonly attempt?: number;
  /** While blocked: `unauthorized`, `forbidden` or `gone`. While polling: why there is no watch. */
  readonly reason?: string;
}

/**
 * How far the API server's clock is ahead of the role's process's, in seconds; negative: behind. The truth lies in between.
 * Where servers with different clocks answer, the bounds reach over all of them.
 */
export interface ClockStatus {
  readonly lowSeconds: number;
  readonly highSeconds: number;
  /** Answers of the API server that it rests upon. */
  readonly samples: number;
  /** When the newest of them came. RFC 3339. */
  readonly at: string;
}

/**
 * How late timers fired in the role's process, in seconds, within the one or two minutes before the report: for so long it
 * did not get to what had arrived.
 */
export interface EventLoopStatus {
  /** Of 100 timers, 99 were no later. */
  readonly p99Seconds: number;
  readonly maxSeconds: number;
}

/** The streamer, since its process started. */
export interface StreamerStatus extends StatusPhase {
  readonly progress?: StatusProgress;
  readonly events: number;
  readonly bookmarks: number;
  readonly lists: number;
  /** How the last list was read: `streaming`, as the first events of a watch, or `list`. Absent before it. */
  readonly initial?: string;
  readonly watches: number;
  /** When there was news last: an event, a bookmark with a newer version, or a list. RFC 3339. */
  readonly silentSince?: string;
  /** Watches that were silent while a second one brought news, and were replaced by it. */
  readonly stalls: number;
  /** Times that the view was emptied because the API server no longer names the resource. */
  readonly emptied: number;
  readonly failures: number;
  /** Known gaps by cause, each followed by a resync. */
  readonly desyncs: Readonly<Record<string, number>>;
  /** Absent: not known. */
  readonly clock?: ClockStatus;
  /** Absent: not known. */
  readonly eventLoop?: EventLoopStatus;
}

/** The verifier, since its process started. */
export interface VerifierStatus extends StatusPhase {
  readonly progress?: StatusProgress;
  /** Verifications handed over to the merger. */
  readonly snapshots: number;
  /** How the last one listed: `exact-metadata`, `exact-full`, `latest-metadata` or `latest-full`. Absent before it. */
  readonly mode?: string;
  /** Requests to the API server, and those among them that asked for one object by name. */
  readonly requests: number;
  readonly asked: number;
  readonly failures: number;
  readonly lastContact?: string;
  /** Absent: not known. */
  readonly clock?: ClockStatus;
}

/** Which life and version of an object. */
export interface ShownStatus {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** What a watch can miss: an object, a newer version of one, a deletion, or a deletion and a new object of that name. */
export type MissedType = "added" | "modified" | "deleted" | "recreated";

/** One event that the watch missed, and a verification found. */
export interface MissedEventStatus {
  /** `namespace/name`, or `name`. */
  readonly key: string;
  readonly type: MissedType;
  /** What hid it: a known gap of the stream, or `upstream`: nothing went wrong here, the API server did not send it. */
  readonly cause: string;
  /** The verified version at which the difference stood. */
  readonly horizon: string;
  /** What the watch alone showed then; absent: no such object. */
  readonly shown?: ShownStatus;
  /** What the cluster held then; absent: no such object. */
  readonly actual?: ShownStatus;
  /** When it was found, and from then on put right. RFC 3339. */
  readonly foundAt: string;
  /** For how long readers could see the wrong state, at most. */
  readonly exposedSeconds: number;
  /**
   * From when that counts: `changed`, when the missed change was written by the API server's clock, in whole seconds; or
   * `verified`, the verification before, where that is not known.
   */
  readonly exposedSince: "changed" | "verified";
}

/** For how long readers could see what missed events had changed, at most. */
export interface ExposureStatus {
  /** Of all missed events together. */
  readonly totalSeconds: number;
  readonly longestSeconds: number;
}

/** What verification has found, since the state of the scope began; `late` and `queued` are of the process. */
export interface MergerStatus {
  /** Verifications by how they ended: `consistent`, `drift`, `lag`, `stale`, `inconclusive`. */
  readonly verifications: Readonly<Record<string, number>>;
  /** Verifications by how they listed: see {@link VerifierStatus.mode}. */
  readonly modes: Readonly<Record<string, number>>;
  /** Missed events by type. */
  readonly missed: Readonly<Record<MissedType, number>>;
  /** Missed events by what hid them, then by type. A cause that never hid any is left out. */
  readonly missedByCause: Readonly<Record<string, Readonly<Record<MissedType, number>>>>;
  readonly exposure: ExposureStatus;
  /** Changes of the view that a verification made. */
  readonly repairs: number;
  /** Verifications that wait for the watch to pass their horizon. */
  readonly pending: number;
  /** Objects that lists after known gaps changed. */
  readonly resynced: number;
  /** Events that came when they were settled already. */
  readonly late: number;
  /** Objects of which a list told another state than the object itself, or an older one than the watch. */
  readonly contradictions: number;
  /** Inputs that wait to be merged. */
  readonly queued: number;
  readonly lastDriftAt?: string;
  /** The newest missed events, newest last; at most 100. */
  readonly recent: readonly MissedEventStatus[];
}

/** How late the events of one minute were, by the times that they carry: the watch read them so much after those. */
export interface DelayMinuteStatus {
  /** When the minute began, by the clock of the process that measured. RFC 3339. */
  readonly at: string;
  /** Events that a delay could be told of. */
  readonly count: number;
  /** In seconds. Below zero where clocks differ by more than the delay. */
  readonly p50Seconds: number;
  readonly p90Seconds: number;
  readonly p99Seconds: number;
}

/** How late events were lately, as one process saw it. */
export interface DelaysStatus {
  /** Since when it has measured. RFC 3339. */
  readonly since: string;
  /** The minutes in which there was an event that a delay could be told of, oldest first; the last may go on. */
  readonly minutes: readonly DelayMinuteStatus[];
}

/** One watched scope: a resource in all namespaces, or in one. Times are RFC 3339; what is unknown is absent. */
export interface ScopeStatusBody {
  /** `v1/pods`, `apps/v1/deployments`. */
  readonly resource: string;
  /** The name in paths and on the command line: `pods`, `deployments.apps`. */
  readonly name: string;
  readonly kind: string;
  /** Absent: all namespaces, or a cluster-scoped resource. */
  readonly namespace?: string;
  readonly state: ViewState;
  readonly error?: ScopeErrorStatus;
  readonly objects: number;
  /** Size of the objects as kept. */
  readonly bytes: number;
  /** Counts the cluster's histories that were seen: more than 0 after a restore of the cluster. */
  readonly epoch: number;
  /** The version of the view; absent until the first list is complete. */
  readonly version?: string;
  /** The version of the newest verified snapshot. */
  readonly horizon?: string;
  readonly verifiedAt?: string;
  readonly streamedThrough?: string;
  readonly lastContact?: string;
  /** Absent while the role has not reported. */
  readonly streamer?: StreamerStatus;
  readonly verifier?: VerifierStatus;
  readonly merger?: MergerStatus;
  /** Only where it was asked for, and the server's process measures it. */
  readonly delays?: DelaysStatus;
}

/** What `/status` answers. */
export interface StatusBody {
  /** The server's clock when it answered. RFC 3339. */
  readonly time: string;
  /** The worst of the scopes; `syncing` while there is none. */
  readonly state: ViewState;
  readonly scopes: readonly ScopeStatusBody[];
}
