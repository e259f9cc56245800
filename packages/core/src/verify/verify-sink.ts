import type { ResourceVersion } from "../model/resource-version.ts";
import type { StreamSink } from "../stream/stream-sink.ts";
import type { FrozenView } from "./frozen-view.ts";

/** Where a verifier's inputs go: the Merger of its scope, or a log on the way to it. All but `offer` is as of the last `caughtUp`. */
export interface VerifySink extends StreamSink {
  /** The cluster history that is merged. */
  readonly epoch: number;
  /** The stream has told everything up to here. */
  readonly position: ResourceVersion | undefined;
  /** False: the versions of this resource cannot be ordered, so there is nothing to verify (law 8). */
  readonly comparable: boolean;
  /** Missed events that the merge has found until now, those that known gaps had hidden left out. */
  readonly missed: number;
  /**
   * Tells the merge that a verification begins, and gives the view as it was then, whatever comes since: copy-on-write,
   * good until the verification is handed over or abandoned.
   */
  freeze(signal: AbortSignal): Promise<FrozenView>;
  /** The view as it is now: to be read at once, before anything is awaited. */
  look(signal: AbortSignal): Promise<FrozenView>;
  /** Resolves with true when the stream has told everything up to `version`, with false when `ms` have passed without. */
  passed(version: ResourceVersion, ms: number, signal: AbortSignal): Promise<boolean>;
}
