import { describe, expect, it } from "vitest";
import { type ClockOffset, type MissedEvent, NODES, objectKey, PODS, type ResourceVersion, type Uid } from "@krm/core";
import { PATHS, type StatusBody } from "@krm/protocol";
import { failure, type TestApp, testApp } from "./support/app.ts";
import { misfits, type Schema } from "./support/schema.ts";
import {
  blocked,
  fill,
  MERGER_REPORT,
  metaAt,
  pod,
  START,
  streamerReport,
  VERIFIER_REPORT,
  writer,
} from "./support/fixtures.ts";

const MISSED = {
  key: objectKey("team-a", "a"),
  type: "deleted",
  cause: "upstream",
  horizon: "90" as ResourceVersion,
  shown: { uid: "u1" as Uid, resourceVersion: "70" as ResourceVersion },
  actual: undefined,
  foundAt: START - 1000,
  exposedMs: 60_500,
  exposedSince: "verified",
} as const satisfies MissedEvent;

const CLOCK: ClockOffset = { lowMs: -3100, highMs: -2900, samples: 12, at: START - 3000 };

describe("/status", () => {
  async function everything(test: TestApp): Promise<void> {
    await fill(
      test.store,
      { resource: PODS, namespace: "team-a" },
      [pod({ name: "a" })],
      metaAt("100", { horizon: "90" }),
    );
    const scope = writer(test.store, { resource: PODS, namespace: "team-a" });
    await scope.report("merger", { ...MERGER_REPORT, recent: [MISSED] });
    await scope.report("verifier", VERIFIER_REPORT);
  }

  it("tells everything that is known of each scope", async () => {
    await using test = testApp();
    await everything(test);
    const body = (await test.get("/status")).json<StatusBody>();
    expect(body).toEqual({
      time: "2026-01-01T00:00:00.000Z",
      state: "synced",
      scopes: [
        {
          resource: "v1/pods",
          name: "pods",
          kind: "Pod",
          namespace: "team-a",
          state: "synced",
          objects: 1,
          bytes: pod({ name: "a" }).bytes.byteLength,
          epoch: 0,
          version: "100",
          horizon: "90",
          verifiedAt: "2025-12-31T23:59:00.000Z",
          streamedThrough: "100",
          lastContact: "2026-01-01T00:00:00.000Z",
          streamer: {
            phase: "watching",
            since: "2025-12-31T23:59:00.000Z",
            events: 12,
            bookmarks: 3,
            lists: 1,
            initial: "streaming",
            watches: 2,
            silentSince: "2025-12-31T23:59:58.000Z",
            stalls: 1,
            emptied: 0,
            failures: 0,
            desyncs: streamerReport().desyncs,
          },
          verifier: {
            phase: "waiting",
            since: "2026-01-01T00:00:00.000Z",
            until: "2026-01-01T00:05:00.000Z",
            snapshots: 7,
            mode: "exact-metadata",
            requests: 9,
            asked: 2,
            failures: 1,
            lastContact: "2026-01-01T00:00:00.000Z",
          },
          merger: {
            verifications: MERGER_REPORT.verifications,
            modes: { "exact-metadata": 7, "exact-full": 0, "latest-metadata": 0, "latest-full": 0 },
            missed: { added: 1, modified: 1, deleted: 2, recreated: 0 },
            missedByCause: {
              upstream: { added: 0, modified: 1, deleted: 2, recreated: 0 },
              expired: { added: 1, modified: 0, deleted: 0, recreated: 0 },
            },
            exposure: { totalSeconds: 90, longestSeconds: 60 },
            repairs: 3,
            pending: 3,
            resynced: 0,
            late: 0,
            contradictions: 0,
            queued: 0,
            lastDriftAt: "2025-12-31T23:59:59.000Z",
            recent: [
              {
                key: "team-a/a",
                type: "deleted",
                cause: "upstream",
                horizon: "90",
                shown: { uid: "u1", resourceVersion: "70" },
                foundAt: "2025-12-31T23:59:59.000Z",
                exposedSeconds: 60.5,
                exposedSince: "verified",
              },
            ],
          },
        },
      ],
    });
  });

  it("is as /openapi.json describes it, to the last field", async () => {
    await using test = testApp({ scopes: [{ resource: NODES }] });
    await everything(test);
    const nodes = writer(test.store, { resource: NODES });
    await nodes.report("streamer", {
      ...streamerReport({ state: blocked("forbidden", 403), clock: CLOCK, eventLoop: { p99Ms: 2, maxMs: 310 } }),
      progress: { pages: 1, objects: 500, bytes: 4000, expected: 700 },
    });
    await nodes.report("verifier", { ...VERIFIER_REPORT, clock: CLOCK });
    const document = (await test.get("/openapi.json")).json<{
      readonly components: { readonly schemas: { readonly KrmStatus: Schema } };
    }>();
    const schema = document.components.schemas.KrmStatus;
    const body = (await test.get("/status")).json<StatusBody>();
    expect(misfits(body, schema)).toEqual([]);
    expect(misfits({ ...body, state: "odd", more: 1 }, schema)).toEqual(['$.state: "odd"', "$.more: not named"]);
    expect(misfits({ scopes: [{}] }, schema)).toContain("$.scopes[0].resource: missing");
  });

  it("tells how far the API server's clock is off, and how slow the streamer's process was, where that is known", async () => {
    await using test = testApp({ scopes: [{ resource: NODES }] });
    const nodes = writer(test.store, { resource: NODES });
    await nodes.report("streamer", streamerReport({ clock: CLOCK, eventLoop: { p99Ms: 2, maxMs: 310 } }));
    await nodes.report("verifier", { ...VERIFIER_REPORT, clock: undefined });
    const [scope] = (await test.get("/status")).json<StatusBody>().scopes;
    expect(scope?.streamer).toMatchObject({
      clock: { lowSeconds: -3.1, highSeconds: -2.9, samples: 12, at: "2025-12-31T23:59:57.000Z" },
      eventLoop: { p99Seconds: 0.002, maxSeconds: 0.31 },
    });
    expect(Object.keys(scope?.verifier ?? {})).not.toContain("clock");
  });

  it("says in its headers what holds for all scopes", async () => {
    await using test = testApp({ scopes: [{ resource: PODS }, { resource: NODES }] });
    expect((await test.get("/status")).headers).toMatchObject({ "krm-state": "syncing" });
    await fill(test.store, { resource: PODS }, [], metaAt("100", { verifiedAt: START - 5000 }));
    await fill(test.store, { resource: NODES }, [], metaAt("100", { lastContact: START - 200_000 }));
    const { headers } = await test.get("/status");
    expect(Object.entries(headers).filter(([name]) => name.startsWith("krm-") || name === "warning")).toEqual([
      ["krm-state", "stale"],
      ["krm-verified-at", new Date(START - 60_000).toISOString()],
      ["krm-last-contact", new Date(START - 200_000).toISOString()],
    ]);
  });

  it("tells of trouble and of progress", async () => {
    await using test = testApp({ scopes: [{ resource: NODES }] });
    await fill(test.store, { resource: NODES }, []);
    await writer(test.store, { resource: NODES }).report("streamer", {
      ...streamerReport({ state: blocked("forbidden", 403) }),
      progress: { pages: 1, objects: 500, bytes: 4000, expected: 700 },
    });
    const body = (await test.get("/status")).json<StatusBody>();
    expect(body.state).toBe("forbidden");
    expect(body.scopes[0]).toMatchObject({
      state: "forbidden",
      error: { code: "KRM_API_STATUS", message: "the API server says 403", status: 403 },
      streamer: {
        phase: "blocked",
        reason: "forbidden",
        until: "2026-01-01T00:01:00.000Z",
        progress: { pages: 1, objects: 500, bytes: 4000, expected: 700 },
      },
    });
  });

  it("knows the expected scopes before they are written", async () => {
    await using test = testApp({ scopes: [{ resource: PODS }, { resource: NODES }] });
    const body = (await test.get("/status")).json<StatusBody>();
    expect(body.state).toBe("syncing");
    expect(body.scopes.map(({ name, state, objects }) => [name, state, objects])).toEqual([
      ["pods", "syncing", 0],
      ["nodes", "syncing", 0],
    ]);
  });
});

