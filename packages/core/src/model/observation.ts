import type { StoredObject } from "./stored-object.ts";

/** The stream showed an object at a version. */
export interface Applied {
  readonly type: "applied";
  readonly object: StoredObject;
  /** `initial`: a synthetic ADDED of a streaming list, in no order; it proves no position and has no delay. */
  readonly origin: "initial" | "live";
  /** Wall clock, epoch milliseconds, when the frame was read. */
  readonly observedAt: number;
}

/** The stream showed that an object is gone. `object` is its last state, under the version of the deletion. */
export interface Tombstone {
  readonly type: "deleted";
  readonly object: StoredObject;
  readonly origin: "initial" | "live";
  /** Wall clock, epoch milliseconds, when the frame was read. */
  readonly observedAt: number;
}

/** What a watch said of one key. */
export type Observation = Applied | Tombstone;
