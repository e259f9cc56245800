import { refuseUnknown } from "../options.ts";
import type { WatchOptions } from "../watch/watch-options.ts";

/** What a mirror holds, and how long it lives. */
export interface MirrorOptions extends Pick<WatchOptions, "namespace" | "labelSelector" | "fieldSelector"> {
  /** Ends the mirror. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: ReadonlySet<string> = new Set(["namespace", "labelSelector", "fieldSelector", "signal", "as"] satisfies (
  | keyof MirrorOptions
  | "as"
)[]);

/** Refuses what a mirror does not have. @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT` */
export function checkMirrorOptions(options: MirrorOptions): void {
  refuseUnknown(options, OPTIONS, "mirror");
}
