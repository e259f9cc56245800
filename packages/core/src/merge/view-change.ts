import type { ObjectKey, Uid } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { WriteMarks } from "../model/write-marks.ts";

/** What a change of the view replaces: a life and version, and what that had told of its times. */
export interface ReplacedState extends WriteMarks {
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
}

/** One change of the view. */
export type ViewChange =
  | {
      readonly type: "set";
      readonly object: StoredObject;
      /** The life and version that it replaces; undefined: the key is new. */
      readonly previous: ReplacedState | undefined;
      /** `stream`: an event. `list`: the streamer's own list. `repair`: put right by a verification. */
      readonly origin: "stream" | "list" | "repair";
      /** Wall clock, epoch milliseconds. */
      readonly observedAt: number;
    }
  | {
      readonly type: "removed";
      readonly key: ObjectKey;
      readonly uid: Uid;
      /** The version of the deletion; the horizon, where the deletion itself was not seen. */
      readonly resourceVersion: ResourceVersion;
      /** `unknown`: the deletion was inferred from a list, so the last state is not known (client-go's DeletedFinalStateUnknown). */
      readonly finalState: StoredObject | "unknown";
      /** Its deletion had been asked for already, as the view showed. Undefined: not known. */
      readonly wasDeleting?: boolean | undefined;
      readonly origin: "stream" | "list" | "repair";
      readonly observedAt: number;
    };
