import type { KrmClientError } from "../error.ts";
import { invalid, refuseUnknown } from "../options.ts";

/** What a watch is asked for. */
export interface WatchOptions {
  /** Objects of this namespace; default: all that the server shows. */
  readonly namespace?: string | undefined;
  /** Kubernetes' label selector: `app=web,tier in (a,b),!canary`. */
  readonly labelSelector?: string | undefined;
  /** Kubernetes' field selector, with the fields that the API server supports for the resource. */
  readonly fieldSelector?: string | undefined;
  /**
   * Goes on after this version, of a list (`freshness.resourceVersion`) or an event of the same resource and server, and
   * begins with no `reset`. Default: begins with all that there is.
   */
  readonly resourceVersion?: string | undefined;
  /** Ends the watch; the iteration then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Is told of each failure that is got over, a set that ended before it was complete among them: why the watch is not
   * connected, and when it tries again. Must not throw.
   */
  readonly onRetry?: ((error: KrmClientError, delayMs: number) => void) | undefined;
}

const OPTIONS: ReadonlySet<string> = new Set([
  "namespace",
  "labelSelector",
  "fieldSelector",
  "resourceVersion",
  "signal",
  "onRetry",
  "as",
] satisfies (keyof WatchOptions | "as")[]);

/** Refuses what cannot be asked. @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT` */
export function checkWatchOptions(options: WatchOptions): void {
  refuseUnknown(options, OPTIONS, "watch");
  if (options.resourceVersion === "0")
    throw invalid('resourceVersion is "0", which is no version to go on from', "leave it out");
}

/** The query of one connection. `after` undefined: all that there is, and then what happens. */
export function watchQuery(
  { labelSelector, fieldSelector }: Pick<WatchOptions, "labelSelector" | "fieldSelector">,
  after: string | undefined,
): string {
  const query = new URLSearchParams({ watch: "1", allowWatchBookmarks: "true" });
  if (after === undefined) {
    query.set("sendInitialEvents", "true");
    query.set("resourceVersionMatch", "NotOlderThan");
  } else {
    query.set("resourceVersion", after);
  }
  if (labelSelector !== undefined && labelSelector !== "") query.set("labelSelector", labelSelector);
  if (fieldSelector !== undefined && fieldSelector !== "") query.set("fieldSelector", fieldSelector);
  return query.toString();
}
