import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  compileDropPaths,
  KrmError,
  type ListWatch,
  parseResourceVersion,
  PODS,
  type StoredObject,
  type WatchEvent,
} from "@krm/core";
import { ManualClock, SimApiServer, SimCluster, WIDGETS } from "@krm/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { discoverResources, KubernetesSource, loadKubeConfig, resolveResource } from "../src/index.ts";
import { failure } from "./support/test-server.ts";

const clock = new ManualClock();
const cluster = new SimCluster({ clock });
const server = new SimApiServer({ cluster });
let folder: string;

function sourceFor(user: string, drop?: readonly string[]): KubernetesSource {
  const file = join(folder, user);
  writeFileSync(file, server.kubeconfig({ user }));
  return new KubernetesSource({
    kubeConfig: loadKubeConfig({ file }),
    drop: drop === undefined ? undefined : compileDropPaths(drop),
  });
}

function createPod(name: string, namespace = "default"): void {
  cluster.create(PODS, {
    metadata: { name, namespace, labels: { app: name } },
    spec: { containers: [{ name: "c", image: "c:1" }] },
  });
}

async function listAll(
  listWatch: ListWatch,
  limit: number,
): Promise<{ items: StoredObject[]; version: string; pages: number }> {
  const items: StoredObject[] = [];
  let version = "";
  let pages = 0;
  for (let token: string | undefined, more = true; more; more = token !== undefined) {
    const page = await listWatch.list({ limit, continue: token });
    items.push(...page.items);
    version = page.resourceVersion;
    token = page.continue;
    pages++;
  }
  return { items, version, pages };
}

async function next(watch: AsyncIterator<readonly WatchEvent[]>): Promise<readonly WatchEvent[]> {
  for (;;) {
    const step = await watch.next();
    if (step.done === true || step.value.length > 0) return step.done === true ? [] : step.value;
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "krm-sim-"));
  await server.listen();
  for (let k = 0; k < 25; k++) createPod(`pod-${String(k).padStart(2, "0")}`);
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describe("against a simulated cluster over TLS", () => {
  it("lists in pages what the cluster holds", async () => {
    await using source = sourceFor("admin", []);
    const { items, version, pages } = await listAll(source.listWatch({ resource: PODS }), 10);
    expect([items.length, pages, version]).toEqual([25, 3, cluster.version]);
    for (const item of items) {
      const { kind: _kind, apiVersion: _apiVersion, ...held } = cluster.get(PODS, item.namespace, item.name) ?? {};
      expect(JSON.parse(Buffer.from(item.bytes).toString())).toEqual(held);
      expect(item.labels["app"]).toBe(item.name);
    }
    await using dropping = sourceFor("admin");
    const dropped = await listAll(dropping.listWatch({ resource: PODS, namespace: "default" }), 500);
    expect(dropped.items.map(({ key }) => key)).toEqual(items.map(({ key }) => key));
    expect(Buffer.from(items[0]?.bytes ?? []).includes("managedFields")).toBe(true);
    expect(Buffer.from(dropped.items[0]?.bytes ?? []).includes("managedFields")).toBe(false);
    expect(dropped.items[0]?.changedAt).toBe("2026-01-01T00:00:00Z");
  });

  it("watches from the list's version on, and gives an object the same bytes as a list and a get do", async () => {
    await using source = sourceFor("admin");
    const pods = source.listWatch({ resource: PODS });
    const { version } = await listAll(pods, 500);
    const watch = await pods.watch({ resourceVersion: parseResourceVersion(version), timeoutSeconds: 300 });
    const events = watch[Symbol.asyncIterator]();
    createPod("seen");
    const [added] = await next(events);
    const listed = (await pods.list({})).items.find(({ name }) => name === "seen");
    const got = await pods.get({ namespace: "default", name: "seen" });
    const shown = added !== undefined && "object" in added ? added.object : undefined;
    expect(added?.type).toBe("ADDED");
    expect(shown?.resourceVersion).toBe(cluster.version);
    expect(Buffer.from(shown?.bytes ?? []).equals(listed?.bytes ?? Buffer.alloc(0))).toBe(true);
    expect(Buffer.from(shown?.bytes ?? []).equals(got?.bytes ?? Buffer.alloc(0))).toBe(true);
    server.endWatches();
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it("tells a connection that broke, and one that is refused", async () => {
    await using source = sourceFor("admin");
    const pods = source.listWatch({ resource: PODS });
    const watch = await pods.watch({ resourceVersion: parseResourceVersion(cluster.version), timeoutSeconds: 300 });
    const broken = failure(next(watch[Symbol.asyncIterator]()));
    server.dropConnections();
    expect(await broken).toMatchObject({ code: "KRM_CONNECTION" });
    await server.stop();
    expect(await failure(pods.list({}))).toMatchObject({
      code: "KRM_CONNECTION",
      message: expect.stringContaining("refused") as string,
    });
    await server.start();
    expect((await pods.list({})).items.length).toBeGreaterThan(0);
  });

  it("tells what is forbidden, and versions that are gone", async () => {
    await using source = sourceFor("viewer");
    const forbidden = await failure(source.listWatch({ resource: { ...PODS, resource: "secrets" } }).list({}));
    expect(KrmError.is(forbidden, "KRM_API_STATUS") && [forbidden.status?.code, forbidden.status?.reason]).toEqual([
      403,
      "Forbidden",
    ]);
    await using admin = sourceFor("admin");
    const old = parseResourceVersion(cluster.version);
    createPod("newer");
    cluster.compact();
    const pods = admin.listWatch({ resource: PODS });
    const watch = await pods.watch({ resourceVersion: old, timeoutSeconds: 300 });
    expect(await next(watch[Symbol.asyncIterator]())).toEqual([
      { type: "ERROR", status: expect.objectContaining({ code: 410, reason: "Expired" }) as unknown },
    ]);
  });

  it("discovers what there is", async () => {
    await using source = sourceFor("admin");
    const known = await discoverResources(source);
    const { verbs, ...pods } = resolveResource("po", known);
    expect(pods).toEqual(PODS);
    expect(verbs).toEqual(expect.arrayContaining(["list", "watch"]));
    expect(resolveResource("deploy", known)).toMatchObject({ group: "apps", version: "v1", custom: false });
    expect(resolveResource(WIDGETS.resource, known)).toMatchObject({ group: WIDGETS.group, custom: true });
  });
});
