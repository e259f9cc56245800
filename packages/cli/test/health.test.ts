import {
  type CallOptions,
  type ErrorReport,
  KrmError,
  type LeaseRequest,
  MemoryStore,
  METRICS,
  NODES,
  PODS,
  type Role,
  type RolePhase,
  type Scope,
  type Standing,
  type VerifierReport,
} from "@krm/core";
import { ClusterSource, ManualClock, SimCluster } from "@krm/testkit";
import type { FastifyInstance } from "fastify";
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Health, healthApp } from "../src/health/health-app.ts";
import { readiness } from "../src/health/readiness.ts";
import { registerRoleMetrics } from "@krm/metrics/prometheus";
import { serveHealth } from "../src/health/serve-health.ts";
import { MonitorBoard } from "../src/monitoring/monitor-board.ts";
import { RoleBoard } from "../src/roles/role-board.ts";
import { mergeScope, type ScopeRole, streamScope, verifyScope } from "../src/roles/scope-role.ts";
import { type ProcessMetrics, processMetrics } from "@krm/metrics/prometheus";
import { StoreHealth } from "../src/stores/store-health.ts";
import { recordingLogger } from "./recording-logger.ts";
import { begin as beginCommand, end, servedCluster, urlOf } from "./served-cluster.ts";

const LEASE: LeaseRequest = { holder: "me", ttlMs: 15_000 };
const DENIED: ErrorReport = { code: "KRM_API_STATUS", message: "denied by host-1", hint: undefined, status: 403 };
const BLOCKED: RolePhase = { phase: "blocked", since: 0, until: 1, reason: "forbidden", error: DENIED };

let clock: ManualClock;
let store: StoreHealth;
let board: RoleBoard;
let metrics: ProcessMetrics;
let app: FastifyInstance;

beforeEach(() => {
  clock = new ManualClock();
  begin("verifier");
});
afterEach(async () => app.close());
afterAll(() => metrics[Symbol.dispose]());

function begin(kind: Role): void {
  store = new StoreHealth(recordingLogger(), clock);
  board = new RoleBoard("pods", store, clock);
  metrics?.[Symbol.dispose]();
  metrics = processMetrics([kind]);
  registerRoleMetrics(metrics.registry, [kind], board);
  app = healthApp(health());
}

function health(): Health {
  const { registry } = metrics;
  return {
    silentMs: () => board.silentMs,
    stuck: () => board.stuck(),
    checks: () => readiness(board),
    metrics: registry,
  };
}

function role(scope: Scope, standing: Standing | undefined, state?: RolePhase): ScopeRole {
  const report: VerifierReport | undefined = state && {
    state,
    progress: undefined,
    lastContact: undefined,
    snapshots: 0,
    mode: undefined,
    requests: 0,
    asked: 0,
    failures: 0,
  };
  return { role: "verifier", scope, standing, report, queued: 0, run: async () => {} };
}

async function get(url: string): Promise<{ code: number; text: string }> {
  const { statusCode, body } = await app.inject(url);
  return { code: statusCode, text: body };
}

