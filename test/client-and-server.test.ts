// The client against the real server, over a socket, on a simulated cluster.
import { V1DeploymentList, V1NodeList, V1Pod, V1PodList } from "@kubernetes/client-node";
import { KrmClient } from "@krm/client";
import { MemoryStore, Monitor, PODS, NODES, DEPLOYMENTS } from "@krm/core";
import { createServer } from "@krm/server";
import { ClusterSource, generateCluster, SimCluster } from "@krm/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

describe("the client reads from the server", () => {
  const cluster = new SimCluster();
  const open = new AsyncDisposableStack();
  let client: KrmClient;
  let url: string;
  const bytesOf = async (path: string): Promise<Buffer> =>
    Buffer.from(await (await fetch(`${url}${path}`)).arrayBuffer());

  beforeAll(async () => {
    generateCluster(cluster, { pods: 60, nodes: 4, seed: 7 });
    const store = open.use(new MemoryStore());
    const source = new ClusterSource({ cluster });
    const monitor = open.use(new Monitor({ source, store, resources: [PODS, NODES, DEPLOYMENTS] }).start());
    const server = open.use(await createServer({ store, listen: { host: "127.0.0.1", port: 0 } }));
    await monitor.ready();
    ({ url } = await server.listen());
    client = new KrmClient({ url });
  });
  afterAll(() => open.disposeAsync());

  test("lists of client-node, with dates and freshness", async () => {
    const pods = await client.getPods();
    expect(pods).toBeInstanceOf(V1PodList);
    expect(pods.items).toHaveLength(60);
    expect(pods.items[0]?.metadata?.creationTimestamp).toBeInstanceOf(Date);
    expect(pods.freshness).toMatchObject({ state: "synced", resourceVersion: pods.metadata?.resourceVersion });
    expect(await client.getNodes()).toBeInstanceOf(V1NodeList);
    expect(await client.getDeployments()).toBeInstanceOf(V1DeploymentList);
  });

  test("selections, by node, namespace and label", async () => {
    const all = await client.getPods();
    const some = all.items[0];
    const node = some?.spec?.nodeName ?? "";
    const namespace = some?.metadata?.namespace ?? "";
    const expected = all.items.filter(
      ({ spec, metadata }) => spec?.nodeName === node && metadata?.namespace === namespace && metadata.labels?.["app"],
    );
    const found = await client.getPods({ node, namespace, labelSelector: "app" });
    expect(found.items.map(({ metadata }) => metadata?.name)).toEqual(expected.map(({ metadata }) => metadata?.name));
  });

  test("pages that add up to the whole", async () => {
    const names: (string | undefined)[] = [];
    let token: string | undefined;
    do {
      const page = await client.getPods({ limit: 25, continue: token });
      names.push(...page.items.map(({ metadata }) => metadata?.uid));
      token = page.metadata?._continue;
    } while (token);
    expect(new Set(names).size).toBe(60);
    expect(names).toHaveLength(60);
  });

  test("one object, as the cluster has it", async () => {
    const { items } = await client.getNodes();
    const name = items[0]?.metadata?.name ?? "";
    const { object } = await client.get<{ kind: string; metadata: { name: string } }>("no", { name });
    expect(object).toMatchObject({ kind: "Node", apiVersion: "v1", metadata: { name } });
  });

  test("one object of a kind, and one in a namespace of any resource", async () => {
    const { items } = await client.getPods({ limit: 1 });
    const { name = "", namespace = "" } = items[0]?.metadata ?? {};
    const { object, freshness } = await client.getPod({ name, namespace });
    expect(object).toBeInstanceOf(V1Pod);
    expect(object.metadata?.creationTimestamp).toBeInstanceOf(Date);
    expect(freshness.state).toBe("synced");
    const pods = client.resource("v1/pods");
    expect((await pods.get({ name, namespace })).object.metadata?.name).toBe(name);
    expect((await pods.list({ namespace, name })).items).toHaveLength(1);
    for await (const event of pods.watch({ namespace })) {
      expect(event).toEqual({ type: "reset", reason: "start" });
      break;
    }
    await expect(client.resource("v2/pods").list()).rejects.toMatchObject({ code: "KRM_CLIENT_NOT_FOUND" });
  });

  test("the bytes of lists and of objects, as curl gets them", async () => {
    const { items } = await client.getPods({ limit: 1 });
    const { name = "", namespace = "" } = items[0]?.metadata ?? {};
    const list = await client.getPods({ namespace, as: "bytes" });
    expect(Buffer.from(list.bytes)).toEqual(await bytesOf(`/pods?namespace=${namespace}`));
    expect(list.freshness.state).toBe("synced");
    const object = await client.getPod({ name, namespace, as: "bytes" });
    expect(Buffer.from(object.bytes)).toEqual(await bytesOf(`/api/v1/namespaces/${namespace}/pods/${name}`));
    expect(object.freshness.state).toBe("synced");
    const node = (await client.getNodes()).items[0]?.metadata?.name ?? "";
    expect((await client.getNode({ name: node, as: "bytes" })).bytes.length).toBeGreaterThan(0);
    const unnamed = client.getPod({ name, as: "bytes" });
    await expect(unnamed).rejects.toMatchObject({
      code: "KRM_CLIENT_NOT_FOUND",
      hint: expect.stringContaining("name the namespace") as string,
    });
  });

  test("a list that is kept: unchanged until something changes, and fresh each time", async () => {
    const statuses: number[] = [];
    const counting: typeof fetch = async (...args) => {
      const response = await fetch(...args);
      statuses.push(response.status);
      return response;
    };
    const keeping = new KrmClient({ url, fetch: counting, cache: { maxBytes: 10_000_000 } });
    const first = await keeping.getNodes();
    let second = first;
    // A bookmark in between makes it another list.
    while (statuses.at(-1) !== 304) second = await keeping.getNodes();
    expect(second.items).toEqual(first.items);
    expect(second.freshness.state).toBe("synced");
    cluster.patch(NODES, "", first.items[0]?.metadata?.name ?? "", { metadata: { labels: { seen: "yes" } } });
    let third = second;
    while (third.items[0]?.metadata?.labels?.["seen"] === undefined) third = await keeping.getNodes();
    expect(third.freshness.resourceVersion).not.toBe(first.freshness.resourceVersion);
    expect(statuses.at(-1)).toBe(200);
  });

  test("the status of what is watched", async () => {
    const { scopes, state } = await client.status();
    expect(state).toBe("synced");
    expect(scopes.map((scope) => scope.name).toSorted()).toEqual(["deployments.apps", "nodes", "pods"]);
  });

  test("errors, typed", async () => {
    await expect(client.getPods({ labelSelector: "a in" })).rejects.toMatchObject({ code: "KRM_CLIENT_BAD_REQUEST" });
    await expect(client.list("widgets")).rejects.toMatchObject({ code: "KRM_CLIENT_NOT_FOUND", status: 404 });
    await expect(client.get("pods", { name: "nobody" })).rejects.toMatchObject({ code: "KRM_CLIENT_NOT_FOUND" });
  });
});
