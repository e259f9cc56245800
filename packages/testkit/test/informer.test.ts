import { EventEmitter, once } from "node:events";
import { PODS } from "@krm/core";
import { SimApiServer, SimCluster } from "@krm/testkit";
import { CoreV1Api, KubeConfig, makeInformer, type V1Pod } from "@kubernetes/client-node";
import { expect, it } from "vitest";

const spec = { containers: [{ name: "c", image: "c:1" }] };

it("serves @kubernetes/client-node's own informer by the kubeconfig that it writes", async () => {
  const cluster = new SimCluster();
  cluster.create(PODS, { metadata: { name: "before" }, spec }, { namespace: "default" });
  await using server = new SimApiServer({ cluster });
  await server.listen();
  const config = new KubeConfig();
  config.loadFromString(server.kubeconfig());
  const api = config.makeApiClient(CoreV1Api);
  const seen = new EventEmitter();
  const informer = makeInformer(config, "/api/v1/namespaces/default/pods", () =>
    api.listNamespacedPod({ namespace: "default" }),
  );
  for (const verb of ["add", "update", "delete"] as const) {
    informer.on(verb, (pod: V1Pod) => seen.emit(verb, pod.metadata?.name));
  }
  const added = once(seen, "add");
  await informer.start();
  expect(await added).toEqual(["before"]);

  const arrived = once(seen, "add");
  cluster.create(PODS, { metadata: { name: "after" }, spec }, { namespace: "default" });
  expect(await arrived).toEqual(["after"]);
  const updated = once(seen, "update");
  cluster.patch(PODS, "default", "after", { metadata: { labels: { a: "b" } } });
  expect(await updated).toEqual(["after"]);
  const deleted = once(seen, "delete");
  cluster.delete(PODS, "default", "before");
  expect(await deleted).toEqual(["before"]);
  expect(informer.list().map((pod) => pod.metadata?.name)).toEqual(["after"]);

  await informer.stop();
  expect(server.requests.count({ verb: "list", resource: "pods" })).toBe(1);
  expect(server.requests.count({ verb: "watch", resource: "pods" })).toBe(1);
});

it("gives typed clients what they send: create, read, replace, delete", async () => {
  const cluster = new SimCluster();
  await using server = new SimApiServer({ cluster });
  await server.listen();
  const config = new KubeConfig();
  config.loadFromString(server.kubeconfig());
  const api = config.makeApiClient(CoreV1Api);
  const created = await api.createNamespacedPod({ namespace: "default", body: { metadata: { name: "a" }, spec } });
  expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
  const replaced = await api.replaceNamespacedPod({
    namespace: "default",
    name: "a",
    body: { ...created, metadata: { ...created.metadata, labels: { x: "y" } } },
  });
  expect(replaced.metadata?.labels).toEqual({ x: "y" });
  const { items } = await api.listNamespacedPod({ namespace: "default", labelSelector: "x=y" });
  expect(items.map((pod) => pod.metadata?.name)).toEqual(["a"]);
  await api.deleteNamespacedPod({ namespace: "default", name: "a" });
  await expect(api.readNamespacedPod({ namespace: "default", name: "a" })).rejects.toMatchObject({ code: 404 });
});
