import type { RoleInput } from "../merge/merge-input.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { Revision } from "../model/stored-object.ts";

/** Where a streamer's inputs go: the Merger of its scope, or a log on the way to it. */
export interface StreamSink {
  /** Takes inputs in order. False: there is no room, none was taken, and the streamer must resync. */
  offer(inputs: readonly RoleInput[]): boolean;
  /** Resolves when what was offered before is taken up, so that there is room for a list, and `known` is of that time. */
  caughtUp(signal: AbortSignal): Promise<void>;
  /** What the view will hold of a key when a list that is taken now is merged. */
  readonly known: (key: ObjectKey) => Revision | undefined;
  /** How far the view is settled now. */
  look(signal: AbortSignal): Promise<Settled>;
}

/** What a view stands on: nothing older changes it. */
export interface Settled {
  readonly epoch: number;
  /** What was verified or listed before. */
  readonly horizon: ResourceVersion | undefined;
}

/** Where a streamer goes on instead of beginning with a list. */
export interface StreamStart {
  readonly epoch: number;
  /** Undefined: with a list after all. */
  readonly position: ResourceVersion | undefined;
  /** The store has lost, or may have lost, what was told to it after that position: a known gap, which is counted. */
  readonly afterLoss?: boolean | undefined;
}
