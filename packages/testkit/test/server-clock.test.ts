import { DEPLOYMENTS, NODES, PODS } from "@krm/core";
import {
  Churn,
  generateCluster,
  LEASES,
  ManualClock,
  OffsetClock,
  readHistory,
  recordHistory,
  SimApiServer,
  SimCluster,
  type SimObject,
} from "@krm/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { type AnyJson, SimClient } from "./support/sim-client.ts";

/** Half a second past a full one. */
const START = Date.UTC(2026, 0, 1, 12, 0, 0, 500);
const pods = "/api/v1/namespaces/default/pods";
const pod = (name: string): AnyJson => ({
  metadata: { name },
  spec: { nodeName: "n", containers: [{ name: "c", image: "c:1" }] },
});

let server: SimApiServer | undefined;
afterEach(() => server?.close());

async function served(
  clockOffsetMs = 0,
): Promise<{ clock: ManualClock; cluster: SimCluster; server: SimApiServer; client: SimClient }> {
  const clock = new ManualClock({ now: START });
  const cluster = new SimCluster({ clock, clockOffsetMs });
  server = new SimApiServer({ cluster });
  await server.listen();
  return { clock, cluster, server, client: new SimClient(server) };
}

const date = ({ headers }: { headers: Record<string, unknown> }): unknown => headers["date"];
const second = (at: number): string => new Date(at).toUTCString();

describe("the Date header", () => {
  it.each([
    ["a list", pods, 200, {}],
    ["a probe", "/readyz", 200, {}],
    ["discovery", "/apis", 200, {}],
    ["an object that is not there", `${pods}/x`, 404, {}],
    ["a path that is not there", "/nowhere", 404, {}],
    ["who may not", pods, 403, { token: "viewer-token" }],
    ["who is not known", pods, 401, { token: "wrong" }],
    ["a HEAD", "/version", 200, { method: "HEAD" }],
    ["a refused body", pods, 400, { method: "POST", body: "{" }],
  ])("is that of the server's clock: %s", async (_what, path, status, call) => {
    const { clock, client } = await served(-3600_600);
    const answer = await client.call(path, call);
    expect(answer.status).toBe(status);
    // 11:59:59.9 less an hour: never the nearest second, but the one that has begun.
    expect(date(answer)).toBe("Thu, 01 Jan 2026 10:59:59 GMT");
    await clock.advance(100);
    expect(date(await client.call(path, call))).toBe("Thu, 01 Jan 2026 11:00:00 GMT");
  });

  it("follows a clock that jumps, and one that is set", async () => {
    const { clock, cluster, client } = await served();
    clock.setNow(START + 86_400_000);
    expect(date(await client.call(pods))).toBe(second(START + 86_400_000));
    cluster.clock.offsetMs = 90_000;
    expect(date(await client.call(pods))).toBe(second(START + 86_490_000));
  });

  it("is of the moment at which the head is sent, not at which the request came", async () => {
    const { clock, cluster, client } = await served();
    const ahead = String(BigInt(cluster.version) + 1n);
    const list = client.call(`${pods}?resourceVersion=${ahead}&resourceVersionMatch=NotOlderThan`);
    await clock.untilSleeping();
    await clock.advance(3000);
    const answer = await list;
    expect(answer.status).toBe(504);
    expect(date(answer)).toBe(second(START + 3000));
  });

  it("is of the moment at which a watch opens, also when it is held back", async () => {
    const { clock, cluster, server: api, client } = await served(1500);
    expect(date(await client.watch(`${pods}?watch=1`))).toBe(second(START + 1500));
    const ahead = String(BigInt(cluster.version) + 1n);
    const initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    const sleeping = clock.pending;
    const opened = client.watch(`${pods}?watch=1&${initial}&resourceVersion=${ahead}`);
    await clock.untilSleeping(sleeping + 1);
    api.pause();
    cluster.create(PODS, pod("a"), { namespace: "default" });
    await clock.advance(10_000);
    expect(api.openWatches).toBe(2);
    api.resume();
    expect(date(await opened)).toBe(second(START + 11_500));
  });

  it("can be another one than the cluster's, of one API server of several", async () => {
    const { cluster } = await served(3000);
    await using other = new SimApiServer({ cluster, clock: new OffsetClock(cluster.clock, 60_000) });
    await other.listen();
    expect(date(await new SimClient(other).call(pods))).toBe(second(START + 63_000));
  });
});

