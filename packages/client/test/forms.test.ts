import type { RequestListener } from "node:http";
import { V1Deployment, V1Pod } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { KrmClient } from "../src/index.ts";
import { failure, json, list, serve, TRUSTED } from "./support/server.ts";

const pod = {
  metadata: { name: "web-1", namespace: "team-a", creationTimestamp: "2025-06-01T10:00:00Z" },
};

const raw =
  (text: string, headers: Record<string, string> = TRUSTED): RequestListener =>
  (_, response) => {
    response.writeHead(200, { "content-type": "application/json", ...headers });
    response.end(text);
  };
const textOf = ({ bytes }: { readonly bytes: Uint8Array }): string => new TextDecoder().decode(bytes);

describe("one object of a kind", () => {
  test("is client-node's, with dates, and with freshness beside", async () => {
    const { url, received } = await serve(list("PodList", [pod]));
    const { object, freshness } = await new KrmClient({ url }).getPod({ name: "web-1", namespace: "team-a" });
    expect(received[0]?.url).toBe("/pods?name=web-1&namespace=team-a");
    expect(object).toBeInstanceOf(V1Pod);
    expect(object).toMatchObject({ kind: "Pod", apiVersion: "v1" });
    expect(object.metadata?.creationTimestamp).toEqual(new Date("2025-06-01T10:00:00Z"));
    expect(freshness).toMatchObject({ state: "synced", resourceVersion: "100" });
  });

  test("comes from the resource's own path, each", async () => {
    const { url, received } = await serve(list("List", [pod]));
    const client = new KrmClient({ url });
    await client.getPod({ name: "a" });
    await client.getDeployment({ name: "a" });
    await client.getPersistentVolumeClaim({ name: "a" });
    await client.getService({ name: "a" });
    await client.getIngress({ name: "a" });
    await client.getNode({ name: "a" });
    expect(received.map((request) => request.url)).toEqual([
      "/pods?name=a",
      "/deployments.apps?name=a",
      "/persistentvolumeclaims?name=a",
      "/services?name=a",
      "/ingresses.networking.k8s.io?name=a",
      "/nodes?name=a",
    ]);
  });

  test("is of its own class, or plain JSON where asked for", async () => {
    const { url } = await serve(list("DeploymentList", [pod], TRUSTED, "apps/v1"));
    const client = new KrmClient({ url });
    expect((await client.getDeployment({ name: "web-1" })).object).toBeInstanceOf(V1Deployment);
    expect((await client.getDeployment({ name: "web-1", as: "json" })).object).toEqual({
      kind: "Deployment",
      apiVersion: "apps/v1",
      ...pod,
    });
  });

  test("that is not there is an error, and so is an option that does not exist", async () => {
    const { url } = await serve(list("PodList", []));
    const client = new KrmClient({ url });
    await expect(client.getPod({ name: "a" })).rejects.toMatchObject({ code: "KRM_CLIENT_NOT_FOUND" });
    await expect(client.getPod({ name: "a", node: "n" } as object as { name: string })).rejects.toThrow(
      'getPod has no option "node"',
    );
    await expect(client.getPod({ name: "a", as: "yaml" } as object as { name: string })).rejects.toThrow(
      'as is "yaml"',
    );
  });
});

