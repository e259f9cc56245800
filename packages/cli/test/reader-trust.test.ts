import { setImmediate as nextTurn } from "node:timers/promises";
import { KrmClient, KrmClientError } from "@krm/client";
import { KrmError, Monitor, PODS, scopeId } from "@krm/core";
import { krmPlugin } from "@krm/server";
import { ClusterSource, ManualClock, NAMESPACES, SimCluster } from "@krm/testkit";
import Fastify, { type FastifyInstance, type LightMyRequestResponse } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { statusLines } from "../src/commands/status/status-lines.ts";
import { registerRoleMetrics } from "@krm/metrics/prometheus";
import { everySecond } from "../src/monitoring/every-second.ts";
import { MonitorBoard } from "../src/monitoring/monitor-board.ts";
import { tellNews } from "../src/monitoring/tell-news.ts";
import { StoreHealth } from "../src/stores/store-health.ts";
import { type ProcessMetrics, processMetrics } from "@krm/metrics/prometheus";
import { type RecordingLogger, recordingLogger } from "./recording-logger.ts";

// A monitor over a simulated cluster, served and read by the client: no time passes but by the clock of the test.

let clock: ManualClock;
let cluster: SimCluster;
let source: ClusterSource;
let lossy: boolean;
let away: boolean;
let metrics: ProcessMetrics;
let board: MonitorBoard;
let monitor: Monitor;
let app: FastifyInstance;
let client: KrmClient;
let logger: RecordingLogger;
let told: Promise<unknown>;
let stop: AbortController;

beforeEach(async () => {
  clock = new ManualClock({ now: Date.UTC(2026, 0, 1) });
  cluster = new SimCluster({ clock, seed: 7 });
  cluster.create(NAMESPACES, { metadata: { name: "team-a" } });
  for (const name of ["p1", "p2", "p3"]) create(name);
  [lossy, away] = [false, false];
  source = new ClusterSource({
    cluster,
    tell: (event) => (lossy ? [] : [event]),
    beforeRequest: () => {
      if (away) throw unreachable();
    },
  });
  logger = recordingLogger();
  metrics = processMetrics(["streamer", "verifier", "merger"]);
  monitor = new Monitor({
    source,
    clock,
    resources: [PODS],
    random: () => 0.5,
    telemetry: metrics.telemetry,
  });
  board = new MonitorBoard(new StoreHealth(logger, clock), clock);
  board.follow(monitor);
  registerRoleMetrics(metrics.registry, ["streamer", "verifier", "merger"], board);
  app = Fastify();
  await app.register(krmPlugin, {
    store: monitor.store,
    scopes: monitor.scopes,
    clock,
    metrics: metrics.registry,
  });
  client = new KrmClient({ url: "http://krm.test", fetch: viaInject, retries: 0 });
  stop = new AbortController();
  told = Promise.all([
    tellNews(monitor, { logger, clock, shared: false, board, signal: stop.signal }),
    everySecond(() => board.beat(), clock, stop.signal),
  ]);
});

afterEach(async () => {
  stop.abort();
  await Promise.all([told, monitor.stop(), app.close()]);
  metrics[Symbol.dispose]();
});

function unreachable(): KrmError {
  return new KrmError("KRM_CONNECTION", "nobody answers");
}

function create(name: string): void {
  cluster.create(PODS, { metadata: { name, namespace: "team-a" }, spec: {} }, { namespace: "team-a" });
}

/** The client's way to the server, without a socket. */
const viaInject: typeof fetch = async (url, init) => {
  const { pathname, search } = new URL(url instanceof Request ? url.url : url);
  const answer = await app.inject({ url: pathname + search, headers: init?.headers as Record<string, string> });
  const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, String(one)]),
  );
  return new Response(answer.body, { status: answer.statusCode, headers });
};

async function until(met: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let turns = 0; turns < 20_000; turns++) {
    if (await met()) return;
    await nextTurn();
  }
  throw new Error(`it never came to this: ${what}`);
}

/** Starts to monitor, until the watch is open. */
async function begin(): Promise<void> {
  monitor.start();
  await monitor.ready();
  await until(() => source.openWatches > 0, "a watch is open");
}

/** Lets time pass until the call has ended. */
async function waited<T>(call: Promise<T>): Promise<T> {
  let over = false;
  const end = call.finally(() => (over = true)).catch(() => {});
  while (!over) {
    await Promise.race([end, nextTurn()]);
    if (!over) await clock.advance(100);
  }
  return call;
}

async function failureOf(call: Promise<unknown>): Promise<KrmClientError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(KrmClientError);
  return error as KrmClientError;
}