describe("/readyz", () => {
  it("is not, while it is not known what the resource is", async () => {
    expect(await get("/readyz")).toEqual({
      code: 503,
      text: "[-]pods: what it is, is looked up\nreadyz check failed\n",
    });
  });

  it("is, when each scope is held or stood by for", async () => {
    board.roles = [role({ resource: PODS, namespace: "a" }, "holding"), role({ resource: NODES }, "standing-by")];
    expect(await get("/readyz")).toEqual({ code: 200, text: "ok" });
    expect((await get("/readyz?verbose")).text).toBe(
      "[+]v1/pods@a holding\n[+]v1/nodes standing-by\nreadyz check passed\n",
    );
  });

  it("is not, where the store is waited for, or somebody must grant something; without what errors say", async () => {
    board.roles = [
      role({ resource: PODS, namespace: "a" }, "holding"),
      role({ resource: PODS, namespace: "b" }, "waiting-for-store"),
      role({ resource: PODS, namespace: "c" }, "holding", BLOCKED),
      role({ resource: PODS, namespace: "d" }, undefined),
      // Whoever has the role says how it is.
      role({ resource: PODS, namespace: "e" }, "standing-by", BLOCKED),
    ];
    expect(await get("/readyz")).toEqual({
      code: 503,
      text: [
        "[+]v1/pods@a holding",
        "[-]v1/pods@b waiting-for-store",
        "[-]v1/pods@c holding, forbidden (KRM_API_STATUS)",
        "[-]v1/pods@d starting",
        "[+]v1/pods@e standing-by",
        "readyz check failed\n",
      ].join("\n"),
    });
  });

  it("is not, where the store has been failing a role for more than ten seconds", async () => {
    board.roles = [role({ resource: PODS }, "holding")];
    const error = new KrmError("KRM_STORE_FAILED", "redis://secret-host: gone");
    await store.heard("v1/pods", "commit", async () => Promise.reject(error)).catch(() => {});
    await clock.advance(10_000);
    expect((await get("/readyz")).code).toBe(200);
    await clock.advance(1);
    expect(await get("/readyz")).toEqual({
      code: 503,
      text: "[-]v1/pods holding, the store fails\nreadyz check failed\n",
    });
  });
});

describe("/livez", () => {
  it("is while the process goes on", async () => {
    expect(await get("/livez")).toEqual({ code: 200, text: "ok" });
    await clock.advance(30_001);
    expect(await get("/livez")).toEqual({ code: 503, text: "the process hangs\n" });
    board.beat();
    expect((await get("/livez")).code).toBe(200);
  });

  it("is not, where the loop of a role hangs, though the process goes on; and is while it is kept from its work", async () => {
    const listing: RolePhase = { phase: "listing", since: 0 };
    board.roles = [role({ resource: PODS }, "holding", listing), role({ resource: NODES }, "standing-by", BLOCKED)];
    for (let seconds = 0; seconds <= 905; seconds += 5) {
      board.beat();
      if (seconds < 900) expect((await get("/livez")).code).toBe(200);
      await clock.advance(5000);
    }
    expect(await get("/livez")).toEqual({ code: 503, text: "v1/pods verifier makes no progress (listing)\n" });
    board.roles = [role({ resource: PODS }, "holding", { phase: "waiting", since: 0, until: 1 })];
    board.beat();
    expect((await get("/livez")).code).toBe(200);
  });
});

describe("a monitor", () => {
  it("lives on while it waits for the API server", async () => {
    const twice = Promise.withResolvers<void>();
    const beat = vi.spyOn(MonitorBoard.prototype, "beat").mockImplementation(() => {
      if (beat.mock.calls.length === 2) twice.resolve();
    });
    onTestFinished(() => beat.mockRestore());
    await using world = await servedCluster();
    const monitor = beginCommand(
      {},
      "monitor",
      "widgets",
      "--kubeconfig",
      world.away,
      "--health-listen",
      "127.0.0.1:0",
    );
    await monitor.io.stderr.matching(/cannot look up the resources, trying on/);
    await twice.promise;
    expect(await (await fetch(`${await urlOf(monitor)}/readyz?verbose`)).text()).toContain("is looked up");
    await end(monitor);
  });
});

/** Whether a line is of what core measures itself. */
function isMeasured(line: string): boolean {
  return Object.keys(METRICS).some((name) => line.startsWith(`${name}{`));
}

/** The names of the metrics in some lines. */
function namesIn(lines: readonly string[]): readonly string[] {
  return [...new Set(lines.map((line) => line.split("{")[0] ?? ""))].toSorted();
}

