import type { ObjectKey, Uid } from "./object-key.ts";
import type { ResourceVersion } from "./resource-version.ts";

/** Which life of an object, at which version: what merging compares. */
export interface Revision {
  readonly key: ObjectKey;
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
}

/**
 * One object at one version, as bytes: what the API server sent, less `kind`, `apiVersion` (the route adds them again)
 * and the paths that the user chose to drop (law 9). Everything else here was read from those bytes.
 */
export interface StoredObject extends Revision {
  /** `""` for a cluster-scoped object. */
  readonly namespace: string;
  readonly name: string;
  /** JSON text in UTF-8: one object, starting with `{` and ending with `}`, no line break around it. Never written to. */
  readonly bytes: Uint8Array;
  /** Parsed at the first use. */
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339, as sent. */
  readonly creationTimestamp: string | undefined;
  /** RFC 3339, as sent. It lies ahead of the request by the grace period, and can be moved back later. */
  readonly deletionTimestamp: string | undefined;
  readonly deletionGracePeriodSeconds: number | undefined;
  /** The newest `managedFields[].time`, taken before those are dropped: when this version was written, ±1 s. */
  readonly changedAt: string | undefined;
}
