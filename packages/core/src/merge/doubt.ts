import type { ObjectKey } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { Shown } from "./drift.ts";

/**
 * What an object said of itself when it was asked by name, at a version that the stream has not told yet. It is judged
 * when the stream has passed `until`: before that, the difference may be an event on its way (law 6).
 */
export interface Doubt {
  readonly key: ObjectKey;
  /**
   * `found`'s own version; or, where the object was not there, the version of a list that was asked for after that: the
   * answer 404 carries none.
   */
  readonly until: ResourceVersion;
  /** The object as it was at `until`. Undefined: it was gone, at a version at or below `until`. */
  readonly found: StoredObject | undefined;
  /** What the cluster held at the snapshot's version: what the stream alone would show since, had it told that. */
  readonly listed: Shown | undefined;
}
