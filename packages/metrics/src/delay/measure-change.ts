import type { Scope, StoredObject, ViewChange } from "@krm/core";
import type { DelayEvent, DelaySource, Measured, Unmeasured } from "./delay.ts";
import { leaseRenewal } from "./lease-renewal.ts";

type SetChange = Extract<ViewChange, { readonly type: "set" }>;
type Removal = Extract<ViewChange, { readonly type: "removed" }>;

/** An object whose newest `managedFields` time lies further behind its creation than this was changed after it. */
const WITHIN_CREATION_MS = 1000;

/** Nothing says of an object that nobody owns whether it was changed since: what is older than this is not believed to be new. */
const UNOWNED_WITHIN_MS = 600_000;

/** A Lease is written when it is renewed; its holder's clock may be behind the API server's by this much. */
const RENEWED_WITHIN_MS = 2000;

/**
 * How late a change of the view was, by the times that its object carries. Pure, and of this one entry of the feed alone:
 * reading the feed again gives the same again.
 *
 * - **ADDED**: read − `creationTimestamp`.
 * - **DELETED**: the request to delete, at the first event that shows a `deletionTimestamp`: read − (`deletionTimestamp` −
 *   `deletionGracePeriodSeconds`), since the timestamp lies ahead by the grace period (upstream `registry/rest/delete.go`).
 *   What comes after it is not measured again, also where the timestamp is moved back.
 * - **MODIFIED**: read − newest `managedFields[].time`, where that is newer than the state before had it; of a Lease
 *   read − `spec.renewTime`, where that is not older than the write.
 * - Nothing of a canary's Lease: the canary measures it, by one clock.
 */
export function measureChange(change: ViewChange, scope: Scope): Measured {
  return change.type === "set" ? measureSet(change, scope) : measureRemoval(change);
}

function measureSet(change: SetChange, scope: Scope): Measured {
  const { object, previous, origin, observedAt } = change;
  const isNew = previous?.uid !== object.uid;
  const deletes = object.deletionTimestamp !== undefined;
  if (origin !== "stream") return unmeasured(isNew ? "ADDED" : "MODIFIED", "not-live");
  const renewal = leaseRenewal(object, scope);
  if (renewal?.byCanary === true) return undefined;
  if (isNew) {
    if (deletes || beganEarlier(object, observedAt)) return unmeasured("ADDED", "seen-late");
    return delay("ADDED", "creationTimestamp", object, timeOf(object.creationTimestamp), observedAt);
  }
  if (deletes && previous.deleting !== true) {
    if (previous.deleting === undefined) return unmeasured("DELETED", "unknown-before");
    return delay("DELETED", "deletionTimestamp", object, requestedAt(object), observedAt);
  }
  if (previous.deleting === undefined) return unmeasured("MODIFIED", "unknown-before");
  if (object.changedAt === undefined) return unmeasured("MODIFIED", "no-time");
  const changedAt = timeOf(object.changedAt);
  if (changedAt <= timeOf(previous.changedAt ?? "")) return unmeasured("MODIFIED", "same-second");
  // What is older than the write was not renewed by it.
  if (renewal?.at !== undefined && renewal.at >= changedAt - RENEWED_WITHIN_MS)
    return delay("MODIFIED", "renewTime", object, renewal.at, observedAt);
  return delay("MODIFIED", "managedFields", object, changedAt, observedAt);
}

function measureRemoval({ finalState, wasDeleting, origin, observedAt }: Removal): Measured {
  if (origin !== "stream" || finalState === "unknown") return unmeasured("DELETED", "not-live");
  if (finalState.deletionTimestamp === undefined) return unmeasured("DELETED", "no-time");
  if (wasDeleting === true) return undefined;
  if (wasDeleting === undefined) return unmeasured("DELETED", "unknown-before");
  return delay("DELETED", "deletionTimestamp", finalState, requestedAt(finalState), observedAt);
}

function delay(
  event: DelayEvent,
  source: DelaySource,
  { resourceVersion }: StoredObject,
  occurredAt: number,
  observedAt: number,
): Measured {
  const seconds = (observedAt - occurredAt) / 1000;
  if (!Number.isFinite(seconds)) return unmeasured(event, "no-time");
  return { type: "delay", delay: { event, source, seconds, resourceVersion, observedAt } };
}

function unmeasured(event: DelayEvent, reason: Unmeasured): Measured {
  return { type: "unmeasured", event, reason };
}

/** A time as the API server writes it, in epoch milliseconds; NaN where there is none. */
function timeOf(text: string | undefined): number {
  return text === undefined ? Number.NaN : Date.parse(text);
}

function requestedAt({ deletionTimestamp, deletionGracePeriodSeconds = 0 }: StoredObject): number {
  return timeOf(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
}

/** The event that first showed it is not the one of its creation: that was missed. */
function beganEarlier({ changedAt, creationTimestamp }: StoredObject, observedAt: number): boolean {
  const created = timeOf(creationTimestamp);
  if (changedAt === undefined) return observedAt - created > UNOWNED_WITHIN_MS;
  return timeOf(changedAt) - created > WITHIN_CREATION_MS;
}
