import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { KrmClient } from "@krm/client";
import { Monitor, PODS } from "@krm/core";
import { createServer } from "@krm/server";
import { ClusterSource, generateCluster, SimApiServer, SimCluster } from "@krm/testkit";
import { withInfluxDb, withRedis } from "@krm/testkit/servers";
import { expect, test } from "vitest";
import { eventually } from "./support/eventually.ts";

const example = (name: string): string => fileURLToPath(new URL(`../examples/${name}`, import.meta.url));

test("examples/embed-monitor.ts follows a cluster until it is told to stop", { timeout: 30_000 }, async () => {
  const cluster = new SimCluster();
  generateCluster(cluster, { pods: 20, nodes: 3 });
  await using server = new SimApiServer({ cluster });
  await server.listen();
  const folder = await mkdtemp(join(tmpdir(), "krm-example-"));
  try {
    await writeFile(join(folder, "config"), server.kubeconfig(), { mode: 0o600 });
    const args = ["--conditions=krm-source", example("embed-monitor.ts"), join(folder, "config")];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect(String((await lines.next()).value)).toMatch(/^20 pods at version \d+$/);
    const [first] = cluster.list(PODS).items;
    const { namespace = "", name = "" } = first?.metadata ?? {};
    cluster.patch(PODS, namespace, name, { metadata: { labels: { seen: "yes" } } });
    expect(String((await lines.next()).value)).toBe(`set ${namespace}/${name}`);
    child.kill();
    expect((await exited)[0]).toBe(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("examples/read-with-client.ts reads lists with dates and their freshness", { timeout: 30_000 }, async () => {
  const cluster = new SimCluster();
  generateCluster(cluster, { pods: 20, nodes: 3 });
  await using monitor = new Monitor({ source: new ClusterSource({ cluster }) }).start();
  await monitor.ready();
  await using server = await createServer({ store: monitor.store, listen: { host: "127.0.0.1", port: 0 } });
  const { url } = await server.listen();
  const child = spawn(process.execPath, ["--conditions=krm-source", example("read-with-client.ts"), url], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  expect((await exited)[0]).toBe(0);
  expect(lines).toHaveLength(8);
  expect(lines[0]).toMatch(/^\S+ \d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(lines[3]).toMatch(/^synced, complete as of \d{4}-/);
  expect(lines[4]).toBe("3 nodes");
  expect(lines[5]).toMatch(/^Pod \S+ on \S/);
  expect(lines[6]).toMatch(/^1 deployment, and \d+ more$/);
  expect(lines[7]).toMatch(/^\d{3,} bytes of services$/);
});

test("examples/watch-with-client.ts keeps a copy until it is told to stop", { timeout: 30_000 }, async () => {
  const cluster = new SimCluster();
  generateCluster(cluster, { pods: 20, nodes: 3 });
  const source = new ClusterSource({ cluster });
  await using monitor = new Monitor({ source, resources: [PODS] }).start();
  await monitor.ready();
  await using server = await createServer({ store: monitor.store, listen: { host: "127.0.0.1", port: 0 } });
  const { url } = await server.listen();
  const child = spawn(process.execPath, ["--conditions=krm-source", example("watch-with-client.ts"), url], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect(String((await lines.next()).value)).toMatch(/^20 pods at version \d+, synced$/);
  const [first] = cluster.list(PODS).items;
  const { namespace = "", name = "" } = first?.metadata ?? {};
  cluster.patch(PODS, namespace, name, { metadata: { labels: { seen: "yes" } } });
  expect(String((await lines.next()).value)).toBe(`modified ${namespace}/${name}`);
  cluster.delete(PODS, namespace, name, { gracePeriodSeconds: 0 });
  // First it is marked.
  expect(String((await lines.next()).value)).toBe(`modified ${namespace}/${name}`);
  expect(String((await lines.next()).value)).toBe(`deleted ${namespace}/${name}`);
  child.kill();
  expect((await exited)[0]).toBe(0);
});

test("examples/own-store.ts finds after a restart what it kept", { timeout: 30_000 }, async () => {
  const cluster = new SimCluster();
  generateCluster(cluster, { pods: 20, nodes: 3 });
  await using server = new SimApiServer({ cluster });
  await server.listen();
  const folder = await mkdtemp(join(tmpdir(), "krm-example-"));
  try {
    await writeFile(join(folder, "config"), server.kubeconfig(), { mode: 0o600 });
    const args = [example("own-store.ts"), join(folder, "state.journal"), join(folder, "config")];
    const run = async (): Promise<readonly string[]> => {
      const child = spawn(process.execPath, ["--conditions=krm-source", ...args], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exited = once(child, "exit");
      const lines: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) lines.push(line);
      expect((await exited)[0]).toBe(0);
      return lines;
    };
    expect(await run()).toEqual(["0 pods at version none, from the run before", "20 pods now"]);
    expect(await run()).toEqual([
      expect.stringMatching(/^20 pods at version \d+, from the run before$/),
      "20 pods now",
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("examples/own-source.ts serves what is no cluster", { timeout: 30_000 }, async () => {
  const child = spawn(process.execPath, ["--conditions=krm-source", example("own-source.ts"), "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const url = String((await lines.next()).value).replace(/\/machines$/, "");
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
  child.kill();
  expect((await exited)[0]).toBe(0);
});

interface Machine {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly cores: number };
}

withInfluxDb(process.env, (influx) => {
  test("examples/delay-to-influxdb.ts writes how late an event was", { timeout: 60_000 }, async () => {
    const cluster = new SimCluster();
    generateCluster(cluster, { pods: 5, nodes: 1 });
    await using api = new SimApiServer({ cluster });
    await api.listen();
    await using server = await influx.start();
    await server.query("CREATE DATABASE krm");
    const folder = await mkdtemp(join(tmpdir(), "krm-example-"));
    try {
      await writeFile(join(folder, "config"), api.kubeconfig(), { mode: 0o600 });
      const args = [example("delay-to-influxdb.ts"), server.url, join(folder, "config")];
      const child = spawn(process.execPath, ["--conditions=krm-source", ...args], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exited = once(child, "exit");
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      expect(String((await lines.next()).value)).toMatch(/^measuring/);
      const pod = { metadata: { name: "late" }, spec: { containers: [{ name: "c", image: "c:1" }] } };
      cluster.create(PODS, pod, { namespace: "default" });
      const measured = async (): Promise<number> => {
        const [series] = await server.query("SELECT delay FROM streamed_data WHERE event = 'ADDED'", { db: "krm" });
        return series?.values?.length ?? 0;
      };
      await eventually("the point", 30, async () => ((await measured()) === 1 ? true : undefined));
      child.kill();
      expect((await lines.next()).value).toBe("all that was measured is written");
      expect((await exited)[0]).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

test("examples/mirror-in-a-server.ts answers from its copy until it is told to stop", { timeout: 30_000 }, async () => {
  const cluster = new SimCluster();
  generateCluster(cluster, { pods: 20, nodes: 3 });
  await using monitor = new Monitor({ source: new ClusterSource({ cluster }), resources: [PODS] }).start();
  await monitor.ready();
  await using server = await createServer({ store: monitor.store, listen: { host: "127.0.0.1", port: 0 } });
  const { url } = await server.listen();
  const child = spawn(process.execPath, ["--conditions=krm-source", example("mirror-in-a-server.ts"), url], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = String((await lines.next()).value);
  expect(said).toMatch(/^20 pods at http:\/\/127\.0\.0\.1:\d+$/);
  const ask = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(`${said.replace("20 pods at ", "")}${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const nodeOf = (pod: object): string | undefined =>
    (pod as { readonly spec?: { readonly nodeName?: string } }).spec?.nodeName;
  const nodes = cluster.list(PODS).items.map((pod) => nodeOf(pod));
  const [node = ""] = nodes;
  const { body } = await ask(`/nodes/${node}/pods`);
  expect(body["state"]).toBe("synced");
  expect(body["pods"]).toHaveLength(nodes.filter((one) => one === node).length);
  expect((await ask("/pods")).body["pods"]).toHaveLength(20);
  expect(await ask("/pods?labelSelector=a>1")).toMatchObject({ status: 400 });
  expect(await ask("/")).toMatchObject({ status: 404 });
  child.kill();
  expect((await exited)[0]).toBe(0);
});

test("examples/informer-drop-in.ts lists, hears of a change, and ends", { timeout: 30_000 }, async () => {
  const cluster = new SimCluster();
  generateCluster(cluster, { pods: 20, nodes: 3 });
  await using monitor = new Monitor({ source: new ClusterSource({ cluster }), resources: [PODS] }).start();
  await monitor.ready();
  await using server = await createServer({ store: monitor.store, listen: { host: "127.0.0.1", port: 0 } });
  const { url } = await server.listen();
  const child = spawn(process.execPath, ["--conditions=krm-source", example("informer-drop-in.ts"), url], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect(String((await lines.next()).value)).toBe("20 pods");
  const { namespace = "", name = "" } = cluster.list(PODS).items[0]?.metadata ?? {};
  cluster.patch(PODS, namespace, name, { metadata: { labels: { seen: "yes" } } });
  expect(String((await lines.next()).value)).toMatch(new RegExp(`^${namespace}/${name}, of \\d{4}-.*Z, has changed$`));
  expect((await exited)[0]).toBe(0);
});

withRedis(process.env, (redis) => {
  test(
    "examples/share-a-store.ts: the second stands by, and takes over when the first ends",
    { timeout: 60_000 },
    async () => {
      const cluster = new SimCluster();
      generateCluster(cluster, { pods: 20, nodes: 3 });
      await using api = new SimApiServer({ cluster });
      await api.listen();
      await using server = await redis.start();
      const folder = await mkdtemp(join(tmpdir(), "krm-example-"));
      try {
        await writeFile(join(folder, "config"), api.kubeconfig(), { mode: 0o600 });
        const start = (): { lines: AsyncIterator<string>; end: () => Promise<unknown> } => {
          const args = ["--conditions=krm-source", example("share-a-store.ts"), server.url, join(folder, "config")];
          const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
          const exited = once(child, "exit");
          const end = async (): Promise<unknown> => {
            child.kill();
            return (await exited)[0];
          };
          return { lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), end };
        };
        const next = async ({ lines }: { lines: AsyncIterator<string> }): Promise<string> =>
          String((await lines.next()).value);
        const first = start();
        const said = [await next(first), await next(first)];
        expect(said).toContain("holding");
        const second = start();
        const url = [await next(second), await next(second)].find((line) => line.startsWith("http")) ?? "";
        for (;;) {
          const response = await fetch(url);
          if (response.ok && ((await response.json()) as { items: unknown[] }).items.length === 20) break;
        }
        expect(await first.end()).toBe(0);
        expect(await next(second)).toBe("holding");
        expect(await second.end()).toBe(0);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );
});
