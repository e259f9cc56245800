import type { ClockOffset } from "../model/clock-offset.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { Scope } from "../model/scope.ts";
import type { Revision, StoredObject } from "../model/stored-object.ts";
import type { CallOptions } from "./clock.ts";

/** One page of a LIST. */
export interface ListRequest {
  /** Objects per page, at most. Undefined: the whole list at once. */
  readonly limit?: number | undefined;
  /** The previous page's token; then `resourceVersion` and `match` must be absent (the API server forbids both). */
  readonly continue?: string | undefined;
  /** Undefined: the most recent state. `"0"`: whatever the server has at hand. */
  readonly resourceVersion?: string | undefined;
  readonly match?: "Exact" | "NotOlderThan" | undefined;
  /**
   * Over a connection that nothing else has used, so that a load balancer may choose another API server: for the next
   * try after one that lags behind.
   */
  readonly elsewhere?: boolean | undefined;
}

/** What one LIST request brought. All pages of one chain carry the same `resourceVersion`. */
export interface ListPage {
  /** The list's own version, as sent: it may be one that cannot be ordered (law 8). */
  readonly resourceVersion: string;
  readonly items: readonly StoredObject[];
  /** Undefined on the last page. */
  readonly continue: string | undefined;
  readonly remainingItemCount: number | undefined;
  /** Size of the body as JSON, in bytes. */
  readonly bytes: number;
  /**
   * When the source, which is another KRM, had last heard from its own source: wall clock, epoch milliseconds. The list
   * proves nothing that is newer. Undefined: the source is the cluster.
   */
  readonly heardAt?: number | undefined;
}

/** What one metadata-only LIST request brought. All pages of one chain carry the same `resourceVersion`. */
export interface MetadataPage {
  /** As in {@link ListPage}. */
  readonly resourceVersion: string;
  /** Which life and version of each object, in the server's order. */
  readonly items: readonly Revision[];
  /** Undefined on the last page. */
  readonly continue: string | undefined;
  readonly remainingItemCount: number | undefined;
  /** Size of the body as JSON, in bytes. */
  readonly bytes: number;
  /** False: the server sent whole objects all the same, as one that does not know the form may. */
  readonly metadataOnly: boolean;
  /** As in {@link ListPage}. */
  readonly heardAt?: number | undefined;
}

/** Where and how to watch. */
export interface WatchRequest {
  /** Undefined, with `initialEvents` only: from the most recent state. */
  readonly resourceVersion: ResourceVersion | undefined;
  /** The server ends the watch after this long. */
  readonly timeoutSeconds: number;
  /**
   * A streaming list (KEP-3157, `sendInitialEvents=true`): every object comes as an ADDED, in no order, then a bookmark
   * with `initialEventsEnd`, whose version is that of the list; then the watch goes on. `resourceVersion` is then the
   * oldest state that will do, not where to begin. A server that cannot refuses with 422, or ignores it.
   */
  readonly initialEvents?: boolean | undefined;
}

/** An error that the API server told: an HTTP status, or a Status object inside a stream. */
export interface ApiStatus {
  readonly code: number;
  /** Kubernetes' word for it (`Expired`, `Forbidden`); `""` where the server gave none. */
  readonly reason: string;
  readonly message: string;
  /** From `Retry-After` or `details.retryAfterSeconds`. */
  readonly retryAfterSeconds: number | undefined;
}

/** One frame of a watch, decoded. */
export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: StoredObject }
  /** Proof that everything up to `resourceVersion` was sent. Bookmarks are never objects. */
  | {
      readonly type: "BOOKMARK";
      readonly resourceVersion: ResourceVersion;
      readonly initialEventsEnd: boolean;
      /** As in {@link ListPage}; by the clock of the source, so it may lie in the future. */
      readonly heardAt?: number | undefined;
    }
  | { readonly type: "ERROR"; readonly status: ApiStatus };

/** What a watch brings. */
export interface WatchStream extends AsyncIterable<readonly WatchEvent[]> {
  /** As in {@link ListPage}, when the watch began: all that comes before the first bookmark may be from before that. */
  readonly heardAt?: number | undefined;
}

/**
 * The only way in which KRM touches a cluster, for one scope: client-go's ListerWatcher.
 *
 * Errors are `KrmError`: `KRM_API_STATUS` with `status` set when the API server answered with an error,
 * `KRM_CONNECTION` when there was no answer, `KRM_DECODE` when the answer made no sense, and
 * `KRM_INVALID_RESOURCE_VERSION` for a version that cannot be ordered in a watch.
 */
export interface ListWatch {
  readonly scope: Scope;
  list(request: ListRequest, options?: CallOptions): Promise<ListPage>;
  /**
   * A LIST without the objects' specs and statuses (`PartialObjectMetadataList`). Left out: this source cannot, and whole
   * lists are read instead.
   */
  listMetadata?(request: ListRequest, options?: CallOptions): Promise<MetadataPage>;
  /**
   * Asks discovery whether the API server serves this resource now. False only when discovery itself answered, and does
   * not name it; rejects where it could not be asked. Left out: this source cannot tell.
   */
  served?(options?: CallOptions): Promise<boolean>;
  /**
   * How far the API server's clock is off, by what all its answers to this process have shown so far, whatever they were
   * about. Asks nothing. Undefined: not known. Left out: this source cannot tell.
   */
  clockOffset?(): ClockOffset | undefined;
  /**
   * Starts a watch. The promise resolves when the server accepted it (HTTP 200). The iterable yields what arrived
   * together, in order; it ends when the server ends the stream in good order between two frames, and throws
   * `KRM_CONNECTION` when the connection broke (also within a frame) and `KRM_DECODE` for a frame that cannot be
   * read, after yielding the frames before it. Empty batches are legal: they say that bytes arrived.
   * Leaving the loop or aborting closes the connection.
   */
  watch(request: WatchRequest, options?: CallOptions): Promise<WatchStream>;
  /** One object by name, as new as the store behind the API server has it. Undefined: 404. */
  get(
    key: { readonly namespace: string; readonly name: string },
    options?: CallOptions,
  ): Promise<StoredObject | undefined>;
}

/** Where `ListWatch`es come from: a cluster. */
export interface ListWatchSource {
  listWatch(scope: Scope): ListWatch;
}
