import {
  compareResourceVersions,
  isResourceVersion,
  type ResourceVersion,
  type StoredObject,
  type ViewChange,
} from "@krm/core";
import type { Wanted } from "../selection/selection.ts";

/** A change of the view, as a watch of everything is told of it. */
export interface RingEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** What readers get to see as the object's version. */
  readonly version: ResourceVersion;
  /** The state after it; of a deletion, the last one that is known. */
  readonly object: StoredObject;
  /** What the view showed before, and so what a reader of it has; undefined: nothing. */
  readonly previous: StoredObject | undefined;
  /** Where one event stands for several: the states before `previous`, any of which a reader may have instead. Oldest first. */
  readonly earlier?: readonly StoredObject[] | undefined;
}

/** The bytes that an event keeps alive at most: the state before it may be that after another one. */
export function sizeOf({ object, previous, earlier = [] }: RingEvent): number {
  let size = object.bytes.byteLength;
  if (previous !== undefined && previous !== object) size += previous.bytes.byteLength;
  for (const { bytes } of earlier) size += bytes.byteLength;
  return size;
}

/** What one reader is told of an event. The object goes out under the event's version, whatever its bytes say. */
export interface SeenEvent {
  readonly type: RingEvent["type"];
  readonly object: StoredObject;
}

/**
 * Turns a change into events. `previous` is what the view showed right before it.
 *
 * A life that is replaced by another one is told as deleted, just below the version of the new one: the deletion that
 * nobody told of came before the creation, so that this version lies above all of the old life; and who holds it and
 * nothing of the new life gets that when it goes on from there.
 */
export function eventsOf(change: ViewChange, previous: StoredObject | undefined): readonly RingEvent[] {
  if (change.type === "removed") {
    if (previous === undefined) return [];
    const { finalState, resourceVersion } = change;
    // A life that came and went unseen is none that readers know.
    const isKnown = finalState !== "unknown" && finalState.uid === previous.uid;
    return [{ type: "DELETED", version: resourceVersion, object: isKnown ? finalState : previous, previous }];
  }
  const { object } = change;
  const version = object.resourceVersion;
  if (previous === undefined) return [{ type: "ADDED", version, object, previous }];
  if (previous.uid === object.uid) return [{ type: "MODIFIED", version, object, previous }];
  return [
    { type: "DELETED", version: versionBetween(previous.resourceVersion, version), object: previous, previous },
    { type: "ADDED", version, object, previous: undefined },
  ];
}

/** The last version before `after`, or that one itself where none lies between the two. */
function versionBetween(before: ResourceVersion, after: ResourceVersion): ResourceVersion {
  if (!isResourceVersion(after)) return after;
  const last = String(BigInt(after) - 1n);
  return isResourceVersion(last) && compareResourceVersions(last, before) > 0 ? last : after;
}

/**
 * What a reader who wants some objects is told of an event; undefined: nothing. One that is not wanted any more is
 * deleted for that reader, as it was when it was; one that begins to be is added.
 */
export function seenBy(wanted: Wanted | undefined, event: RingEvent): SeenEvent | undefined {
  const { type, object, previous, earlier } = event;
  if (wanted === undefined) return { type, object };
  const before = previous !== undefined && wanted(previous) ? previous : earlier?.findLast((state) => wanted(state));
  const after = type !== "DELETED" && wanted(object);
  if (after) return { type: before === undefined ? "ADDED" : "MODIFIED", object };
  if (before === undefined) return undefined;
  return { type: "DELETED", object: type === "DELETED" ? object : before };
}
