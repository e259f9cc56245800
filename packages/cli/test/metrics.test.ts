import { metricCatalogue, type MetricGroup } from "@krm/metrics/prometheus";
import { withPromtool, withRedis } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT, run } from "../src/index.ts";
import { fakeIo } from "./fake-io.ts";
import { begin, end, type ServedCluster, servedCluster, urlOf } from "./served-cluster.ts";

const HEALTH = ["--health-listen", "127.0.0.1:0"];
const MONITOR = ["monitor", "pods", "no", "--serve", "--listen", "127.0.0.1:0"];

let cluster: ServedCluster;

beforeAll(async () => {
  cluster = await servedCluster();
}, 60_000);

afterAll(async () => cluster[Symbol.asyncDispose](), 30_000);

async function scrape(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

/** What a scrape says that it tells of KRM: each with its type and help. */
function toldOf(text: string): readonly string[] {
  return [...text.matchAll(/^# HELP (krm_\S+ .*)\n# TYPE krm_\S+ (\S+)$/gm)].map(([, help, type]) => `${type} ${help}`);
}

function catalogue(...groups: readonly MetricGroup[]): readonly string[] {
  const of = metricCatalogue().filter(({ group }) => groups.length === 0 || groups.includes(group));
  return of.map(({ name, type, help }) => `${type} ${name} ${help}`);
}

/** What each process over Redis is told by its environment. */
function overRedis(store: string): Record<string, string> {
  return { KRM_STORE: store, KRM_LEASE: "2s", KRM_KUBECONFIG: cluster.kubeconfig };
}

describe("krm monitor", () => {
  it("tells of its views, of its store and of its readers", async () => {
    const monitor = begin({}, ...MONITOR, "--kubeconfig", cluster.kubeconfig);
    const url = await urlOf(monitor);
    await monitor.io.stderr.matching(/"resource":"v1\/pods","state":"synced"/);
    await monitor.io.stderr.matching(/"resource":"v1\/nodes","state":"synced"/);
    expect((await fetch(`${url}/pods`)).status).toBe(200);
    expect((await fetch(`${url}/nothing/there`)).status).toBe(404);
    const text = await scrape(url);
    for (const line of [
      /^krm_view_objects\{resource="v1\/pods",namespace=""\} [1-9]\d*$/m,
      /^krm_view_resource_version\{resource="v1\/nodes",namespace=""\} [1-9]\d*$/m,
      /^krm_scope_state\{resource="v1\/pods",namespace="",state="synced"\} 1$/m,
      /^krm_role_held\{resource="v1\/pods",namespace="",role="merger"\} 1$/m,
      /^krm_ledger_missed_events_total\{resource="v1\/pods",namespace="",type="deleted",cause="upstream"\} 0$/m,
      /^krm_view_read_errors_total 0$/m,
      /^krm_store_operation_duration_seconds_count\{operation="commit"\} [1-9]\d*$/m,
      /^krm_store_operation_errors_total\{operation="commit",code="KRM_STORE_FAILED"\} 0$/m,
      /^krm_http_requests_total\{method="GET",route="\/:resource",code="200"\} 1$/m,
      /^krm_http_requests_total\{method="GET",route="other",code="404"\} 1$/m,
      // That of this very scrape.
      /^krm_http_requests_in_flight 1$/m,
    ]) {
      expect(text).toMatch(line);
    }
    const told = toldOf(text);
    expect(catalogue()).toEqual(expect.arrayContaining([...told]));
    expect(told).toEqual(
      expect.arrayContaining([...catalogue("role", "view", "ledger", "store", "http", "watch", "delay")]),
    );
    await end(monitor);
  }, 60_000);
});

withRedis(process.env, (starter) => {
  it("roles over Redis tell of their store, and a server of views, store and readers", async () => {
    await using redis = await starter.start();
    const env = overRedis(redis.url);
    const serve = begin(env, "serve", "--listen", "127.0.0.1:0");
    const roles = [
      begin(env, "stream", "pods", ...HEALTH),
      begin(env, "merge", "pods", ...HEALTH),
      begin(env, "verify", "pods", "--verify-every", "1s", ...HEALTH),
    ];
    await serve.io.stderr.matching(/pods \(\d+\): synced/);
    for (const role of roles) {
      const told = toldOf(await scrape(await urlOf(role)));
      expect(catalogue()).toEqual(expect.arrayContaining([...told]));
      expect(told).toEqual(expect.arrayContaining([...catalogue("store")]));
    }
    const text = await scrape(await urlOf(serve));
    expect(text).toMatch(/^krm_scope_state\{resource="v1\/pods",namespace="",state="synced"\} 1$/m);
    expect(text).toMatch(/^krm_store_operation_duration_seconds_count\{operation="scopes"\} [1-9]\d*$/m);
    expect(toldOf(text).toSorted()).toEqual(catalogue("view", "ledger", "store", "http", "watch").toSorted());
    await end(serve, ...roles);
  }, 60_000);

  withPromtool(process.env, (promtool) => {
    it("finds nothing in what the commands tell", async () => {
      await using redis = await starter.start();
      const env = overRedis(redis.url);
      const demo = fakeIo();
      const shown = run(["demo", "--listen", "127.0.0.1:0", "--pods", "20"], demo);
      const monitor = begin({}, ...MONITOR, "--kubeconfig", cluster.kubeconfig);
      const serve = begin(env, "serve", "--listen", "127.0.0.1:0");
      const roles = [
        begin(env, "stream", "pods", ...HEALTH),
        begin(env, "merge", "pods", ...HEALTH),
        begin(env, "verify", "pods", "--verify-every", "1s", ...HEALTH),
      ];
      await serve.io.stderr.matching(/pods \(\d+\): synced/);
      await monitor.io.stderr.matching(/"resource":"v1\/pods","state":"synced"/);
      await monitor.io.stderr.matching(/"resource":"v1\/nodes","state":"synced"/);
      const demonstration = (await demo.stdout.matching(/is served at (http:\S+)/))[1] ?? "";
      const urls = await Promise.all([monitor, serve, ...roles].map(urlOf));
      for (const url of [demonstration, ...urls]) {
        const { code, output } = await promtool.checkMetrics(await scrape(url));
        expect([url, code, output]).toEqual([url, 0, ""]);
      }
      await end(monitor, serve, ...roles);
      demo.end();
      expect(await shown).toBe(EXIT.ok);
    }, 60_000);
  });
});