describe("/metrics", () => {
  /** Runs a role over a memory store and gives its metrics, without those of every Node.js process. */
  async function metricsOf(made: ScopeRole, until: () => boolean): Promise<string[]> {
    board.roles = [made];
    const stop = new AbortController();
    const running = made.run(stop.signal);
    while (!until()) await clock.advance(1000);
    const { body, headers } = await app.inject("/metrics");
    stop.abort();
    await running;
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(body).toContain("process_cpu_seconds_total");
    expect(body).toContain("nodejs_eventloop_lag_seconds");
    const own = body.split("\n").filter((line) => line.includes("krm_"));
    // Each has a HELP and a TYPE, and no other role's are there.
    const names = new Set(own.filter((line) => !line.startsWith("#")).map((line) => line.split("{")[0]));
    for (const name of names) {
      expect(own.some((line) => line.startsWith(`# HELP ${name} `) && line.endsWith("."))).toBe(true);
      expect(own.some((line) => line.startsWith(`# TYPE ${name} `))).toBe(true);
    }
    return own.filter((line) => !line.startsWith("#"));
  }

  function context(): Parameters<typeof streamScope>[1] & { readonly cluster: SimCluster } {
    const cluster = new SimCluster({ clock, seed: 1 });
    cluster.create(PODS, { metadata: { name: "web", namespace: "default" }, spec: {} });
    const memory = new MemoryStore();
    const source = new ClusterSource({ cluster });
    return {
      cluster,
      store: memory,
      lease: LEASE,
      clock,
      logger: recordingLogger(),
      telemetry: metrics.telemetry,
      source,
      listSlot: async (_signal, work) => work(),
    };
  }

  it("of a streamer", async () => {
    begin("streamer");
    const streaming = streamScope({ resource: PODS, namespace: "default" }, context());
    const lines = await metricsOf(streaming, () => streaming.role === "streamer" && streaming.report?.watches === 1);
    const [measured, read] = [lines.filter(isMeasured), lines.filter((line) => !isMeasured(line))];
    expect(read).toEqual([
      'krm_role_standing{role="streamer",scope="v1/pods@default",standing="holding"} 1',
      'krm_role_standing{role="streamer",scope="v1/pods@default",standing="standing-by"} 0',
      'krm_role_standing{role="streamer",scope="v1/pods@default",standing="waiting-for-store"} 0',
      'krm_role_queued{role="streamer",resource="v1/pods",namespace="default"} 0',
      'krm_store_failing_seconds{resource="v1/pods",namespace="default"} 0',
      'krm_streamer_events_total{resource="v1/pods",namespace="default"} 0',
      'krm_streamer_bookmarks_total{resource="v1/pods",namespace="default"} 0',
      'krm_streamer_lists_total{resource="v1/pods",namespace="default"} 1',
      'krm_streamer_watches_total{resource="v1/pods",namespace="default"} 1',
      'krm_streamer_failures_total{resource="v1/pods",namespace="default"} 0',
    ]);
    expect(measured).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^krm_api_requests_total\{.*namespace="default",verb="list"\} 1$/),
        expect.stringMatching(/^krm_api_requests_total\{.*namespace="default",verb="watch"\} [1-9]$/),
        'krm_api_requests_total{resource="v1/pods",namespace="default",verb="get"} 0',
        'krm_desyncs_total{resource="v1/pods",namespace="default",cause="expired"} 0',
        'krm_watch_stalls_total{resource="v1/pods",namespace="default"} 0',
      ]),
    );
    expect(namesIn(measured)).not.toContain("krm_missed_events_total");
  });

  it("of a verifier and a merger", async () => {
    const shared = context();
    const scope = { resource: PODS };
    const stop = new AbortController();
    const streaming = streamScope(scope, shared).run(stop.signal);
    begin("merger");
    const merging = mergeScope(scope, { ...shared, telemetry: metrics.telemetry });
    const merged = await metricsOf(merging, () => merging.role === "merger" && merging.commits > 0);
    expect(merged.slice(3).filter((line) => !isMeasured(line))).toEqual([
      'krm_role_queued{role="merger",resource="v1/pods",namespace=""} 0',
      'krm_store_failing_seconds{resource="v1/pods",namespace=""} 0',
      'krm_merger_late_total{resource="v1/pods",namespace=""} 0',
    ]);
    expect(namesIn(merged.filter(isMeasured))).toEqual([
      "krm_list_contradictions_total",
      "krm_missed_events_total",
      "krm_repairs_total",
      "krm_verifications_total",
    ]);
    begin("verifier");
    // What the verifiers before it left must be merged first.
    const remerging = mergeScope(scope, shared).run(stop.signal);
    const verifying = verifyScope(scope, { ...shared, telemetry: metrics.telemetry }, { everyMs: 1000 });
    const verified = await metricsOf(
      verifying,
      () => verifying.role === "verifier" && (verifying.report?.snapshots ?? 0) > 0,
    );
    expect(verified.slice(5).filter((line) => !isMeasured(line))).toEqual([
      expect.stringMatching(/^krm_verifier_snapshots_total\{resource="v1\/pods",namespace=""\} [1-9]\d*$/),
      'krm_verifier_failures_total{resource="v1/pods",namespace=""} 0',
    ]);
    expect(namesIn(verified.filter(isMeasured))).toEqual([
      "krm_api_requests_total",
      "krm_sampled_objects_total",
      "krm_verifications_total",
    ]);
    stop.abort();
    await Promise.all([streaming, remerging]);
  });

  it("count on from scrape to scrape", async () => {
    let snapshots = 3;
    const counting = role({ resource: PODS }, "holding", { phase: "waiting", since: 0, until: 1 });
    board.roles = [
      {
        ...(counting as ScopeRole & { readonly role: "verifier" }),
        get report() {
          return { ...(counting.report as VerifierReport), snapshots };
        },
      },
    ];
    expect((await get("/metrics")).text).toContain('krm_verifier_snapshots_total{resource="v1/pods",namespace=""} 3');
    snapshots = 4;
    expect((await get("/metrics")).text).toContain('krm_verifier_snapshots_total{resource="v1/pods",namespace=""} 4');
  });
});