describe("bytes", () => {
  // JSON.parse would make 9007199254740992 and 1 of it.
  const body =
    '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"n":9007199254740993,"f":1.0}]}';

  test("of a list are the server's, with the freshness that its headers tell", async () => {
    const headers = { ...TRUSTED, "KRM-Scope": "accessible", "KRM-Scope-Namespaces": "2" };
    const { url, received } = await serve(raw(body, headers));
    const client = new KrmClient({ url });
    for (const call of [
      client.getPods({ as: "bytes", namespace: "a" }),
      client.list("pods", { as: "bytes", namespace: "a" }),
      client.resource("v1/pods").list({ as: "bytes", namespace: "a" }),
    ]) {
      const pods = await call;
      expect(textOf(pods)).toBe(body);
      expect(pods.freshness).toEqual({
        state: "synced",
        verifiedAt: new Date("2026-01-01T00:00:00Z"),
        verifiedResourceVersion: "90",
        streamedThrough: "101",
        lastContact: new Date("2026-01-01T00:01:00Z"),
        warnings: [],
        scope: { type: "accessible", namespaces: 2 },
      });
    }
    expect(new Set(received.map((request) => request.url))).toEqual(new Set(["/pods?namespace=a"]));
  });

  test("of a list may say its version first, as those of custom resources do", async () => {
    const { url } = await serve(raw('{"apiVersion":"example.com/v1","kind":"WidgetList","metadata":{},"items":[]}'));
    const client = new KrmClient({ url });
    expect((await client.resource("example.com/v1/widgets").list({ as: "bytes" })).bytes.length).toBe(76);
    await expect(client.resource("example.com/v2/widgets").list({ as: "bytes" })).rejects.toMatchObject({
      code: "KRM_CLIENT_NOT_FOUND",
    });
  });

  test("of an object are those of the Kubernetes API", async () => {
    const object = '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-1"},"n":9007199254740993}';
    const { url, received } = await serve(raw(object));
    const client = new KrmClient({ url });
    const asked = { name: "web-1", namespace: "team-a", as: "bytes" } as const;
    expect(textOf(await client.getPod(asked))).toBe(object);
    expect(textOf(await client.get("pods", { ...asked, maxStaleness: "30s" }))).toBe(object);
    expect(textOf(await client.resource("apps/v1/deployments").get({ ...asked, resourceVersion: "5" }))).toBe(object);
    expect(textOf(await client.get("v1/nodes", { name: "a:b c", as: "bytes" }))).toBe(object);
    expect(received.map((request) => request.url)).toEqual([
      "/api/v1/namespaces/team-a/pods/web-1",
      "/api/v1/namespaces/team-a/pods/web-1?maxStaleness=30s",
      "/apis/apps/v1/namespaces/team-a/deployments/web-1?resourceVersion=5",
      "/api/v1/nodes/a%3Ab%20c",
    ]);
  });

  test.each([
    ["..", "team-a", /name is "\.\."/],
    ["a/../b", "team-a", /name is/],
    ["%2e%2e", "team-a", /name is/],
    ["a", "..", /namespace is "\.\."/],
  ])("of %j in %j, which would be another path, are not asked for", async (name, namespace, message) => {
    const { url, received } = await serve(raw(body));
    const call = new KrmClient({ url, token: "abc" }).getPod({ name, namespace, as: "bytes" });
    await expect(call).rejects.toThrow(message);
    expect(received).toEqual([]);
  });

  test("of an object say that a namespace may be missing", async () => {
    const { url } = await serve(failure(404, "the server could not find the requested resource"));
    const client = new KrmClient({ url });
    await expect(client.getPod({ name: "a", as: "bytes" })).rejects.toMatchObject({
      code: "KRM_CLIENT_NOT_FOUND",
      status: 404,
      hint: expect.stringContaining("name the namespace") as string,
    });
    await expect(client.getPod({ name: "a", namespace: "b", as: "bytes" })).rejects.toMatchObject({
      hint: "check the name; the server's status lists what is watched",
    });
  });

  test("of an object need a resource that names its version", async () => {
    const { url } = await serve(raw(body));
    const call = new KrmClient({ url }).get("po" as "pods", { name: "a", as: "bytes" });
    await expect(call).rejects.toMatchObject({ code: "KRM_CLIENT_INVALID_ARGUMENT" });
  });

  test.each([
    ["a list without trust headers", raw(body, {})],
    ["no list", raw("[]")],
    ["an object", raw('{"kind":"Pod","apiVersion":"v1","metadata":{}}')],
    ["a page", raw("<html>")],
  ])("of %s are refused", async (_, answer) => {
    const { url } = await serve(answer);
    await expect(new KrmClient({ url }).getPods({ as: "bytes" })).rejects.toMatchObject({
      code: "KRM_CLIENT_NOT_KRM",
      url: `${url}/pods`,
    });
  });
});

describe("a resource in one version", () => {
  test("lists, gets and is watched", async () => {
    const { url, received } = await serve(list("DeploymentList", [pod], TRUSTED, "apps/v1"));
    const deployments = new KrmClient({ url }).resource<typeof pod>("apps/v1/deployments");
    expect((await deployments.list({ labelSelector: "a" })).items).toEqual([pod]);
    expect((await deployments.get({ name: "web-1", namespace: "b" })).object.metadata.name).toBe("web-1");
    const left = new AbortController();
    const events = deployments.watch({ namespace: "b", signal: left.signal, onRetry: () => left.abort() });
    await expect(events[Symbol.asyncIterator]().next()).resolves.toBeDefined();
    expect(received.map((request) => request.url.split("?")[0])).toEqual([
      "/deployments.apps",
      "/deployments.apps",
      "/apis/apps/v1/namespaces/b/deployments",
    ]);
  });

  test.each(["json", "bytes"] as const)("is not answered with another version, as %s", async (as) => {
    const { url } = await serve(list("DeploymentList", [pod], TRUSTED, "apps/v1"));
    const call = new KrmClient({ url }).resource("apps/v1beta1/deployments").list({ as } as { as: "json" });
    await expect(call).rejects.toMatchObject({
      code: "KRM_CLIENT_NOT_FOUND",
      message: `${url}/deployments.apps: deployments.apps are watched in apps/v1, and not in apps/v1beta1`,
    });
  });

  test.each(["pods", "a/b/c/d", "apps/v1/..", "/v1/pods", "v1/Pods"])("is not %j", (resource) => {
    const made = (): unknown => new KrmClient({ url: "http://127.0.0.1:1" }).resource(resource as "v1/pods");
    if (resource === "pods") expect(made).not.toThrow();
    else expect(made).toThrow(expect.objectContaining({ code: "KRM_CLIENT_INVALID_ARGUMENT" }));
  });

  test("refuses options that a call does not have", async () => {
    const pods = new KrmClient({ url: "http://127.0.0.1:1" }).resource("v1/pods");
    await expect(pods.list({ nodes: "a" } as object)).rejects.toThrow('list has no option "nodes"');
    await expect(pods.list({ as: "kubernetes" } as object)).rejects.toThrow('as is "kubernetes"');
  });
});

test("what the server does not hold, and sends on, is not read: nobody says how far it can be trusted", async () => {
  const { url } = await serve(json(200, { kind: "ConfigMap" }, { "KRM-Forwarded": "true" }));
  const client = new KrmClient({ url });
  const refused = {
    code: "KRM_CLIENT_NOT_FOUND",
    message: `${url}/api/v1/namespaces/a/configmaps/b: not watched; the server sent the request on`,
  };
  await expect(client.resource("v1/configmaps").get({ name: "b", namespace: "a", as: "bytes" })).rejects.toMatchObject(
    refused,
  );
  await expect(client.watch("v1/configmaps")[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: "KRM_CLIENT_NOT_FOUND",
  });
});
