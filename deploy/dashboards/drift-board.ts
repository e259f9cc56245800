import type { Board, InfluxSeries, Panel, PrometheusSeries, Row, Thresholds } from "./board.ts";
import { PROCESS } from "./process-row.ts";

const OF = 'resource=~"$resource"';
const SCOPE = '"resource", "group", "namespace"';
const SCOPE_NAME = "$tag_resource $tag_namespace";

/** How a verification can end, as the fields of `krm_verification` are called. */
const RESULTS = ["consistent", "drift", "lag", "inconclusive", "stale"];

/** A view counts as stale after so much silence; a quarter of an hour is the longest from one verification to the next. In seconds. */
const SILENT: Thresholds = { warn: 75, bad: 150 };
const UNVERIFIED: Thresholds = { warn: 1200, bad: 1800 };

/** One number of each scope, sampled. */
function sampled(field: string, name: string): InfluxSeries {
  return {
    name: SCOPE_NAME,
    query: ({ from, where, every }) =>
      `SELECT last("${field}") AS "${name}" FROM ${from("krm_scope")} WHERE ${where} GROUP BY ${every}, "resource", "namespace" FILL(none)`,
  };
}

/** The same off a gauge. Several processes may tell of one scope: the worst of them counts. */
function gauge(metric: string): PrometheusSeries {
  return { name: "{{resource}} {{namespace}}", query: `max by (resource, namespace) (${metric}{${OF}})` };
}

/** By how much counters of the ledger grew, over all scopes, by span of time. */
function growth(fields: readonly string[]): InfluxSeries {
  const inner = fields.map((field) => `non_negative_difference(last("${field}")) AS "${field}"`).join(", ");
  const outer = fields.map((field) => `sum("${field}") AS "${field}"`).join(", ");
  return {
    name: "$col",
    query: ({ from, time, where, every }) =>
      `SELECT ${outer} FROM (SELECT ${inner} FROM ${from("krm_verification")} WHERE ${where} GROUP BY ${every}, ${SCOPE} FILL(none)) WHERE ${time} GROUP BY ${every} FILL(none)`,
  };
}

/** By how much one counter of the ledger grew in all the time that is shown. */
function growthInAll(field: string, name: string): InfluxSeries {
  return {
    name,
    query: ({ from, time, where }) =>
      `SELECT sum("${field}") AS "${name}" FROM (SELECT non_negative_difference("${field}") AS "${field}" FROM ${from("krm_verification")} WHERE ${where} GROUP BY ${SCOPE}) WHERE ${time}`,
  };
}

/** The worst of the newest samples of all scopes. */
function worst(field: string, name: string): InfluxSeries {
  return {
    name,
    query: ({ from, time, where }) =>
      `SELECT max("${field}") AS "${name}" FROM (SELECT last("${field}") AS "${field}" FROM ${from("krm_scope")} WHERE ${where} GROUP BY ${SCOPE}) WHERE ${time}`,
  };
}

