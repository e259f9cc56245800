import { V1Deployment, V1DeploymentList, V1Pod, V1PodList } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { KrmClient } from "../src/index.ts";
import { json, list, serve, TRUSTED } from "./support/server.ts";

const pod = {
  metadata: { name: "web-1", namespace: "team-a", uid: "u1", creationTimestamp: "2025-06-01T10:00:00Z" },
  spec: { containers: [{ name: "web", image: "web:1" }], nodeName: "node-1" },
  status: { startTime: "2025-06-01T10:00:05Z" },
};

describe("the lists of Kubernetes", () => {
  test("are those of client-node, with dates, and with freshness beside", async () => {
    const { url } = await serve(list("PodList", [pod]));
    const pods = await new KrmClient({ url }).getPods();
    expect(pods).toBeInstanceOf(V1PodList);
    expect(pods.items[0]).toBeInstanceOf(V1Pod);
    expect(pods.items[0]?.metadata?.creationTimestamp).toEqual(new Date("2025-06-01T10:00:00Z"));
    expect(pods.items[0]?.status?.startTime).toEqual(new Date("2025-06-01T10:00:05Z"));
    expect(pods.items[0]?.kind).toBeUndefined();
    expect(pods.metadata?.resourceVersion).toBe("100");
    expect(pods.freshness).toEqual({
      state: "synced",
      resourceVersion: "100",
      verifiedAt: new Date("2026-01-01T00:00:00Z"),
      verifiedResourceVersion: "90",
      streamedThrough: "101",
      lastContact: new Date("2026-01-01T00:01:00Z"),
      warnings: [],
    });
  });

  test("come from the resource's own path, each", async () => {
    const { url, received } = await serve(list("List", []));
    const client = new KrmClient({ url });
    await client.getPods();
    await client.getDeployments();
    await client.getPersistentVolumeClaims();
    await client.getServices();
    await client.getIngresses();
    await client.getNodes();
    expect(received.map((request) => request.url)).toEqual([
      "/pods",
      "/deployments.apps",
      "/persistentvolumeclaims",
      "/services",
      "/ingresses.networking.k8s.io",
      "/nodes",
    ]);
  });

  test("tell whether something was left out for want of a right", async () => {
    const headers = { ...TRUSTED, "KRM-Scope": "accessible", "KRM-Scope-Namespaces": "2" };
    const { url, received } = await serve(list("PodList", [pod], headers), list("PodList", [pod]));
    const client = new KrmClient({ url });
    const some = await client.getPods({ scope: "accessible" });
    expect(some.freshness.scope).toEqual({ type: "accessible", namespaces: 2 });
    expect((await client.list("pods")).freshness.scope).toBeUndefined();
    expect(received.map((request) => request.url)).toEqual(["/pods?scope=accessible", "/pods"]);
  });

  test("are of their own class, each", async () => {
    const { url } = await serve(list("DeploymentList", [{ metadata: { name: "web" } }], TRUSTED, "apps/v1"));
    const deployments = await new KrmClient({ url }).getDeployments();
    expect(deployments).toBeInstanceOf(V1DeploymentList);
    expect(deployments.items[0]).toBeInstanceOf(V1Deployment);
  });

  test("are plain JSON where asked for", async () => {
    const { url } = await serve(list("PodList", [pod]));
    const pods = await new KrmClient({ url }).getPods<typeof pod>({ as: "json" });
    expect(pods.items).toEqual([pod]);
    expect(pods.freshness.state).toBe("synced");
  });

  test("say why they deserve less trust", async () => {
    const headers = { "KRM-State": "stale", Warning: '299 krm "pods: last news 95 s ago"' };
    const { url } = await serve(list("PodList", [], headers));
    const { freshness } = await new KrmClient({ url }).getPods();
    expect(freshness).toMatchObject({
      state: "stale",
      verifiedAt: undefined,
      warnings: ["pods: last news 95 s ago"],
    });
  });

  test("carry every option as the server knows it, below the path where it is mounted", async () => {
    const { url, received } = await serve(list("PodList", []));
    await new KrmClient({ url: `${url}/krm/` }).getPods({
      name: "web-1",
      namespace: "team-a",
      node: "node-1",
      labelSelector: "app in (a, b),!canary",
      fieldSelector: "status.phase=Running",
      limit: 10,
      continue: "abc",
      maxStaleness: 90_000,
      resourceVersion: "12345678901234567890",
      resourceVersionMatch: "NotOlderThan",
    });
    const { pathname, searchParams } = new URL(received[0]?.url ?? "", url);
    expect(pathname).toBe("/krm/pods");
    expect(Object.fromEntries(searchParams)).toEqual({
      name: "web-1",
      namespace: "team-a",
      node: "node-1",
      labelSelector: "app in (a, b),!canary",
      fieldSelector: "status.phase=Running",
      limit: "10",
      continue: "abc",
      maxStaleness: "1m30s",
      resourceVersion: "12345678901234567890",
      resourceVersionMatch: "NotOlderThan",
    });
  });
});