/** A metric of one scope: the sum of its series that have all of `having` among their labels. */
async function metric(name: string, ...having: readonly string[]): Promise<number> {
  const text = (await app.inject("/metrics")).body;
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{resource="v1/pods",namespace=""`));
  return lines
    .filter((line) => having.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

describe("every answer", () => {
  it("says how far it can be trusted: lists, single objects, unchanged ones, status", async () => {
    await begin();
    const { version } = cluster;
    const trust = {
      state: "synced",
      verifiedAt: new Date(clock.now()),
      verifiedResourceVersion: version,
      lastContact: new Date(clock.now()),
      warnings: [],
    };
    await until(async () => (await client.list("pods")).freshness.streamedThrough === version, "it is streamed");
    const list = await client.list("pods");
    expect(list.items).toHaveLength(3);
    expect(list.freshness).toMatchObject({ ...trust, resourceVersion: version, streamedThrough: version });
    const one = await client.get("pods", { namespace: "team-a", name: "p1" });
    expect(one.freshness).toEqual(list.freshness);
    const none = await failureOf(client.get("pods", { namespace: "team-a", name: "nobody" }));
    expect([none.code, none.freshness]).toEqual(["KRM_CLIENT_NOT_FOUND", expect.objectContaining(trust)]);

    const same = await app.inject({
      url: "/pods",
      headers: { "if-none-match": String((await raw("/pods")).headers.etag) },
    });
    expect([same.statusCode, trustHeaders(same)]).toEqual([304, trustHeaders(await raw("/pods"))]);
    const head = await app.inject({ method: "HEAD", url: "/pods" });
    expect(trustHeaders(head)).toEqual(trustHeaders(await raw("/pods")));
    expect(trustHeaders(await raw("/status"))).toMatchObject({ "krm-state": "synced" });
  });

  it("says so where there is none yet", async () => {
    const error = await failureOf(client.list("pods"));
    expect(error).toMatchObject({ code: "KRM_CLIENT_SYNCING", status: 503, retryAfter: 1 });
    expect(error.freshness).toMatchObject({ state: "syncing" });
  });

  it("says, past the bound, that it is stale and how old", async () => {
    await begin();
    away = true;
    source.endWatches(unreachable());
    await clock.advance(11_000);
    const { items, freshness } = await client.list("pods");
    expect(items).toHaveLength(3);
    expect(freshness).toMatchObject({ state: "stale", lastContact: new Date(clock.now() - 11_000) });
    expect(freshness.warnings).toEqual([expect.stringMatching(/^pods: stale, last contact .* 11s ago/)]);
  });
});

function raw(url: string): Promise<LightMyRequestResponse> {
  return app.inject(url);
}

function trustHeaders({ headers }: LightMyRequestResponse): object {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("krm-")));
}

describe("a demand", () => {
  it("for a version is waited for, and met as soon as it is there", async () => {
    await begin();
    create("p4");
    const { version: resourceVersion } = cluster;
    for (const resourceVersionMatch of [undefined, "NotOlderThan", "Exact"] as const) {
      const { items, freshness } = await waited(client.list("pods", { resourceVersion, resourceVersionMatch }));
      expect([items.length, freshness.resourceVersion]).toEqual([4, resourceVersion]);
    }
  });

  it("for a version that does not come is the API server's 504 after three seconds, with what there is", async () => {
    await begin();
    const { version } = cluster;
    const before = clock.now();
    const error = await failureOf(waited(client.list("pods", { resourceVersion: "100070" })));
    expect(clock.now() - before).toBeGreaterThanOrEqual(3000);
    expect(clock.now() - before).toBeLessThan(3500);
    expect(error).toMatchObject({ code: "KRM_CLIENT_TOO_STALE", status: 504, retryAfter: 1 });
    expect(error.body).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: `Timeout: Too large resource version: 100070, current: ${version}`,
      reason: "Timeout",
      details: {
        causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
        retryAfterSeconds: 1,
      },
      code: 504,
    });
    expect(error.freshness).toMatchObject({ state: "synced", verifiedResourceVersion: version });
  });

  it("for an exact version that is over says what can be had", async () => {
    await begin();
    const { version: old } = cluster;
    create("p4");
    await waited(client.list("pods", { resourceVersion: cluster.version }));
    const error = await failureOf(client.list("pods", { resourceVersion: old, resourceVersionMatch: "Exact" }));
    expect(error).toMatchObject({ code: "KRM_CLIENT_EXPIRED", status: 410 });
    expect(error.message).toContain(`the view is at ${cluster.version}`);
    expect(error.freshness).toMatchObject({ state: "synced" });
  });

  it("for an age is met, or a 504 that says how old it is", async () => {
    await begin();
    away = true;
    source.endWatches(unreachable());
    await clock.advance(5000);
    expect((await client.list("pods", { maxStaleness: "1m" })).items).toHaveLength(3);
    const error = await failureOf(waited(client.list("pods", { maxStaleness: 4000 })));
    expect(error).toMatchObject({ code: "KRM_CLIENT_TOO_STALE", status: 504, retryAfter: 1 });
    expect(error.message).toMatch(/proved 8s ago, maxStaleness=4s asks for less$/);
    expect(error.freshness?.lastContact).toEqual(new Date(clock.now() - 8000));
  });
});

describe("what the watch missed", () => {
  it("is the same number in /status, in the metrics, in the log and in krm status", async () => {
    await begin();
    lossy = true;
    cluster.delete(PODS, "team-a", "p2");
    create("p4");
    lossy = false;
    source.bookmark();
    await clock.advance(60_000);
    monitor.verifyNow();
    await waited(until(() => logger.lines.filter((line) => line.includes("missed")).length === 2, "it is found"));
    expect((await client.list("pods")).items).toHaveLength(3);
    // The roles tell the store how they are every second.
    await waited(clock.sleep(2000));
    const status = await client.status();
    const { merger, verifier } = status.scopes[0] ?? {};
    expect(merger).toMatchObject({
      missed: { added: 1, modified: 0, deleted: 1, recreated: 0 },
      missedByCause: { upstream: { added: 1, modified: 0, deleted: 1, recreated: 0 } },
      verifications: { drift: 1 },
      repairs: 2,
    });
    expect(verifier?.mode).toMatch(/^exact-/);
    expect(verifier?.asked).toBeGreaterThanOrEqual(2);
    const recent = merger?.recent ?? [];
    expect(recent.map(({ type, key, cause }) => `${type} ${key} ${cause}`).toSorted()).toEqual([
      "added team-a/p4 upstream",
      "deleted team-a/p2 upstream",
    ]);
    for (const { exposedSeconds, foundAt, type, shown, actual } of recent) {
      expect(exposedSeconds).toBeGreaterThanOrEqual(60);
      expect(exposedSeconds).toBeLessThanOrEqual(62);
      expect(Date.parse(foundAt)).toBeLessThanOrEqual(clock.now());
      expect([shown === undefined, actual === undefined]).toEqual([type === "added", type === "deleted"]);
    }
    expect(await metric("krm_missed_events_total", 'type="deleted"', 'cause="upstream"')).toBe(1);
    expect(await metric("krm_missed_events_total", 'type="modified"')).toBe(0);
    expect(await metric("krm_drift_exposure_seconds_count")).toBe(2);
    const total = merger?.exposure.totalSeconds ?? Number.NaN;
    expect(await metric("krm_drift_exposure_seconds_sum")).toBeCloseTo(total, 6);
    expect(await metric("krm_verifications_total", 'result="drift"', `mode="${verifier?.mode}"`)).toBe(1);
    expect(await metric("krm_repairs_total", 'by="verification"')).toBe(2);
    expect(await metric("krm_streamer_lists_total")).toBe(1);
    const { requests } = source;
    const verbs = [
      ["list", requests.list],
      ["list-metadata", requests.listMetadata],
      ["watch", requests.watch],
      ["get", requests.get],
    ] as const;
    for (const [verb, count] of verbs) {
      expect([verb, await metric("krm_api_requests_total", `verb="${verb}"`)]).toEqual([verb, count]);
    }
    expect(logger.lines.filter((line) => line.includes("missed")).toSorted()).toEqual([
      expect.stringMatching(
        /^info pods team-a\/p2: missed deleted, exposed for at most 6[0-2]s, cause: none known here \(upstream\)$/,
      ),
      expect.stringMatching(/^info pods team-a\/p4: missed added, exposed for at most 6[0-2]s, cause: none known here/),
    ]);
    const lines = statusLines(status, 80);
    expect(lines[1]).toMatch(/^pods {2,}synced .* exact-\w+ +2$/);
    expect(lines[3]).toMatch(/^pods: missed 1 \w+, 1 \w+$/);
  });
});

describe("who looks after the process", () => {
  it("is told how each scope is", async () => {
    expect(board.checks()).toEqual([{ ready: false, line: "v1/pods starting" }]);
    expect(board.roles.map(({ role, scope, report }) => [role, scopeId(scope), report])).toEqual([
      ["streamer", "v1/pods", undefined],
      ["verifier", "v1/pods", undefined],
      ["merger", "v1/pods", undefined],
    ]);
    await begin();
    await waited(clock.sleep(2500));
    expect(board.checks()).toEqual([{ ready: true, line: "v1/pods synced" }]);
    expect(board.silentMs).toBeLessThanOrEqual(1000);
    const text = (await app.inject("/metrics")).body;
    expect(text).toContain('krm_role_standing{role="merger",scope="v1/pods",standing="holding"} 1');
  });
});