describe("a cluster whose clock is off", () => {
  const OFFSET = -7_250;
  const own = START + OFFSET;
  const text = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

  it("writes its own time into objects", async () => {
    const { client, cluster } = await served(OFFSET);
    cluster.create(NODES, { metadata: { name: "n" } });
    const { json } = await client.call(pods, { method: "POST", body: pod("a") });
    expect(json.metadata.creationTimestamp).toBe(text(own));
    expect(json.metadata.managedFields[0].time).toBe(text(own));
    const { json: ending } = await client.call(`${pods}/a`, { method: "DELETE" });
    expect(ending.metadata.deletionTimestamp).toBe(text(own + 30_000));
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: "viewer-token" } };
    const { json: answer } = await client.call("/apis/authentication.k8s.io/v1/tokenreviews", {
      method: "POST",
      body: review,
    });
    expect(answer.metadata.managedFields[0].time).toBe(text(own));
  });

  it("has controllers and kubelets with the same clock", async () => {
    const clock = new ManualClock({ now: START });
    const cluster = new SimCluster({ clock, clockOffsetMs: OFFSET });
    generateCluster(cluster, { pods: 0, nodes: 3 });
    cluster.create(DEPLOYMENTS, {
      metadata: { name: "web" },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: "w" } },
        template: { metadata: { labels: { app: "w" } }, spec: { containers: [{ name: "c", image: "c:1" }] } },
      },
    });
    const controller = new AbortController();
    using churn = new Churn({ cluster, eventsPerSecond: 0, nodeLeases: true });
    const running = churn.run({ signal: controller.signal });
    await clock.advance(10_000);
    controller.abort();
    await running;
    const late = (object: SimObject | undefined): boolean =>
      JSON.stringify(object)
        .match(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g)
        ?.some((time) => Date.parse(time) > own + 10_000) === true;
    expect(cluster.list(PODS).items.length).toBe(1);
    for (const resource of [PODS, DEPLOYMENTS, NODES, LEASES])
      expect(cluster.list(resource).items.filter(late)).toEqual([]);
    const renewed = cluster.list(LEASES).items.map(({ spec }) => Date.parse((spec as AnyJson).renewTime));
    expect(renewed).toHaveLength(3);
    expect(Math.min(...renewed)).toBeGreaterThan(own);
  });

  it("shows ages as the server sees them", async () => {
    const { clock, client, cluster } = await served(OFFSET);
    cluster.create(PODS, pod("a"), { namespace: "default" });
    await clock.advance(60_000);
    const { json } = await client.call(pods, { headers: { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" } });
    expect(json.rows[0].cells[4]).toBe("60s");
  });

  it("does not let time pass otherwise", async () => {
    const { clock, client, cluster } = await served(OFFSET);
    const watch = await client.watch(
      `${pods}?watch=1&resourceVersion=${cluster.version}&allowWatchBookmarks=1&timeoutSeconds=70`,
    );
    await clock.advance(60_000);
    expect((await watch.next()).type).toBe("BOOKMARK");
    await clock.advance(10_000);
    expect((await watch.rest()).map(({ type }) => type)).toEqual(["BOOKMARK"]);
  });

  it("is recorded with the true times of its commits, to the millisecond", async () => {
    const { clock, cluster } = await served(OFFSET);
    const lines: string[] = [];
    recordHistory(cluster, (line) => lines.push(line));
    const commits: number[] = [];
    for (const [index, after] of [0, 1, 333, 1666].entries()) {
      await clock.advance(after);
      commits.push(clock.now());
      cluster.create(PODS, pod(`p${index}`), { namespace: "default" });
    }
    expect(
      readHistory(lines)
        .changes(PODS)
        .map(({ at }) => at),
    ).toEqual(commits);
    expect(commits).toEqual([START, START + 1, START + 334, START + 2000]);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ type: "STARTED", at: START });
    cluster.restore(cluster.version);
    expect(JSON.parse(lines.at(-1) as string)).toMatchObject({ type: "RESTORED", at: START + 2000 });
  });
});
