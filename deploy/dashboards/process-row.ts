import type { Row } from "./board.ts";
import { CLOCK_OFFSET } from "./clock-panel.ts";

const OF = 'resource=~"$resource"';

/** Every process of KRM asks a store, and other Node.js processes do not tell of one. */
const OF_KRM = "and on (job, instance) krm_store_operation_duration_seconds_count";

/** KRM's own processes, and what stands behind them. */
export const PROCESS: Row = {
  title: "KRM itself",
  panels: [
    {
      title: "Event-loop lag",
      about:
        "How late timers fired in a process of KRM: for so long it did not get to what had arrived, and events waited in the socket. Above a second for long: it lacks CPU (a limit, a busy node), or watches more than one process can take.",
      shape: "lines",
      unit: "seconds",
      width: 4,
      bad: { warn: 0.5, bad: 1 },
      influx: [
        {
          name: "$col",
          query: ({ from, time, every }) =>
            `SELECT max("event_loop_p99") AS "99 of 100 timers within", max("event_loop_max") AS "latest timer" FROM ${from("krm_scope")} WHERE ${time} GROUP BY ${every} FILL(none)`,
        },
      ],
      prometheus: [
        { name: "99 of 100 timers within {{job}} {{instance}}", query: `nodejs_eventloop_lag_p99_seconds ${OF_KRM}` },
        { name: "latest timer {{job}} {{instance}}", query: `nodejs_eventloop_lag_max_seconds ${OF_KRM}` },
      ],
    },
    {
      title: "Queue",
      about:
        "What was read and is not written to the store yet. It fills in bursts and empties in seconds. If it stays full, the store is slower than the cluster: what does not fit is dropped, counted as a gap (*overflow*) and listed again.",
      shape: "lines",
      unit: "count",
      width: 4,
      influx: [
        {
          name: "$tag_resource $tag_namespace",
          query: ({ from, where, every }) =>
            `SELECT max("queued") AS "waiting" FROM ${from("krm_scope")} WHERE ${where} GROUP BY ${every}, "resource", "namespace" FILL(none)`,
        },
      ],
      prometheus: [
        {
          name: "{{role}} {{resource}} {{namespace}}",
          query: `max by (role, resource, namespace) (krm_role_queued{${OF}})`,
        },
      ],
    },
    CLOCK_OFFSET,
    {
      title: "Store",
      about:
        "How long calls of the store take (99 of 100), and for how long it has not done what it was asked. While it fails nothing is written: the views stand still, and what is read waits in the queue.",
      shape: "lines",
      unit: "seconds",
      width: 4,
      bad: { warn: 1, bad: 10 },
      prometheus: [
        {
          name: "{{operation}}",
          query:
            "histogram_quantile(0.99, sum by (le, operation) (rate(krm_store_operation_duration_seconds_bucket[$__rate_interval])))",
        },
        { name: "fails since", query: "max(krm_store_failing_seconds)" },
      ],
    },
    {
      title: "Errors of the store",
      about:
        "Calls of the store that failed or were refused, by the name of the call and the code of the error. `docs/errors.md` says what each code means.",
      shape: "bars",
      unit: "count",
      width: 4,
      prometheus: [
        {
          name: "{{operation}} {{code}}",
          query: "sum by (operation, code) (increase(krm_store_operation_errors_total[$__rate_interval]))",
        },
      ],
    },
    {
      title: "Requests to the API server",
      about:
        "What KRM asks of the API server, by what it asks for. Mostly `get`: samples by name, within the budget of verification. Many lists: watches lose their place.",
      shape: "bars",
      unit: "count",
      width: 4,
      prometheus: [
        { name: "{{verb}}", query: `sum by (verb) (increase(krm_api_requests_total{${OF}}[$__rate_interval]))` },
      ],
    },
    {
      title: "Collector",
      about:
        "What reads the change feeds to measure delays. A *gap*: a feed was begun anew, or had dropped what was not read yet, so that delays are missing; a collector that was down for long has one.",
      shape: "bars",
      unit: "count",
      width: 4,
      prometheus: [
        { name: "delays", query: "sum(increase(krm_collector_delays_total[$__rate_interval]))" },
        { name: "gaps", query: "sum(increase(krm_collector_gaps_total[$__rate_interval]))" },
      ],
    },
    {
      title: "Points for InfluxDB",
      about:
        "What became of points. *written*: InfluxDB has them. *refused*: it will never take them (the log says why). *dropped*: given up for want of room, while InfluxDB could not be written to.",
      shape: "bars",
      unit: "count",
      width: 4,
      prometheus: [
        { name: "{{outcome}}", query: "sum by (outcome) (increase(krm_influx_points_total[$__rate_interval]))" },
      ],
    },
    {
      title: "Waiting for InfluxDB",
      about:
        "Bytes of points that wait in memory, and on disk. They rise while InfluxDB cannot be written to, and are sent when it can.",
      shape: "lines",
      unit: "bytes",
      width: 4,
      prometheus: [
        { name: "in memory", query: "sum(krm_influx_waiting_bytes)" },
        { name: "on disk", query: "sum(krm_influx_spilled_bytes)" },
      ],
    },
  ],
};
