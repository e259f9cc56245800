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

/** The streamer, since its process started. */
export interface StreamerStatus extends StatusPhase {
  readonly progress?: StatusProgress;
  readonly events: number;
  readonly bookmarks: number;
  readonly lists: number;
  readonly watches: number;
  readonly failures: number;
  /** Known gaps by cause, each followed by a resync. */
  readonly desyncs: Readonly<Record<string, number>>;
}

/** The verifier, since its process started. */
export interface VerifierStatus extends StatusPhase {
  readonly progress?: StatusProgress;
  readonly snapshots: number;
  readonly failures: number;
  readonly lastContact?: string;
}

/** One missed event. */
export interface DriftStatus {
  /** `namespace/name`, or `name`. */
  readonly key: string;
  readonly type: "added" | "modified" | "deleted" | "recreated";
  /** The verified version at which the difference stood. */
  readonly horizon: string;
}

/** What verification has found, since its process started. */
export interface MergerStatus {
  /** Verifications by how they ended: `consistent`, `drift`, `lag`, `stale` and others. */
  readonly verifications: Readonly<Record<string, number>>;
  /** Missed events by type: `added`, `modified`, `deleted`, `recreated`. */
  readonly missed: Readonly<Record<string, number>>;
  /** Verifications that wait for the watch to pass their horizon. */
  readonly pending: number;
  readonly resynced: number;
  readonly late: number;
  readonly contradictions: number;
  readonly queued: number;
  readonly lastDriftAt?: string;
  /** The newest missed events, newest last. */
  readonly recent: readonly DriftStatus[];
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
}

/** What `/status` answers. */
export interface StatusBody {
  /** The server's clock when it answered. RFC 3339. */
  readonly time: string;
  /** The worst of the scopes; `syncing` while there is none. */
  readonly state: ViewState;
  readonly scopes: readonly ScopeStatusBody[];
}
