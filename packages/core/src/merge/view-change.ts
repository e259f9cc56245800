import type { ObjectKey, Uid } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { StoredObject } from "../model/stored-object.ts";

/** One change of the view. */
export type ViewChange =
  | {
      readonly type: "set";
      readonly object: StoredObject;
      /** The life and version that it replaces; undefined: the key is new. */
      readonly previous: { readonly uid: Uid; readonly resourceVersion: ResourceVersion } | undefined;
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
      readonly origin: "stream" | "list" | "repair";
      readonly observedAt: number;
    };