describe("/readyz", () => {
  it("waits until every scope has a view", async () => {
    await using test = testApp({ scopes: [{ resource: PODS }, { resource: NODES }] });
    await fill(test.store, { resource: PODS }, []);
    await writer(test.store, { resource: NODES }).report("streamer", {
      ...streamerReport({ state: { phase: "listing", since: START } }),
      progress: { pages: 1, objects: 500, bytes: 4000, expected: undefined },
    });
    const early = await test.get("/readyz");
    expect(early.statusCode).toBe(503);
    expect(early.body).toBe("[+]v1/pods synced\n[-]v1/nodes syncing: 500 objects so far\nreadyz check failed\n");
    await fill(test.store, { resource: NODES }, []);
    const late = await test.get("/readyz");
    expect([late.statusCode, late.body]).toEqual([200, "ok"]);
    expect((await test.get("/readyz?verbose")).body).toBe(
      "[+]v1/pods synced\n[+]v1/nodes synced\nreadyz check passed\n",
    );
  });

  it("does not wait for what is visibly blocked", async () => {
    await using test = testApp({ scopes: [{ resource: PODS }] });
    await writer(test.store, { resource: PODS }).report(
      "streamer",
      streamerReport({ state: blocked("forbidden", 403) }),
    );
    expect((await test.get("/readyz?verbose")).body).toBe("[+]v1/pods forbidden\nreadyz check passed\n");
  });

  it("stays ready while a view is stale", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    await test.clock.advance(3_600_000);
    expect((await test.get("/readyz")).statusCode).toBe(200);
  });

  it("fails with the store", async () => {
    const test = testApp();
    expect((await test.get("/readyz")).body).toBe("[-]store: nothing is watched yet\nreadyz check failed\n");
    await test.store[Symbol.asyncDispose]();
    const response = await test.get("/readyz");
    expect([response.statusCode, response.body]).toEqual([
      503,
      "[-]store: the store cannot be read (KRM_STORE_CLOSED)\nreadyz check failed\n",
    ]);
    expect((await test.get("/livez")).body).toBe("ok");
    await test.app.close();
  });
});

