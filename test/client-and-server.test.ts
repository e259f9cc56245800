// The client against the real server, over a socket, on a simulated cluster.
import { V1DeploymentList, V1NodeList, V1PodList } from "@kubernetes/client-node";
import { KrmClient } from "@krm/client";
import { MemoryStore, Monitor, PODS, NODES, DEPLOYMENTS } from "@krm/core";
import { createServer } from "@krm/server";
import { ClusterSource, generateCluster, SimCluster } from "@krm/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

describe("the client reads from the server", () => {
  const cluster = new SimCluster();
  const open = new AsyncDisposableStack();
  let client: KrmClient;

  beforeAll(async () => {
    generateCluster(cluster, { pods: 60, nodes: 4, seed: 7 });
    const store = open.use(new MemoryStore());
    const source = new ClusterSource({ cluster });
    const monitor = open.use(new Monitor({ source, store, resources: [PODS, NODES, DEPLOYMENTS] }).start());
    const server = open.use(await createServer({ store, listen: { host: "127.0.0.1", port: 0 } }));
    await monitor.ready();
    const { url } = await server.listen();
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
