import { KrmError } from "../errors.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, isResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { SnapshotEntry } from "../model/snapshot.ts";
import type { Revision, StoredObject } from "../model/stored-object.ts";

/**
 * What the initial events of a streaming list come to. They are in no order and prove no position (trap 4): nothing of
 * them may be told before the marker has come.
 */
export class InitialSet {
  readonly #known: ((key: ObjectKey) => Revision | undefined) | undefined;
  readonly #entries = new Map<ObjectKey, SnapshotEntry>();
  /** What was deleted meanwhile, so that it does not come back by an event that was overtaken. */
  readonly #gone = new Map<ObjectKey, ResourceVersion>();
  #bytes = 0;

  /** @param known what the view holds: objects at that very version are kept without their body */
  constructor(known: ((key: ObjectKey) => Revision | undefined) | undefined) {
    this.#known = known;
  }

  get entries(): ReadonlyMap<ObjectKey, SnapshotEntry> {
    return this.#entries;
  }

  /** The objects' bytes so far, as they are stored. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes one event; true: it told of an object that was not there. */
  take(type: "ADDED" | "MODIFIED" | "DELETED", object: StoredObject): boolean {
    const { key, uid, resourceVersion } = object;
    if (!isResourceVersion(resourceVersion))
      throw new KrmError(
        "KRM_INVALID_RESOURCE_VERSION",
        `resourceVersion ${JSON.stringify(resourceVersion)} cannot be compared`,
      );
    this.#bytes += object.bytes.byteLength;
    const before = this.#entries.get(key);
    if (type === "DELETED") {
      if (before !== undefined && compareResourceVersions(resourceVersion, before.resourceVersion) < 0) return false;
      this.#entries.delete(key);
      this.#gone.set(key, resourceVersion);
      return false;
    }
    const newest = before?.resourceVersion ?? this.#gone.get(key);
    if (newest !== undefined && compareResourceVersions(resourceVersion, newest) <= 0) return false;
    const held = this.#known?.(key);
    const same = held !== undefined && held.uid === uid && held.resourceVersion === resourceVersion;
    this.#entries.set(key, same ? { uid, resourceVersion } : { uid, resourceVersion, object });
    return before === undefined;
  }
}