const NOW: Row = {
  title: "Now, and in the time that is shown",
  panels: [
    {
      title: "Views that are not to be trusted",
      about:
        "Scopes (a resource, or a resource of one namespace) whose view is neither `synced` nor `snapshot-only` now. *Views* below says which, and in which state; `krm status` says why.",
      shape: "number",
      unit: "count",
      width: 2,
      bad: { warn: 1, bad: 1 },
      influx: [
        {
          name: "not to be trusted",
          query: ({ from, time, where }) =>
            `SELECT count("state") AS "not to be trusted" FROM (SELECT last("state") AS "state" FROM ${from("krm_scope")} WHERE ${where} GROUP BY ${SCOPE}) WHERE ${time} AND "state" != 'synced' AND "state" != 'snapshot-only'`,
        },
      ],
      prometheus: [
        {
          name: "not to be trusted",
          query: `sum(max by (resource, namespace, state) (krm_scope_state{${OF}, state!~"synced|snapshot-only"}))`,
        },
      ],
    },
    {
      title: "Missed events",
      about:
        "Events that the watch did not tell, found by verification, whatever hid them. The view was put right when they were found. A known gap (*expired*, *overflow*, …) hides some now and then; see *upstream* beside.",
      shape: "number",
      unit: "count",
      width: 2,
      bad: { warn: 1, bad: 10 },
      influx: [growthInAll("missed", "missed")],
      prometheus: [{ name: "missed", query: `sum(increase(krm_missed_events_total{${OF}}[$__range]))` }],
    },
    {
      title: "… of them hidden upstream",
      about:
        "Missed although nothing went wrong here: the API server, or what stands in between, did not send them. Each is a reason to look: at the API server's version and logs, at proxies and load balancers. Which objects: *Missed events, one by one*, or `krm status`.",
      shape: "number",
      unit: "count",
      width: 2,
      bad: { warn: 1, bad: 1 },
      influx: [growthInAll("missed_upstream", "hidden upstream")],
      prometheus: [
        { name: "hidden upstream", query: `sum(increase(krm_missed_events_total{${OF}, cause="upstream"}[$__range]))` },
      ],
    },
    {
      title: "Oldest verification",
      about:
        "How long ago that was asked for which the view that was verified longest ago is verified with. Above 20 minutes: verifications do not succeed; *Verifications* says how they end.",
      shape: "number",
      unit: "seconds",
      width: 2,
      bad: UNVERIFIED,
      influx: [worst("verified_age", "verified before")],
      prometheus: [{ name: "verified before", query: `max(krm_view_verified_age_seconds{${OF}})` }],
    },
    {
      title: "Longest silence",
      about:
        "For how long the quietest watch has brought neither an event nor a bookmark with news. A bookmark comes once a minute; after 150 s the view counts as stale, and a second watch is opened beside the first.",
      shape: "number",
      unit: "seconds",
      width: 2,
      bad: SILENT,
      influx: [worst("silence", "silent since")],
      prometheus: [{ name: "silent since", query: `max(krm_watch_silence_seconds{${OF}})` }],
    },
    {
      title: "Objects",
      about: "Objects in all views. A sudden fall is worth a look whoever caused it.",
      shape: "number",
      unit: "count",
      width: 2,
      influx: [
        {
          name: "objects",
          query: ({ from, time, where }) =>
            `SELECT sum("objects") AS "objects" FROM (SELECT last("objects") AS "objects" FROM ${from("krm_scope")} WHERE ${where} GROUP BY ${SCOPE}) WHERE ${time}`,
        },
      ],
      prometheus: [{ name: "objects", query: `sum(max by (resource, namespace) (krm_view_objects{${OF}}))` }],
    },
  ],
};

