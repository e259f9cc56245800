import { line } from "../influx/line-protocol.ts";
import { type Delay, DELAY_SOURCES } from "../delay/delay.ts";
import { eventTime } from "./point-time.ts";
import type { Tags } from "./scope-tags.ts";

/** Where delays are written: the name that the first KRM gave it, so that old queries find the new points. */
export const DELAY_MEASUREMENT = "streamed_data";

/**
 * One delay as a point: tags `event` and `source` beside those given; fields `delay` (seconds), `version` (the event's
 * resourceVersion, exact) and `resource_version` (the same as a number, as the first KRM wrote it: above 2^53 its last
 * digits are not right), and `resolution` (seconds): by how much `delay` may be too long.
 */
export function delayPoint(delay: Delay, tags: Tags): string {
  const { event, source, seconds, resourceVersion, observedAt, resolutionSeconds } = delay;
  const fields = {
    delay: seconds,
    resource_version: Number(resourceVersion),
    version: resourceVersion,
    resolution: resolutionSeconds ?? DELAY_SOURCES[source].resolutionSeconds,
  };
  const time = eventTime(observedAt, resourceVersion);
  return line(DELAY_MEASUREMENT, { ...tags, event, source }, fields, time) ?? "";
}
