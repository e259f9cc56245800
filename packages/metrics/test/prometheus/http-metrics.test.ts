import { PODS } from "@krm/core";
import { Registry } from "prom-client";
import { expect, it } from "vitest";
import { httpMetrics } from "../../src/prometheus/http-metrics.ts";
import { series } from "./support/scrape.ts";

const LIST = {
  route: "/:resource",
  method: "GET",
  status: 200,
  complete: true,
  watch: false,
  forwarded: false,
  seconds: 0.002,
  bytes: 1000,
};

it("requests of readers are measured by route, and those under way", async () => {
  const registry = new Registry();
  const http = httpMetrics(registry);
  for (let request = 0; request < 6; request++) http.began();
  http.answered(LIST);
  http.answered({ ...LIST, seconds: 0.02 });
  http.answered({ ...LIST, complete: false, bytes: 10 });
  http.answered({ ...LIST, method: "PROPFIND", status: 405, bytes: 0 });
  http.answered({ ...LIST, route: "/status", method: "HEAD", bytes: 0 });
  expect(await series(registry, "krm_http_requests_in_flight")).toEqual(["krm_http_requests_in_flight 1"]);
  expect(await series(registry, "krm_http_requests_total")).toEqual([
    'krm_http_requests_total{method="GET",route="/:resource",code="200"} 2',
    'krm_http_requests_total{method="GET",route="/:resource",code="499"} 1',
    'krm_http_requests_total{method="other",route="/:resource",code="405"} 1',
    'krm_http_requests_total{method="HEAD",route="/status",code="200"} 1',
  ]);
  expect(await series(registry, "krm_http_response_bytes_total")).toEqual([
    'krm_http_response_bytes_total{route="/:resource"} 2010',
    'krm_http_response_bytes_total{route="/status"} 0',
  ]);
  const duration = "krm_http_request_duration_seconds";
  expect(await series(registry, `${duration}_count`)).toEqual([
    `${duration}_count{method="GET",route="/:resource"} 3`,
    `${duration}_count{method="other",route="/:resource"} 1`,
    `${duration}_count{method="HEAD",route="/status"} 1`,
  ]);
  expect(await series(registry, `${duration}_bucket`)).toContain(
    `${duration}_bucket{le="0.0025",method="GET",route="/:resource"} 2`,
  );
});

it("a watch is a request as any other, but not one that took long", async () => {
  const registry = new Registry();
  const http = httpMetrics(registry);
  http.began();
  http.answered({ ...LIST, route: "/api", watch: true, seconds: 1800, bytes: 5000 });
  expect(await series(registry, "krm_http_requests_total")).toEqual([
    'krm_http_requests_total{method="GET",route="/api",code="200"} 1',
  ]);
  expect(await series(registry, "krm_http_response_bytes_total")).toEqual([
    'krm_http_response_bytes_total{route="/api"} 5000',
  ]);
  expect(await series(registry, "krm_http_request_duration_seconds_count")).toEqual([]);
});

it("watches are told by scope: those that are open, and every way in which they ended", async () => {
  const registry = new Registry();
  const http = httpMetrics(registry);
  expect(await series(registry, "krm_watches_open", "krm_watches_ended_total")).toEqual([]);
  const ended = { left: 3, slow: 0 };
  let open = 2;
  http.watches(() => [
    { scope: { resource: PODS }, open, ended, framed: 7 },
    { scope: { resource: PODS, namespace: "team-a" }, open: 0, ended, framed: 0 },
  ]);
  open = 1;
  expect(await series(registry, "krm_watches_open")).toEqual([
    'krm_watches_open{resource="v1/pods",namespace=""} 1',
    'krm_watches_open{resource="v1/pods",namespace="team-a"} 0',
  ]);
  expect((await series(registry, "krm_watches_ended_total")).slice(0, 2)).toEqual([
    'krm_watches_ended_total{resource="v1/pods",namespace="",reason="left"} 3',
    'krm_watches_ended_total{resource="v1/pods",namespace="",reason="slow"} 0',
  ]);
  expect((await series(registry, "krm_watches_frames_total"))[0]).toMatch(/ 7$/u);
});

it("those that the API server answered are counted apart", async () => {
  const registry = new Registry();
  const http = httpMetrics(registry);
  const answers = [LIST, { ...LIST, forwarded: true }, { ...LIST, forwarded: true, status: 403 }];
  for (const answer of [...answers, { ...LIST, forwarded: true, complete: false }]) {
    http.began();
    http.answered(answer);
  }
  expect(await series(registry, "krm_http_forwarded_requests_total")).toEqual([
    'krm_http_forwarded_requests_total{code="200"} 1',
    'krm_http_forwarded_requests_total{code="403"} 1',
    'krm_http_forwarded_requests_total{code="499"} 1',
  ]);
});