const METRICS = { contentType: "text/plain; version=0.0.4", metrics: async () => "krm_x 1\n" };

describe("/metrics", () => {
  it("is what the process measures", async () => {
    await using test = testApp({ metrics: METRICS });
    const { statusCode, headers, body } = await test.get("/metrics");
    expect([statusCode, headers["content-type"], body]).toEqual([200, METRICS.contentType, "krm_x 1\n"]);
    expect(failure(await test.get("/metrics?x=1")).code).toBe(400);
  });

  it("is for readers only", async () => {
    await using test = testApp({ metrics: METRICS, auth: { authenticate: async () => undefined } });
    expect((await test.get("/metrics", { authorization: "Bearer other" })).statusCode).toBe(401);
  });

  it("is not there where nothing is measured, and not named", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    expect(failure(await test.get("/metrics"))).toMatchObject({ code: 404, causes: ["ResourceNotWatched"] });
    expect((await test.get("/")).body).not.toContain("metrics");
    expect((await test.get("/openapi.json")).body).not.toContain('"/metrics"');
  });
});

describe("/", () => {
  it("says what there is to read, and every path that it names answers", async () => {
    await using test = testApp({ prefix: "/cluster", metrics: METRICS });
    await fill(test.store, { resource: PODS }, []);
    await fill(test.store, { resource: NODES }, []);
    const paths = (await test.get("/cluster/")).body.split("\n").filter((line) => line.startsWith("  "));
    expect(paths.map((path) => path.trim())).toEqual([
      "/cluster/pods",
      "/cluster/nodes",
      "/cluster/api",
      "/cluster/apis",
      ...Object.values(PATHS).map((path) => `/cluster${path}`),
    ]);
    for (const path of paths) expect((await test.get(path.trim())).statusCode).toBe(200);
  });
});

describe("another path", () => {
  it("is a 404 as a Kubernetes Status, under the prefix only", async () => {
    await using test = testApp({ prefix: "/cluster" });
    await fill(test.store, { resource: PODS }, []);
    expect(failure(await test.get("/cluster/pods/a/b"))).toMatchObject({
      code: 404,
      reason: "NotFound",
      message: "the server could not find the requested resource",
    });
    expect((await test.get("/elsewhere")).json()).toMatchObject({ error: "Not Found" });
  });
});
