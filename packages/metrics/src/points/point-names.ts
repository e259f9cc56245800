const TAGS = "resource group namespace event source type cause";
const DELAYS = "delay version resource_version resolution count sum min max p50 p95 p99";
const SCOPES =
  "state phase objects bytes verified_age contact_age silence events watches stalls queued clock_offset_low clock_offset_high event_loop_p99 event_loop_max";
const VERIFICATIONS =
  "consistent drift lag stale inconclusive missed missed_upstream exposure_total exposure_longest repairs resynced contradictions pending exposure object";
const COLLECTOR = "scopes failing delays unmeasured negative gaps written refused dropped";

/** Tags and fields that points of KRM have. A tag and a field of one name could not be told apart in a query. */
const NAMES: ReadonlySet<string> = new Set([TAGS, DELAYS, SCOPES, VERIFICATIONS, COLLECTOR].join(" ").split(" "));

/** Whether points have this name already, so that no tag can be given it; also InfluxDB's own `time`, and names with `_` in front. */
export function isPointName(name: string): boolean {
  return NAMES.has(name) || name === "time" || name.startsWith("le_") || name.startsWith("_");
}
