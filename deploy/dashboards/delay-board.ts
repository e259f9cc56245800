import type { Board, Panel, Row } from "./board.ts";
import { CLOCK_OFFSET } from "./clock-panel.ts";
import { rangesOfEvents, rangesOfIntervals } from "./delay-ranges.ts";

/** Delays that are bad, in seconds: with whole seconds in the API server's times, one second is no delay at all. */
const LATE = { warn: 2, bad: 5 };

const NOT_CANARY = `"source" != 'canary'`;
const CANARY = `"source" = 'canary'`;
const OF = 'resource=~"$resource"';
const EVENTS = `${OF}, source!="canary"`;

const NOW: Row = {
  title: "In the time that is shown",
  panels: [
    {
      title: "99 of 100 came within",
      about:
        "Of all events but the canary's, 99 in 100 were read at most so long after their change. Times of the API server are whole seconds, so up to one second of it is rounding. Above 5 s: look below which resource it is, and at *Clocks*, whether it is a delay at all.",
      shape: "number",
      unit: "seconds",
      width: 2,
      bad: LATE,
      influx: [
        {
          name: "99 of 100 came within",
          query: ({ from, where }) =>
            `SELECT percentile("delay", 99) AS "99 of 100 came within" FROM ${from("streamed_data")} WHERE ${where} AND ${NOT_CANARY}`,
        },
      ],
      prometheus: [
        {
          name: "99 of 100 came within",
          query: `histogram_quantile(0.99, sum by (le) (increase(krm_stream_delay_seconds_bucket{${EVENTS}}[$__range])))`,
        },
      ],
    },
    {
      title: "Longest",
      about:
        "The longest delay of any event. Prometheus knows the bucket that it lies in: shown is the bucket's upper bound, and 300 s for everything above. One long delay is often a watch that was opened anew; many are not.",
      shape: "number",
      unit: "seconds",
      width: 2,
      bad: { warn: 10, bad: 60 },
      influx: [
        {
          name: "longest",
          query: ({ from, where }) =>
            `SELECT max("delay") AS "longest" FROM ${from("streamed_data")} WHERE ${where} AND ${NOT_CANARY}`,
        },
      ],
      prometheus: [
        {
          name: "longest, at most",
          query: `histogram_quantile(1, sum by (le) (increase(krm_stream_delay_seconds_bucket{${EVENTS}}[$__range])))`,
        },
      ],
    },
    {
      title: "Events measured",
      about:
        "Events of which a delay could be told. None: nothing happens in the cluster, or nobody collects. *Not measured* says why others could not.",
      shape: "number",
      unit: "count",
      width: 2,
      influx: [
        {
          name: "events",
          query: ({ from, where }) =>
            `SELECT count("delay") AS "events" FROM ${from("streamed_data")} WHERE ${where} AND ${NOT_CANARY}`,
        },
      ],
      prometheus: [{ name: "events", query: `sum(increase(krm_stream_delay_seconds_count{${EVENTS}}[$__range]))` }],
    },
    {
      title: "Negative delays",
      about:
        "Events that were read before they happened: the API server's clock is ahead of KRM's by more than the delay. All other delays of that cluster are then too short by as much. See *Clocks*, and mend NTP.",
      shape: "number",
      unit: "count",
      width: 2,
      bad: { warn: 1, bad: 100 },
      influx: [
        {
          name: "negative",
          query: ({ from, where }) =>
            `SELECT count("delay") AS "negative" FROM ${from("streamed_data")} WHERE ${where} AND ${NOT_CANARY} AND "delay" < 0`,
        },
      ],
      prometheus: [
        { name: "negative", query: `sum(increase(krm_stream_negative_delays_total{${OF}}[$__range])) or vector(0)` },
      ],
    },
    {
      title: "Canary: 99 of 100 came within",
      about:
        "By one clock, and to the millisecond: from when KRM wrote its own Lease until its view showed it. What is high here is neither a clock nor rounding: the API server, the network, KRM's process or its store is slow.",
      shape: "number",
      unit: "seconds",
      width: 2,
      bad: { warn: 1, bad: 5 },
      influx: [
        {
          name: "99 of 100 came within",
          query: ({ from, time }) =>
            `SELECT percentile("delay", 99) AS "99 of 100 came within" FROM ${from("streamed_data")} WHERE ${time} AND ${CANARY}`,
        },
      ],
      prometheus: [
        {
          name: "99 of 100 came within",
          query:
            'histogram_quantile(0.99, sum by (le) (increase(krm_stream_delay_seconds_bucket{source="canary"}[$__range])))',
        },
      ],
    },
    {
      title: "Canary events lost",
      about:
        "Writes of the canary that the watch went past without telling: proof that it loses events. Anything but 0 needs a look at what stands between KRM and the API server, and at the API server's version.",
      shape: "number",
      unit: "count",
      width: 2,
      bad: { warn: 1, bad: 1 },
      prometheus: [{ name: "lost", query: "sum(increase(krm_canary_lost_total[$__range]))" }],
    },
  ],
};