describe("any resource", () => {
  test("lists as plain JSON, by any name", async () => {
    const { url, received } = await serve(list("WidgetList", [{ metadata: { name: "w" } }], TRUSTED, "example.com/v1"));
    const widgets = await new KrmClient({ url }).list("widgets.example.com", { namespace: "a" });
    expect(received[0]?.url).toBe("/widgets.example.com?namespace=a");
    expect(widgets).toMatchObject({ kind: "WidgetList", items: [{ metadata: { name: "w" } }] });
    expect(widgets.freshness.resourceVersion).toBe("100");
  });

  test("gives one object with its kind and version", async () => {
    const { url, received } = await serve(list("DeploymentList", [{ metadata: { name: "web" } }], TRUSTED, "apps/v1"));
    const { object, freshness } = await new KrmClient({ url }).get("deploy", { name: "web", namespace: "a" });
    expect(received[0]?.url).toBe("/deploy?name=web&namespace=a");
    expect(object).toEqual({ kind: "Deployment", apiVersion: "apps/v1", metadata: { name: "web" } });
    expect(freshness.state).toBe("synced");
  });

  test("keeps an object's own kind and version", async () => {
    const custom = { kind: "Widget", apiVersion: "example.com/v1beta1", metadata: { name: "w" } };
    const { url } = await serve(list("WidgetList", [custom], TRUSTED, "example.com/v1"));
    expect((await new KrmClient({ url }).get("widgets", { name: "w" })).object).toEqual(custom);
  });

  test("says that an object is not there, or there several times", async () => {
    const one = await serve(list("PodList", []));
    await expect(new KrmClient({ url: one.url }).get("pods", { name: "web" })).rejects.toMatchObject({
      code: "KRM_CLIENT_NOT_FOUND",
      url: `${one.url}/pods?name=web`,
    });
    const part = await serve(
      list("PodList", [], { ...TRUSTED, "KRM-State": "forbidden", Warning: '299 krm "pods in namespace b: missing"' }),
    );
    await expect(new KrmClient({ url: part.url }).get("pods", { name: "web" })).rejects.toMatchObject({
      code: "KRM_CLIENT_NOT_FOUND",
      hint: "the server warns: pods in namespace b: missing",
      freshness: { state: "forbidden", streamedThrough: "101", warnings: ["pods in namespace b: missing"] },
    });
    const two = await serve(list("PodList", [pod, pod]));
    await expect(new KrmClient({ url: two.url }).get("pods", { name: "web" })).rejects.toMatchObject({
      code: "KRM_CLIENT_INVALID_ARGUMENT",
      hint: "name the namespace",
    });
  });
});

test("status is what the server tells of itself", async () => {
  const body = { time: "2026-01-01T00:00:00Z", state: "synced", scopes: [] };
  const { url, received } = await serve(json(200, body));
  expect(await new KrmClient({ url }).status()).toEqual(body);
  expect(received[0]?.url).toBe("/status");
});
