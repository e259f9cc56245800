import { KrmError } from "../errors.ts";
import type { RoleInput } from "../merge/merge-input.ts";
import { newestResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { ApiStatus, WatchEvent } from "../ports/list-watch.ts";

/** What a batch of a watch comes to. */
export interface WatchInputs {
  readonly inputs: readonly RoleInput[];
  /** The version that the stream has told now. */
  readonly at: ResourceVersion;
  readonly events: number;
  readonly bookmarks: number;
  /** The error that a frame told; what came before it counts, what came after it does not. */
  readonly failure: KrmError | undefined;
}

/** The error that an ERROR frame tells. */
export function statusError(status: ApiStatus): KrmError {
  return new KrmError("KRM_API_STATUS", status.message, { status });
}

/** Turns what a watch brought together at `observedAt` (wall clock, epoch milliseconds) into inputs of the merge. */
export function watchInputs(
  batch: readonly WatchEvent[],
  from: ResourceVersion,
  epoch: number,
  observedAt: number,
): WatchInputs {
  const inputs: RoleInput[] = [];
  let at = from;
  let events = 0;
  let bookmarks = 0;
  for (const event of batch) {
    if (event.type === "ERROR") {
      return { inputs, at, events, bookmarks, failure: statusError(event.status) };
    }
    if (event.type === "BOOKMARK") {
      bookmarks++;
      at = newestResourceVersion(at, event.resourceVersion);
      inputs.push({ type: "bookmark", epoch, resourceVersion: event.resourceVersion });
      continue;
    }
    events++;
    const { object } = event;
    at = newestResourceVersion(at, object.resourceVersion);
    const type = event.type === "DELETED" ? "deleted" : "applied";
    inputs.push({ type: "observed", epoch, observation: { type, object, origin: "live", observedAt } });
  }
  // Last, so that it vouches for all of the above.
  inputs.push({ type: "heard", epoch, at: observedAt });
  return { inputs, at, events, bookmarks, failure: undefined };
}
