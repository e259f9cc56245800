import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { type MetricFacts, metricOptions } from "./metric-facts.ts";
import { registerScraped } from "./scraped-metric.ts";
import { type MeasuredWatches, WATCH_METRICS } from "./watch-metrics.ts";

/** One request of a reader, when it is over. */
export interface AnsweredHttpRequest {
  /** Which of the server's routes it was; one of a few names, never the path that was asked for. */
  readonly route: string;
  readonly method: string;
  /** The status that was sent, or that would have been. */
  readonly status: number;
  /** The whole answer has been sent; false: the reader had left before. */
  readonly complete: boolean;
  /** It was a watch, which goes on until somebody ends it. */
  readonly watch: boolean;
  /** From the request's headers to the end of the answer. */
  readonly seconds: number;
  /** Of the body, that were sent. */
  readonly bytes: number;
  /** The answer is the API server's, to which the request was sent on. */
  readonly forwarded: boolean;
}

/** Hears of the requests of readers: what `@krm/server` takes as `observer`. */
export interface HttpMetrics {
  began(): void;
  answered(request: AnsweredHttpRequest): void;
  /** Takes what tells of a server's watches; where several servers tell, the last one counts. */
  watches(read: () => readonly MeasuredWatches[]): void;
}

/** Requests by route and how they were answered. */
export const HTTP_REQUESTS: MetricFacts = {
  name: "krm_http_requests_total",
  type: "counter",
  help: "Requests of readers, when they were over, by route and status; 499: the reader left before the answer's end.",
  labels: ["method", "route", "code"],
};

/** How long readers waited. */
export const HTTP_DURATION: MetricFacts & { readonly buckets: readonly number[] } = {
  name: "krm_http_request_duration_seconds",
  type: "histogram",
  help: "From the headers of a request to the end of its answer, at the pace of its reader; watches are left out.",
  labels: ["method", "route"],
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
};

/** What answers weigh. */
export const HTTP_BYTES: MetricFacts = {
  name: "krm_http_response_bytes_total",
  type: "counter",
  help: "Bytes of answers to readers, without headers; those of a watch when it has ended.",
  labels: ["route"],
};

/** What is open. */
export const HTTP_IN_FLIGHT: MetricFacts = {
  name: "krm_http_requests_in_flight",
  type: "gauge",
  help: "Requests of readers that are not over, open watches among them.",
  labels: [],
};

/** What readers cost the API server all the same. */
export const HTTP_FORWARDED: MetricFacts = {
  name: "krm_http_forwarded_requests_total",
  type: "counter",
  help: "Requests of readers that the API server answered, when they were over, by its status; 499: the reader left before the answer's end.",
  labels: ["code"],
};

/** nginx's, where no status has been agreed on. */
const READER_LEFT = 499;

/** All that are answered; whoever makes up others must not make up series. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** Adds what is measured of the requests of readers, and of their watches. */
export function httpMetrics(registry: Registry): HttpMetrics {
  const requests = new Counter(metricOptions(HTTP_REQUESTS, registry));
  const durations = new Histogram(metricOptions(HTTP_DURATION, registry));
  const sent = new Counter(metricOptions(HTTP_BYTES, registry));
  const forwards = new Counter(metricOptions(HTTP_FORWARDED, registry));
  const open = new Gauge(metricOptions(HTTP_IN_FLIGHT, registry));
  let watching: () => readonly MeasuredWatches[] = () => [];
  registerScraped(registry, WATCH_METRICS, () => watching());
  return {
    began: () => open.inc(),
    watches: (read) => (watching = read),
    answered({ route, method: told, status, complete, watch, seconds, bytes, forwarded }) {
      open.dec();
      const method = METHODS.has(told) ? told : "other";
      const code = complete ? status : READER_LEFT;
      requests.inc({ method, route, code });
      if (forwarded) forwards.inc({ code });
      if (!watch) durations.observe({ method, route }, seconds);
      sent.inc({ route }, bytes);
    },
  };
}