describe("everything else", () => {
  it.each(["/", "/pods", "/livez/x", "/status"])("is not there: %s", async (url) => {
    expect(await get(url)).toEqual({ code: 404, text: "there are /livez, /readyz and /metrics\n" });
  });

  it.each(["POST", "PUT", "DELETE", "PATCH"] as const)("is not allowed: %s", async (method) => {
    const { statusCode, headers } = await app.inject({ method, url: "/livez?a" });
    expect([statusCode, headers["allow"]]).toEqual([405, "GET, HEAD"]);
  });

  it.each(["/livez", "/metrics"])("HEAD is answered without a body: %s", async (url) => {
    const { statusCode, body } = await app.inject({ method: "HEAD", url });
    expect([statusCode, body]).toEqual([200, ""]);
  });
});

describe("the address", () => {
  it("is told, also where port 0 takes any", async () => {
    const told: unknown[] = [];
    const logger = { ...recordingLogger(), info: (fields: object) => void told.push(fields) };
    await using running = new AsyncDisposableStack();
    running.use(await serveHealth(health(), { host: "127.0.0.1", port: 0 }, logger));
    const { url } = told[0] as { readonly url: string };
    expect((await fetch(`${url}/livez`, { signal: AbortSignal.timeout(5000) } satisfies CallOptions)).status).toBe(200);
    const port = Number(new URL(url).port);
    await expect(serveHealth(health(), { host: "127.0.0.1", port }, logger)).rejects.toMatchObject({
      code: "KRM_LISTEN",
      message: `cannot listen on 127.0.0.1:${port}: the port is in use`,
      hint: "Name another address with --health-listen, such as 127.0.0.1:0 for any free port.",
    });
  });
});
