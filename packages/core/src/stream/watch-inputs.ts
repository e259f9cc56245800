import { KrmError } from "../errors.ts";
import type { RoleInput } from "../merge/merge-input.ts";
import { newestResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { ApiStatus, WatchEvent } from "../ports/list-watch.ts";
import { asOf } from "../wire/told-contact.ts";

/** What a batch of a watch comes to. */
export interface WatchInputs {
  readonly inputs: readonly RoleInput[];
  /** The version that the stream has told now. */
  readonly at: ResourceVersion;
  readonly events: number;
  readonly bookmarks: number;
  /** As in {@link WatchMoment}, for the next batch. */
  readonly knownAt: number | undefined;
  /** The error that a frame told; what came before it counts, what came after it does not. */
  readonly failure: KrmError | undefined;
}

/** The error that an ERROR frame tells. */
export function statusError(status: ApiStatus): KrmError {
  return new KrmError("KRM_API_STATUS", status.message, { status });
}

/** Where a watch is as it brings something. Times are wall clock, epoch milliseconds. */
export interface WatchMoment {
  readonly from: ResourceVersion;
  readonly epoch: number;
  readonly observedAt: number;
  /**
   * Until the first bookmark of a watch whose source is another KRM: when that had last heard from its own source as the
   * watch began. What is told until then may all be from before.
   */
  readonly knownAt?: number | undefined;
}

/**
 * Turns what a watch brought together into inputs of the merge. What it vouches for (`heard`) is as new as the last word
 * of the batch: an event was heard by its source just now; a bookmark says when the source itself had last heard something.
 */
export function watchInputs(batch: readonly WatchEvent[], moment: WatchMoment): WatchInputs {
  const { from, epoch, observedAt } = moment;
  let { knownAt } = moment;
  let heardAt = asOf(observedAt, knownAt);
  const inputs: RoleInput[] = [];
  let at = from;
  let events = 0;
  let bookmarks = 0;
  for (const event of batch) {
    if (event.type === "ERROR") {
      return { inputs, at, events, bookmarks, knownAt, failure: statusError(event.status) };
    }
    if (event.type === "BOOKMARK") {
      bookmarks++;
      knownAt = undefined;
      heardAt = asOf(observedAt, event.heardAt);
      at = newestResourceVersion(at, event.resourceVersion);
      inputs.push({ type: "bookmark", epoch, resourceVersion: event.resourceVersion });
      continue;
    }
    events++;
    heardAt = asOf(observedAt, knownAt);
    const { object } = event;
    at = newestResourceVersion(at, object.resourceVersion);
    const type = event.type === "DELETED" ? "deleted" : "applied";
    inputs.push({ type: "observed", epoch, observation: { type, object, origin: "live", observedAt } });
  }
  // Last, so that it vouches for all of the above.
  inputs.push({ type: "heard", epoch, at: heardAt });
  return { inputs, at, events, bookmarks, knownAt, failure: undefined };
}