/** Delays within which so many of 100 events came, by resource and event. */
function within(percent: 50 | 95 | 99): Panel {
  const name = `${percent} of 100 came within`;
  return {
    title: name,
    about: `Of each resource's events of a kind, ${percent} in 100 were read at most so long after the change. A single resource that is late: its watch, or a controller that writes in bursts. All of them: the API server, the network, or KRM's own process (event-loop lag).`,
    shape: "lines",
    unit: "seconds",
    width: 4,
    bad: LATE,
    influx: [
      {
        name: "$tag_resource $tag_event",
        query: ({ from, where, every }) =>
          `SELECT percentile("delay", ${percent}) AS "${name}" FROM ${from("streamed_data")} WHERE ${where} AND ${NOT_CANARY} GROUP BY ${every}, "resource", "event" FILL(none)`,
      },
    ],
    prometheus: [
      {
        name: "{{resource}} {{event}}",
        query: `histogram_quantile(${percent / 100}, sum by (le, resource, event) (rate(krm_stream_delay_seconds_bucket{${EVENTS}}[$__rate_interval])))`,
      },
    ],
  };
}

const BY_RESOURCE: Row = { title: "By resource and event", panels: [within(50), within(95), within(99)] };

const SPREAD: Row = {
  title: "How many, and how they spread",
  panels: [
    {
      title: "Events",
      about:
        "Events of which a delay could be told, by resource and kind. A kind that ends where others go on: its watch is open, but is told nothing.",
      shape: "bars",
      unit: "count",
      width: 4,
      influx: [
        {
          name: "$tag_resource $tag_event",
          query: ({ from, where, every }) =>
            `SELECT count("delay") AS "events" FROM ${from("streamed_data")} WHERE ${where} AND ${NOT_CANARY} GROUP BY ${every}, "resource", "event" FILL(none)`,
        },
      ],
      prometheus: [
        {
          name: "{{resource}} {{event}}",
          query: `sum by (resource, event) (increase(krm_stream_delay_seconds_count{${EVENTS}}[$__rate_interval]))`,
        },
      ],
    },
    {
      title: "How delays spread",
      about:
        "How many events had which delay, over time. One band is as it should be, at or below one second. A second band above it: part of the events takes another way, such as one slow API server of several. The lowest row, up to 0, is of clocks that differ.",
      shape: "spread",
      unit: "seconds",
      width: 8,
      influx: rangesOfEvents(NOT_CANARY),
      prometheus: [
        {
          name: "{{le}}",
          query: `sum by (le) (increase(krm_stream_delay_seconds_bucket{${EVENTS}}[$__rate_interval]))`,
        },
      ],
    },
  ],
};

const CANARY_ALONE: Row = {
  title: "The canary alone",
  panels: [
    {
      title: "The canary's delay",
      about:
        "From when KRM sent a write of its own Lease until its view showed it, by one clock. It includes the write itself (*the write took*) and KRM's store. It is measured in a quiet cluster too.",
      shape: "lines",
      unit: "seconds",
      width: 6,
      bad: { warn: 1, bad: 5 },
      influx: [
        {
          name: "$col",
          query: ({ from, time, every }) =>
            `SELECT percentile("delay", 50) AS "half came within", percentile("delay", 99) AS "99 of 100 came within", max("delay") AS "longest", max("resolution") AS "the write took" FROM ${from("streamed_data")} WHERE ${time} AND ${CANARY} GROUP BY ${every} FILL(none)`,
        },
      ],
      prometheus: [
        {
          name: "half came within",
          query:
            'histogram_quantile(0.5, sum by (le) (rate(krm_stream_delay_seconds_bucket{source="canary"}[$__rate_interval])))',
        },
        {
          name: "99 of 100 came within",
          query:
            'histogram_quantile(0.99, sum by (le) (rate(krm_stream_delay_seconds_bucket{source="canary"}[$__rate_interval])))',
        },
        { name: "the oldest write waits since", query: "max(krm_canary_waiting_seconds)" },
      ],
    },
    {
      title: "The canary's writes",
      about:
        "Writes, and what became of them. *Failed*: KRM may not write its Lease (patch and create on leases), or the API server refuses. *Overdue*: the view did not show it in time; the watch is then opened anew. *Lost*: the watch went past it without telling.",
      shape: "bars",
      unit: "count",
      width: 6,
      prometheus: [
        { name: "writes: {{result}}", query: "sum by (result) (increase(krm_canary_writes_total[$__rate_interval]))" },
        { name: "overdue", query: "sum(increase(krm_canary_overdue_total[$__rate_interval]))" },
        { name: "lost", query: "sum(increase(krm_canary_lost_total[$__rate_interval]))" },
      ],
    },
  ],
};