const MISSED: Row = {
  title: "Missed events",
  panels: [
    {
      title: "Missed events, by what and why",
      about:
        "By what was missed (*added*, *modified*, *deleted*, *recreated*) and by what hid it. *upstream*: nothing went wrong here. All others are known gaps, each followed by a list: *expired* (a 410), *undecodable* (an unreadable frame), *overflow* (KRM's own queue was full), *store-lost* (the store lost what was written), *epoch-reset* (a restored cluster).",
      shape: "bars",
      unit: "count",
      width: 4,
      influx: [
        {
          name: "$tag_type $tag_cause",
          query: ({ from, where, every }) =>
            `SELECT count("exposure") AS "missed" FROM ${from("krm_drift")} WHERE ${where} GROUP BY ${every}, "type", "cause" FILL(none)`,
        },
      ],
      prometheus: [
        {
          name: "{{type}} {{cause}}",
          query: `sum by (type, cause) (increase(krm_missed_events_total{${OF}}[$__rate_interval]))`,
        },
      ],
    },
    {
      title: "Missed events, by resource",
      about:
        "Of one resource alone: what serves it (an aggregated API server, a conversion webhook) is a suspect. Of all: what stands between.",
      shape: "bars",
      unit: "count",
      width: 4,
      influx: [
        {
          name: "$tag_resource",
          query: ({ from, where, every }) =>
            `SELECT count("exposure") AS "missed" FROM ${from("krm_drift")} WHERE ${where} GROUP BY ${every}, "resource" FILL(none)`,
        },
      ],
      prometheus: [
        {
          name: "{{resource}}",
          query: `sum by (resource) (increase(krm_missed_events_total{${OF}}[$__rate_interval]))`,
        },
      ],
    },
    {
      title: "Exposure",
      about:
        "For how long readers could see what a missed event had changed, at most: it is an upper bound. It is about as long as the time between two verifications; to shorten it, let KRM verify more often (`--verify-every`, `--verify-budget`).",
      shape: "lines",
      unit: "seconds",
      width: 4,
      influx: [
        {
          name: "$col",
          query: ({ from, where, every }) =>
            `SELECT median("exposure") AS "half, at most", max("exposure") AS "longest" FROM ${from("krm_drift")} WHERE ${where} GROUP BY ${every} FILL(none)`,
        },
      ],
      prometheus: [
        {
          name: "half, at most",
          query: `histogram_quantile(0.5, sum by (le) (increase(krm_drift_exposure_seconds_bucket{${OF}}[$__rate_interval])))`,
        },
        {
          name: "longest, at most",
          query: `histogram_quantile(1, sum by (le) (increase(krm_drift_exposure_seconds_bucket{${OF}}[$__rate_interval])))`,
        },
        { name: "longest since the state began", query: `max(krm_ledger_longest_exposure_seconds{${OF}})` },
      ],
    },
    {
      title: "Missed events, one by one",
      about:
        "The newest missed events: which object, what it was, what hid it, and for how many seconds readers could see the wrong state, at most. The version is the verified one at which it stood.",
      shape: "table",
      unit: "seconds",
      width: 12,
      influx: [
        {
          name: "",
          query: ({ from, where }) =>
            `SELECT "object", "resource", "type", "cause", "exposure", "version" FROM ${from("krm_drift")} WHERE ${where} ORDER BY time DESC LIMIT 100`,
        },
      ],
    },
  ],
};

const VERIFICATION: Row = {
  title: "Verification",
  panels: [
    {
      title: "Verifications",
      about:
        "How they ended. *consistent*: no difference. *drift*: something was missed. *lag*: it came late. *inconclusive*: a list of the watch, or a restart, came in between. *stale*: a newer list was there already. *error*: the API server did not serve it. More than a few of the last three: look at KRM's log.",
      shape: "bars",
      unit: "count",
      width: 4,
      influx: [growth(RESULTS)],
      prometheus: [
        { name: "{{result}}", query: `sum by (result) (increase(krm_verifications_total{${OF}}[$__rate_interval]))` },
      ],
    },
    {
      title: "Verified before",
      about:
        "How long ago that was asked for which a view is verified with: it rises, and falls back at each verification: while all is well every ten minutes on average, after a quarter of an hour at most. A line that only rises: that resource's verifications do not succeed.",
      shape: "lines",
      unit: "seconds",
      width: 4,
      bad: UNVERIFIED,
      influx: [sampled("verified_age", "verified before")],
      prometheus: [gauge("krm_view_verified_age_seconds")],
    },
    {
      title: "What was put right",
      about:
        "*repairs*: changes of the view by a verification. *resynced*: by a list after a known gap. *contradictions*: objects of which a list told another state than the object itself, or than an earlier event; that is the API server's fault, and worth a report.",
      shape: "bars",
      unit: "count",
      width: 4,
      influx: [growth(["repairs", "resynced", "contradictions"])],
      prometheus: [
        {
          name: "repairs, by {{by}}",
          query: `sum by (by) (increase(krm_repairs_total{${OF}}[$__rate_interval]))`,
        },
        {
          name: "contradictions",
          query: `sum(increase(krm_list_contradictions_total{${OF}}[$__rate_interval]))`,
        },
      ],
    },
  ],
};

