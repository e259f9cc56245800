import {
  DESYNC_CAUSES,
  DRIFT_CAUSES,
  DRIFT_TYPES,
  EMPTY_LEDGER,
  type MetricLabels,
  type MetricOf,
  type RequestVerb,
  type Role,
  VERIFICATION_MODES,
} from "@krm/core";

/** A counter, and labels with which it will be added to. */
export type KnownLabels = {
  [N in MetricOf<"counter">]: readonly [name: N, labels: MetricLabels<N>];
}[MetricOf<"counter">];

const VERBS: readonly RequestVerb[] = ["list", "list-metadata", "watch", "get"];
const REQUESTS = VERBS.map((verb) => ["krm_api_requests_total", { verb }] as const);

/** How a verification can end that was handed over. */
const RESULTS = Object.keys(EMPTY_LEDGER.verifications);

const KNOWN: Readonly<Record<Role, readonly KnownLabels[]>> = {
  streamer: [
    ...REQUESTS,
    ...DESYNC_CAUSES.map((cause) => ["krm_desyncs_total", { cause }] as const),
    ["krm_watch_stalls_total", {}],
  ],
  verifier: [
    ...REQUESTS,
    ...VERIFICATION_MODES.map((mode) => ["krm_verifications_total", { result: "error", mode }] as const),
    ["krm_sampled_objects_total", { why: "suspect" }],
    ["krm_sampled_objects_total", { why: "sample" }],
  ],
  merger: [
    ...DRIFT_CAUSES.flatMap((cause) =>
      DRIFT_TYPES.map((type) => ["krm_missed_events_total", { type, cause }] as const),
    ),
    ...VERIFICATION_MODES.flatMap((mode) =>
      RESULTS.map((result) => ["krm_verifications_total", { result, mode }] as const),
    ),
    ["krm_repairs_total", { by: "verification" }],
    ["krm_repairs_total", { by: "resync" }],
    ["krm_list_contradictions_total", {}],
  ],
};

/** The counters that a role measures, with every label that is known beforehand. */
export function knownLabels(role: Role): readonly KnownLabels[] {
  return KNOWN[role];
}
