import { newestResourceVersion } from "../model/resource-version.ts";
import type { LogPosition } from "./input-log.ts";
import type { CommittedMeta } from "./store.ts";

/** Where a streamer goes on: what its log covers or what the view does, whichever is more. */
export function streamerStart(view: CommittedMeta, log: LogPosition | undefined): LogPosition {
  const { epoch, version, snapshotOnly, streamedThrough } = view;
  // A view that was never whole, or cannot be ordered, is no place to go on from.
  const shown = { epoch, position: version === undefined || snapshotOnly ? undefined : streamedThrough };
  if (log === undefined || log.epoch < epoch) return shown;
  if (log.epoch > epoch) return log;
  return { epoch, position: newestResourceVersion(shown.position, log.position) };
}
