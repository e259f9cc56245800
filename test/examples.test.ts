import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KrmClient } from "@krm/client";
import { DEFAULT_RESOURCES, PODS } from "@krm/core";
import { generateCluster, SimApiServer, SimCluster } from "@krm/testkit";
import { withInfluxDb, withRedis } from "@krm/testkit/servers";
import { expect, test } from "vitest";
import { eventually } from "./support/eventually.ts";
import { runExample } from "./support/running-example.ts";
import { stillCluster } from "./support/still-cluster.ts";

/** A simulated API server over a cluster that changes only when told, and a folder with its kubeconfig. */
async function apiServer(
  pods: number,
): Promise<AsyncDisposable & { readonly cluster: SimCluster; readonly folder: string; readonly config: string }> {
  const cluster = new SimCluster();
  generateCluster(cluster, { pods, nodes: 3 });
  const server = new SimApiServer({ cluster });
  await server.listen();
  const folder = await mkdtemp(join(tmpdir(), "krm-example-"));
  const config = join(folder, "config");
  await writeFile(config, server.kubeconfig(), { mode: 0o600 });
  return {
    cluster,
    folder,
    config,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

test("examples/embed-monitor.ts follows a cluster until it is told to stop", { timeout: 30_000 }, async () => {
  await using api = await apiServer(20);
  const example = runExample("embed-monitor.ts", api.config);
  expect(await example.line()).toMatch(/^20 pods at version \d+$/);
  const { namespace = "", name = "" } = api.cluster.list(PODS).items[0]?.metadata ?? {};
  api.cluster.patch(PODS, namespace, name, { metadata: { labels: { seen: "yes" } } });
  expect(await example.line()).toBe(`set ${namespace}/${name}`);
  await example.stop();
});

test("examples/read-with-client.ts reads lists with dates and their freshness", { timeout: 30_000 }, async () => {
  await using served = await stillCluster({ resources: DEFAULT_RESOURCES });
  const lines = await runExample("read-with-client.ts", served.url).rest();
  expect(lines).toHaveLength(8);
  expect(lines[0]).toMatch(/^\S+ \d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(lines[3]).toMatch(/^synced, complete as of \d{4}-/);
  expect(lines[4]).toBe("3 nodes");
  expect(lines[5]).toMatch(/^Pod \S+ on \S/);
  expect(lines[6]).toMatch(/^1 deployment, and \d+ more$/);
  expect(lines[7]).toMatch(/^\d{3,} bytes of services$/);
});

test("examples/watch-with-client.ts keeps a copy until it is told to stop", { timeout: 30_000 }, async () => {
  await using served = await stillCluster();
  const example = runExample("watch-with-client.ts", served.url);
  expect(await example.line()).toMatch(/^20 pods at version \d+, synced$/);
  const { namespace, name } = served.change();
  expect(await example.line()).toBe(`modified ${namespace}/${name}`);
  served.cluster.delete(PODS, namespace, name, { gracePeriodSeconds: 0 });
  // First it is marked.
  expect(await example.line()).toBe(`modified ${namespace}/${name}`);
  expect(await example.line()).toBe(`deleted ${namespace}/${name}`);
  await example.stop();
});

test("examples/own-store.ts finds after a restart what it kept", { timeout: 30_000 }, async () => {
  await using api = await apiServer(20);
  const run = async (): Promise<readonly string[]> =>
    runExample("own-store.ts", join(api.folder, "state.journal"), api.config).rest();
  expect(await run()).toEqual(["0 pods at version none, from the run before", "20 pods now"]);
  expect(await run()).toEqual([expect.stringMatching(/^20 pods at version \d+, from the run before$/), "20 pods now"]);
});

test("examples/own-source.ts serves what is no cluster", { timeout: 30_000 }, async () => {
  const example = runExample("own-source.ts", "0");
  const url = (await example.line()).replace(/\/machines$/, "");
  const machines = new KrmClient({ url }).resource<Machine>("inventory.example.com/v1/machines");
  for await (const event of machines.watch()) {
    if (event.type === "added" && event.object.metadata.name === "rack-3") break;
  }
  const { items, freshness } = await machines.list();
  expect(freshness.state).toBe("synced");
  expect(items.map(({ metadata, spec }) => [metadata.name, spec.cores])).toEqual([
    ["rack-2", 48],
    ["rack-3", 96],
  ]);
  await example.stop();
});

interface Machine {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly cores: number };
}

withInfluxDb(process.env, (influx) => {
  test("examples/delay-to-influxdb.ts writes how late an event was", { timeout: 60_000 }, async () => {
    await using api = await apiServer(5);
    await using server = await influx.start();
    await server.query("CREATE DATABASE krm");
    const example = runExample("delay-to-influxdb.ts", server.url, api.config);
    expect(await example.line()).toMatch(/^measuring/);
    const pod = { metadata: { name: "late" }, spec: { containers: [{ name: "c", image: "c:1" }] } };
    api.cluster.create(PODS, pod, { namespace: "default" });
    const measured = async (): Promise<number> => {
      const [series] = await server.query("SELECT delay FROM streamed_data WHERE event = 'ADDED'", { db: "krm" });
      return series?.values?.length ?? 0;
    };
    await eventually("the point", 30, async () => ((await measured()) === 1 ? true : undefined));
    expect(await example.stop()).toEqual(["all that was measured is written"]);
  });
});

test("examples/mirror-in-a-server.ts answers from its copy until it is told to stop", { timeout: 30_000 }, async () => {
  await using served = await stillCluster();
  const example = runExample("mirror-in-a-server.ts", served.url);
  const said = await example.line();
  expect(said).toMatch(/^20 pods at http:\/\/127\.0\.0\.1:\d+$/);
  const ask = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(`${said.replace("20 pods at ", "")}${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const nodeOf = (pod: object): string | undefined =>
    (pod as { readonly spec?: { readonly nodeName?: string } }).spec?.nodeName;
  const nodes = served.cluster.list(PODS).items.map((pod) => nodeOf(pod));
  const [node = ""] = nodes;
  const { body } = await ask(`/nodes/${node}/pods`);
  expect(body["state"]).toBe("synced");
  expect(body["pods"]).toHaveLength(nodes.filter((one) => one === node).length);
  expect((await ask("/pods")).body["pods"]).toHaveLength(20);
  expect(await ask("/pods?labelSelector=a>1")).toMatchObject({ status: 400 });
  expect(await ask("/")).toMatchObject({ status: 404 });
  await example.stop();
});

test("examples/informer-drop-in.ts lists, hears of a change, and ends", { timeout: 30_000 }, async () => {
  await using served = await stillCluster();
  const example = runExample("informer-drop-in.ts", served.url);
  expect(await example.line()).toBe("20 pods");
  const { namespace, name } = served.change();
  expect(await example.line()).toMatch(new RegExp(`^${namespace}/${name}, of \\d{4}-.*Z, has changed$`));
  expect(await example.rest()).toEqual([]);
});

withRedis(process.env, (redis) => {
  test(
    "examples/share-a-store.ts: the second stands by, and takes over when the first ends",
    { timeout: 60_000 },
    async () => {
      await using api = await apiServer(20);
      await using server = await redis.start();
      const first = runExample("share-a-store.ts", server.url, api.config);
      expect([await first.line(), await first.line()]).toContain("holding");
      const second = runExample("share-a-store.ts", server.url, api.config);
      const url = [await second.line(), await second.line()].find((line) => line.startsWith("http")) ?? "";
      await eventually("all pods", 30, async () => {
        const response = await fetch(url);
        if (!response.ok) return undefined;
        return ((await response.json()) as { readonly items: unknown[] }).items.length === 20 || undefined;
      });
      await first.stop();
      expect(await second.line()).toBe("holding");
      await second.stop();
    },
  );
});
