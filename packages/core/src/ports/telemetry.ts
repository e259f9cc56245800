/** What a metric is, as Prometheus and OpenMetrics tell them apart. */
export interface MetricInfo<
  T extends "counter" | "gauge" | "histogram" = "counter" | "gauge" | "histogram",
  L extends string = string,
> {
  readonly type: T;
  readonly help: string;
  /** Beside `resource` and `namespace`, which every metric of KRM has. */
  readonly labels: readonly L[];
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[];
}

/** Each metric, with its kind and labels. */
export interface MetricTable {
  readonly krm_missed_events_total: MetricInfo<"counter", "type" | "cause">;
  readonly krm_drift_exposure_seconds: MetricInfo<"histogram", "type" | "cause">;
  readonly krm_verifications_total: MetricInfo<"counter", "result" | "mode">;
  readonly krm_repairs_total: MetricInfo<"counter", "by">;
  readonly krm_list_contradictions_total: MetricInfo<"counter", never>;
  readonly krm_sampled_objects_total: MetricInfo<"counter", "why">;
  readonly krm_desyncs_total: MetricInfo<"counter", "cause">;
  readonly krm_watch_silence_seconds: MetricInfo<"gauge", never>;
  readonly krm_watch_stalls_total: MetricInfo<"counter", never>;
  readonly krm_clock_offset_seconds: MetricInfo<"gauge", "bound">;
  readonly krm_api_requests_total: MetricInfo<"counter", "verb">;
}

/** Everything that core measures. Units are in the names; `docs/trust.md` tells how each is measured. */
export const METRICS: MetricTable = {
  krm_missed_events_total: {
    type: "counter",
    help: "Events that the stream missed: by what was missed, and by what hid it (upstream: no cause is known here).",
    labels: ["type", "cause"],
  },
  krm_drift_exposure_seconds: {
    type: "histogram",
    help: "For how long readers could see what a missed event had changed, at most.",
    labels: ["type", "cause"],
    buckets: [0.1, 0.5, 1, 5, 15, 60, 150, 300, 600, 1800, 3600],
  },
  krm_verifications_total: {
    type: "counter",
    help: "Verifications, by how they ended and by how the cluster was listed.",
    labels: ["result", "mode"],
  },
  krm_repairs_total: {
    type: "counter",
    help: "Changes of the view by a verification or by a list of the streamer instead of an event.",
    labels: ["by"],
  },
  krm_list_contradictions_total: {
    type: "counter",
    help: "Objects of which a list of the API server told another state than the object itself, or than an earlier event.",
    labels: [],
  },
  krm_sampled_objects_total: {
    type: "counter",
    help: "Objects read by name: suspects (told differently by list and stream), and samples of those that agree.",
    labels: ["why"],
  },
  krm_desyncs_total: {
    type: "counter",
    help: "Known gaps of the stream, each followed by a list.",
    labels: ["cause"],
  },
  krm_watch_silence_seconds: {
    type: "gauge",
    help: "For how long the watch has brought neither an event nor a bookmark with news.",
    labels: [],
  },
  krm_watch_stalls_total: {
    type: "counter",
    help: "Watches that were silent while a second one brought news, and were replaced by it.",
    labels: [],
  },
  krm_clock_offset_seconds: {
    type: "gauge",
    help: "How far the API server's clock is ahead of this process's, at least (low) and at most (high).",
    labels: ["bound"],
  },
  krm_api_requests_total: {
    type: "counter",
    help: "Requests to the API server, by what they asked for.",
    labels: ["verb"],
  },
};

/** The name of a metric. */
export type MetricName = keyof MetricTable;

/** The metrics of one kind. */
export type MetricOf<T extends MetricInfo["type"]> = {
  [N in MetricName]: MetricTable[N]["type"] extends T ? N : never;
}[MetricName];

/** The labels that a metric has beside `resource` and `namespace`. */
export type MetricLabels<N extends MetricName> = Readonly<Record<MetricTable[N]["labels"][number], string>>;

/** What the roles of one scope measure, as it happens. Cheap, and never throws: it is called on the way of events. */
export interface Telemetry {
  add<N extends MetricOf<"counter">>(name: N, labels: MetricLabels<N>, by?: number): void;
  set<N extends MetricOf<"gauge">>(name: N, labels: MetricLabels<N>, value: number): void;
  observe<N extends MetricOf<"histogram">>(name: N, labels: MetricLabels<N>, value: number): void;
}

const ignore = (): void => {};

/** Measures nothing: the default. */
export const noTelemetry: Telemetry = { add: ignore, set: ignore, observe: ignore };