const SILENCE: Row = {
  title: "Silence",
  panels: [
    {
      title: "Silence of the watches",
      about:
        "For how long a watch has brought neither an event nor a bookmark with news. Saw teeth of up to a minute are normal. A line that only rises is a watch that is open and dead: KRM opens a second one after 150 s, and replaces it if that one brings news.",
      shape: "lines",
      unit: "seconds",
      width: 4,
      bad: SILENT,
      influx: [sampled("silence", "silent since")],
      prometheus: [gauge("krm_watch_silence_seconds")],
    },
    {
      title: "Last contact",
      about:
        "How long ago the API server said what is in the view, or that it had nothing to say. It is what readers get as the age of an answer. It rises while there is no watch at all.",
      shape: "lines",
      unit: "seconds",
      width: 4,
      bad: SILENT,
      influx: [sampled("contact_age", "last contact")],
      prometheus: [gauge("krm_view_last_contact_age_seconds")],
    },
    {
      title: "Watches opened, and stalled",
      about:
        "A watch is opened anew every five to ten minutes. Many more: connections break (a proxy's or a load balancer's time limit). *stalls*: watches that were silent while a second one brought news. *gaps*: known losses, each followed by a list.",
      shape: "bars",
      unit: "count",
      width: 4,
      influx: [
        {
          name: "$col",
          query: ({ from, time, where, every }) =>
            `SELECT sum("watches") AS "opened", sum("stalls") AS "stalls" FROM (SELECT non_negative_difference(last("watches")) AS "watches", non_negative_difference(last("stalls")) AS "stalls" FROM ${from("krm_scope")} WHERE ${where} GROUP BY ${every}, ${SCOPE} FILL(none)) WHERE ${time} GROUP BY ${every} FILL(none)`,
        },
      ],
      prometheus: [
        { name: "opened", query: `sum(increase(krm_streamer_watches_total{${OF}}[$__rate_interval]))` },
        { name: "stalls", query: `sum(increase(krm_watch_stalls_total{${OF}}[$__rate_interval]))` },
        { name: "gaps: {{cause}}", query: `sum by (cause) (increase(krm_desyncs_total{${OF}}[$__rate_interval]))` },
      ],
    },
  ],
};

const STATE_TABLE: Panel = {
  title: "Views",
  about:
    "The state of each view now. *synced*: as told by a running watch. *snapshot-only*: the resource cannot be watched, and is listed now and then. *stale*: nothing was heard for too long. *forbidden*: KRM may not list or watch it. *gone*: the resource is not served any more. *failed*: KRM cannot write. *syncing*: the first list is not there yet.",
  shape: "table",
  unit: "none",
  width: 6,
  influx: [
    {
      name: "",
      query: ({ from, where }) =>
        `SELECT last("state") AS "state", last("phase") AS "the streamer", last("objects") AS "objects" FROM ${from("krm_scope")} WHERE ${where} GROUP BY "resource", "namespace"`,
    },
  ],
  prometheus: [{ name: "", query: `max by (resource, namespace, state) (krm_scope_state{${OF}}) == 1` }],
};

const VIEWS: Row = {
  title: "Views",
  panels: [
    STATE_TABLE,
    {
      title: "Objects",
      about: "Objects in each view. A step down to 0 is a resource that was emptied, or a list that came back empty.",
      shape: "lines",
      unit: "count",
      width: 6,
      influx: [sampled("objects", "objects")],
      prometheus: [gauge("krm_view_objects")],
    },
  ],
};

/** What the watches lose, how that is found, and how silent they are. */
export const DRIFT_BOARD: Board = {
  name: "drift",
  title: "KRM: drift and silence",
  about: [
    "**What the watches of the API server did not tell, and how sure that is.** A watch can lose events, or fall silent, without an error. KRM lists each resource now and then, compares, asks for objects by name, puts the view right and counts what was missed.",
    "All is well when nothing is missed, every view was verified in the last twenty minutes, and no watch is silent for more than a minute or two. `docs/trust.md` in KRM's repository says what is promised, `docs/metrics.md` what to do.",
  ].join("\n\n"),
  rows: [NOW, MISSED, VERIFICATION, SILENCE, VIEWS, PROCESS],
};
