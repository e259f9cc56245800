import type { StoredObject } from "./stored-object.ts";

/**
 * What is remembered of the state that an event replaces, so that the event's own times can be read: an object that is
 * written again within the same second, or whose deletion was asked for before, shows the same times once more.
 */
export interface WriteMarks {
  /** The newest `managedFields[].time` that it had, RFC 3339; undefined: it had none, or that is not known. */
  readonly changedAt?: string | undefined;
  /** It had a `deletionTimestamp`. Undefined: neither this nor `changedAt` is known. */
  readonly deleting?: boolean | undefined;
}

/** The marks of a state that is known whole. */
export function marksOf({ changedAt, deletionTimestamp }: StoredObject): WriteMarks {
  return { changedAt, deleting: deletionTimestamp !== undefined };
}