const CLOCKS: Row = {
  title: "Clocks, and what could not be measured",
  panels: [
    CLOCK_OFFSET,
    {
      title: "Negative delays",
      about:
        "Events that were read before they happened, by where their time comes from. *renewTime* is by the clock of who holds the Lease (of a node, its kubelet), all others are by the API server's.",
      shape: "bars",
      unit: "count",
      width: 4,
      influx: [
        {
          name: "$tag_resource $tag_source",
          query: ({ from, where, every }) =>
            `SELECT count("delay") AS "negative" FROM ${from("streamed_data")} WHERE ${where} AND "delay" < 0 GROUP BY ${every}, "resource", "source" FILL(none)`,
        },
      ],
      prometheus: [
        {
          name: "{{resource}} {{source}}",
          query: `sum by (resource, source) (increase(krm_stream_negative_delays_total{${OF}}[$__rate_interval]))`,
        },
      ],
    },
    {
      title: "Not measured",
      about:
        "Changes of which no delay can be told. *not-live*: a list or a verification brought it. *same-second*: a further write within one second. *no-time*: the API server wrote no time. *seen-late*: the first that was heard of an object is not its beginning. *unknown-before*: nothing is known of the state before it. Many *not-live* ones with few verifications: the watch loses its place.",
      shape: "bars",
      unit: "count",
      width: 4,
      prometheus: [
        {
          name: "{{reason}} {{event}}",
          query: `sum by (reason, event) (increase(krm_stream_unmeasured_events_total{${OF}}[$__rate_interval]))`,
        },
      ],
    },
  ],
};

const ONE_BY_ONE: Row = {
  title: "One by one",
  panels: [
    {
      title: "Newest",
      about:
        "The newest events. The version is the event's own, so that it can be found in the API server's audit log.",
      shape: "table",
      unit: "seconds",
      width: 6,
      influx: [
        {
          name: "",
          query: ({ from, where }) =>
            `SELECT "delay", "resource", "namespace", "event", "source", "version" FROM ${from("streamed_data")} WHERE ${where} ORDER BY time DESC LIMIT 50`,
        },
      ],
    },
    {
      title: "Longest",
      about:
        "The events that came latest. Several of one moment: the watch was interrupted, and told them all when it was back.",
      shape: "table",
      unit: "seconds",
      width: 6,
      influx: [
        {
          name: "",
          query: ({ from, where }) =>
            `SELECT top("delay", 50) AS "delay", "resource", "namespace", "event", "source", "version" FROM ${from("streamed_data")} WHERE ${where}`,
        },
      ],
    },
  ],
};

const INTERVALS: Row = {
  title: "Where delays are kept by interval, instead of one by one",
  panels: [
    {
      title: "By interval: 50, 95 and 99 of 100",
      about:
        "Of intervals, where KRM writes those instead of a point for each event (`--influx-histograms`); else it is empty. Where a point of the picture covers several intervals it shows the worst of them: percentiles cannot be averaged.",
      shape: "lines",
      unit: "seconds",
      width: 6,
      bad: LATE,
      influx: [
        {
          name: "$tag_resource $tag_event: $col",
          query: ({ from, where, every }) =>
            `SELECT max("p50") AS "50 of 100 came within", max("p95") AS "95 of 100 came within", max("p99") AS "99 of 100 came within" FROM ${from("streamed_data_histogram")} WHERE ${where} AND ${NOT_CANARY} GROUP BY ${every}, "resource", "event" FILL(none)`,
        },
      ],
    },
    {
      title: "By interval: how delays spread",
      about: "How many events had which delay, as *How delays spread* shows it, of intervals.",
      shape: "spread",
      unit: "seconds",
      width: 6,
      influx: rangesOfIntervals(NOT_CANARY),
    },
    {
      title: "By interval: events",
      about: "Events of which a delay could be told, by resource and kind, of intervals.",
      shape: "bars",
      unit: "count",
      width: 6,
      influx: [
        {
          name: "$tag_resource $tag_event",
          query: ({ from, where, every }) =>
            `SELECT sum("count") AS "events" FROM ${from("streamed_data_histogram")} WHERE ${where} AND ${NOT_CANARY} GROUP BY ${every}, "resource", "event" FILL(none)`,
        },
      ],
    },
    {
      title: "By interval: the canary",
      about: "The canary's delay by one clock, of intervals: the worst interval of each point of the picture.",
      shape: "lines",
      unit: "seconds",
      width: 6,
      bad: { warn: 1, bad: 5 },
      influx: [
        {
          name: "$col",
          query: ({ from, time, every }) =>
            `SELECT max("p50") AS "half came within", max("p99") AS "99 of 100 came within", max("max") AS "longest" FROM ${from("streamed_data_histogram")} WHERE ${time} AND ${CANARY} GROUP BY ${every} FILL(none)`,
        },
      ],
    },
  ],
};

/** How late the watches tell of changes. */
export const DELAY_BOARD: Board = {
  name: "delay",
  title: "KRM: stream delay",
  about: [
    "**How late the watches of the API server tell of changes.** A delay is the time at which an event was read, less the time that the API server (or, of a Lease, its holder) wrote into the object.",
    "Those times are whole seconds, and of another clock: up to one second is rounding, and a clock that is off moves all of them (*Clocks*). The **canary** is measured by KRM's clock alone, to the millisecond. `docs/metrics.md` in KRM's repository says more.",
  ].join("\n\n"),
  rows: [NOW, BY_RESOURCE, SPREAD, CANARY_ALONE, CLOCKS, ONE_BY_ONE, INTERVALS],
};
