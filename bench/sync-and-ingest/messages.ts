/** What the bench tells its processes. */
export type Command =
  /** `server`: a kubeconfig, or a KRM's URL. */
  | { readonly type: "sync"; readonly server: string; readonly pods: number }
  /** Count so many events, and tell when the last one is in. */
  | { readonly type: "ingest"; readonly events: number }
  /** To the API server: change so many pods, one commit each. */
  | { readonly type: "change"; readonly events: number };

/** What a client has used since it was told to start. Process start and imports are excluded. */
export interface Usage {
  /** User and system time, in milliseconds. */
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Resident memory above that of the idle process, after a collection, in bytes. */
  readonly residentBytes: number;
  /** The heap, and what it holds outside of itself, above those of the idle process, after a collection, in bytes. */
  readonly heapBytes: number;
  /** The highest resident memory of the process above that of the idle process, in bytes. */
  readonly peakBytes: number;
}

/** What the processes answer. */
export type Answer =
  | { readonly type: "ready"; readonly kubeconfig?: string; readonly url?: string; readonly bytes?: number }
  | { readonly type: "synced"; readonly objects: number; readonly usage: Usage }
  | { readonly type: "listening" }
  | { readonly type: "ingested"; readonly usage: Usage }
  | { readonly type: "changed" };
