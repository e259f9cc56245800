import { gunzipSync } from "node:zlib";
import { DEPLOYMENTS, PODS } from "@krm/core";
import { CONFIG_MAPS, createTlsMaterial, ManualClock, SimApiServer, SimCluster, WIDGETS } from "@krm/testkit";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type AnyJson, SimClient } from "./support/sim-client.ts";

const pods = "/api/v1/namespaces/default/pods";
const configMaps = "/api/v1/namespaces/default/configmaps";
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const spec = { containers: [{ name: "c", image: "c:1" }] };

let clock: ManualClock;
let cluster: SimCluster;
let server: SimApiServer;
let client: SimClient;

function createPods(count: number): void {
  for (let index = 0; index < count; index++) {
    const metadata = { name: `p-${String(index).padStart(4, "0")}`, labels: { half: String(index % 2) } };
    cluster.create(PODS, { metadata, spec }, { namespace: "default" });
  }
}

beforeEach(async () => {
  clock = new ManualClock();
  cluster = new SimCluster({ clock });
  server = new SimApiServer({ cluster });
  await server.listen();
  client = new SimClient(server);
});
afterEach(() => server.close());

describe("listening", () => {
  it("writes a kubeconfig that client-node reads: address, authority, token", () => {
    const config = new KubeConfig();
    config.loadFromString(server.kubeconfig({ user: "viewer" }));
    expect(config.getCurrentCluster()).toMatchObject({ server: server.url, skipTLSVerify: false });
    expect(Buffer.from(config.getCurrentCluster()?.caData ?? "", "base64").toString()).toBe(server.ca);
    expect(config.getCurrentUser()).toMatchObject({ name: "viewer", token: "viewer-token" });
  });

  it("names the user that it does not know, and those it does", () => {
    expect(() => server.kubeconfig({ user: "nobody" })).toThrow('no user "nobody": choose one of admin, viewer');
  });

  it("says so when the port is in use", async () => {
    const port = Number(new URL(server.url).port);
    await using second = new SimApiServer({ cluster });
    await expect(second.listen({ port })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: the port is in use`);
  });

  it("is not trusted by who does not know its authority", async () => {
    const { ca } = await createTlsMaterial();
    const stranger = new SimClient({ url: server.url, ca });
    await expect(stranger.call(pods)).rejects.toThrow(/certificate/);
  });

  it("serves plain HTTP when told to", async () => {
    await using plain = new SimApiServer({ cluster, tls: false });
    const { url } = await plain.listen();
    expect(url).toMatch(/^http:/);
    expect(await (await fetch(`${url}/healthz`)).text()).toBe("ok");
    expect(plain.kubeconfig()).not.toContain("certificate-authority-data");
  });

  it("tells the time of its clock", async () => {
    const { headers } = await client.call("/version");
    expect(headers["date"]).toBe(new Date(clock.now()).toUTCString());
  });
});

describe("coming and going", () => {
  it("vanishes, and comes back on the same port with what happened meanwhile", async () => {
    const watch = await client.watch(`${pods}?watch=1&resourceVersion=${cluster.version}`);
    const { url } = server;
    await server.stop();
    await expect(watch.next()).rejects.toThrow(/aborted/);
    await expect(client.call(pods)).rejects.toThrow(/ECONNREFUSED/);
    createPods(1);
    await server.start();
    expect(server.url).toBe(url);
    expect((await client.call(pods)).json.items).toHaveLength(1);
  });

  it("falls silent without a byte, and goes on where it was", async () => {
    const watch = await client.watch(`${pods}?watch=1&resourceVersion=${cluster.version}`);
    server.pause();
    createPods(1);
    const opened = client.watch(`${pods}?watch=1&resourceVersion=${cluster.version}`);
    const list = client.call(pods);
    server.resume();
    expect((await watch.next()).object.metadata.name).toBe("p-0000");
    expect((await list).json.items).toHaveLength(1);
    expect((await opened).status).toBe(200);
  });

  it("counts requests by verb and resource", async () => {
    createPods(5);
    let token = "";
    do {
      const page = await client.call(`${pods}?limit=2&continue=${token}`);
      token = page.json.metadata.continue ?? "";
    } while (token !== "");
    await client.call(`${pods}/p-0000`);
    await client.call(`${deployments}/missing/scale`);
    await client.call("/readyz", { token: null });
    expect(server.requests.count({ verb: "list" })).toBe(3);
    expect(server.requests.count({ resource: "pods" })).toBe(4);
    expect(server.requests.entries()).toContainEqual({ verb: "get", resource: "deployments/scale", count: 1 });
    expect(server.requests.entries()).toContainEqual({ verb: "get", resource: "/readyz", count: 1 });
    server.requests.reset();
    expect(server.requests.count()).toBe(0);
  });
});

describe("reads", () => {
  it("gives pages of one version while the cluster goes on", async () => {
    createPods(5);
    const first = (await client.call(`${pods}?limit=2`)).json;
    cluster.delete(PODS, "default", "p-0003", { gracePeriodSeconds: 0 });
    const second = (await client.call(`${pods}?limit=5&continue=${first.metadata.continue}`)).json;
    expect(second.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
    expect(second.items.map((item: AnyJson) => item.metadata.name)).toEqual(["p-0002", "p-0003", "p-0004"]);
  });

  it("goes on behind a page whose last object matched, whatever follows", async () => {
    createPods(4);
    const page = (await client.call(`${pods}?limit=2&labelSelector=half%3D0`)).json;
    expect(page.items).toHaveLength(2);
    const rest = (await client.call(`${pods}?labelSelector=half%3D0&continue=${page.metadata.continue}`)).json;
    expect(rest).toMatchObject({ items: [], metadata: { resourceVersion: page.metadata.resourceVersion } });
  });

  it("pages through all namespaces in the order of their keys", async () => {
    for (const [namespace, name] of [
      ["kube-system", "a"],
      ["default", "b"],
      ["default", "a"],
    ] as const) {
      cluster.create(CONFIG_MAPS, { metadata: { name } }, { namespace });
    }
    const seen: string[] = [];
    let token = "";
    do {
      const { items, metadata } = (await client.call(`/api/v1/configmaps?limit=1&continue=${token}`)).json;
      seen.push(...items.map((item: AnyJson) => `${item.metadata.namespace}/${item.metadata.name}`));
      token = metadata.continue ?? "";
    } while (token !== "");
    expect(seen).toEqual(["default/a", "default/b", "kube-system/a"]);
  });

  it("waits for a version that is about to come", async () => {
    const next = String(BigInt(cluster.version) + 1n);
    const list = client.call(`${pods}?resourceVersion=${next}`);
    const one = client.call(`${pods}/p-0000?resourceVersion=${next}`);
    await clock.untilSleeping(2);
    createPods(1);
    expect((await list).json.items).toHaveLength(1);
    expect((await one).json.metadata.name).toBe("p-0000");
    expect(clock.pending).toBe(0);
  });

  it("compresses what is large, when asked", async () => {
    createPods(200);
    const plain = await client.call(pods);
    const zipped = await client.call(pods, { headers: { "accept-encoding": "gzip" } });
    expect(zipped.headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
    expect(gunzipSync(zipped.bytes)).toEqual(plain.bytes);
    const small = await client.call(`${pods}/p-0000`, { headers: { "accept-encoding": "gzip" } });
    expect(small.headers["content-encoding"]).toBeUndefined();
  });

  it("writes custom resources as the sorted maps that they are", async () => {
    cluster.create(WIDGETS, { metadata: { name: "w" }, spec: { size: 1, b: "<&>", a: [] } }, { namespace: "default" });
    const { bytes } = await client.call("/apis/example.krm.dev/v1/widgets");
    const text = bytes.toString();
    expect(text).toMatch(
      /^\{"apiVersion":"example.krm.dev\/v1","items":\[\{"apiVersion":"example.krm.dev\/v1","kind":"Widget","metadata":/,
    );
    expect(text).toContain('"spec":{"a":[],"b":"\\u003c\\u0026\\u003e","size":1}');
    expect(text).toMatch(/\],"kind":"WidgetList","metadata":\{"continue":"","resourceVersion":"\d+"\}\}\n$/);
  });

  it("tells kubectl that it validates fields itself", async () => {
    const { paths } = (await client.call("/openapi/v3")).json;
    const document = (await client.call(paths["apis/apps/v1"].serverRelativeURL)).json;
    const { patch } = document.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"];
    expect(patch["x-kubernetes-group-version-kind"]).toEqual({ group: "apps", version: "v1", kind: "Deployment" });
    expect(patch.parameters).toContainEqual(expect.objectContaining({ name: "fieldValidation", in: "query" }));
  });
});

describe("writes", () => {
  it("takes YAML, and gives it", async () => {
    const answer = await client.call(configMaps, {
      method: "POST",
      headers: { "content-type": "application/yaml", accept: "application/yaml" },
      body: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\ndata:\n  on: 'off'\n",
    });
    expect(answer).toMatchObject({ status: 201, headers: { "content-type": "application/yaml" } });
    expect(parse(answer.bytes.toString())).toMatchObject({ kind: "ConfigMap", data: { on: "off" } });
  });

  it("scales a deployment by its subresource", async () => {
    const template = { metadata: { labels: { app: "x" } }, spec };
    const body = { metadata: { name: "x" }, spec: { selector: { matchLabels: { app: "x" } }, template } };
    cluster.create(DEPLOYMENTS, body, { namespace: "default" });
    const path = `${deployments}/x/scale`;
    expect((await client.call(path)).json).toMatchObject({
      kind: "Scale",
      spec: { replicas: 1 },
      status: { selector: "app=x" },
    });
    const headers = { "content-type": "application/merge-patch+json" };
    const patched = await client.call(path, { method: "PATCH", headers, body: { spec: { replicas: 3 } } });
    expect(patched.json).toMatchObject({ spec: { replicas: 3 } });
    expect(cluster.get(DEPLOYMENTS, "default", "x")).toMatchObject({ spec: { replicas: 3 } });
    const wrong = await client.call(path, { method: "PATCH", headers, body: { spec: { replicas: "3" } } });
    expect(wrong).toMatchObject({
      status: 400,
      json: { message: "a Scale needs spec.replicas: an integer of 0 or more" },
    });
  });

  it("deletes a collection by its selector", async () => {
    createPods(4);
    const deleted = await client.call(`${pods}?labelSelector=half%3D1`, { method: "DELETE" });
    expect(deleted.json.items).toHaveLength(2);
    const left = cluster.list(PODS).items.map(({ metadata }) => metadata.name);
    expect(left).toEqual(["p-0000", "p-0002"]);
  });

  it("tells of a deletion as Kubernetes does: some by the object, others by a Status", async () => {
    cluster.create(CONFIG_MAPS, { metadata: { name: "c" } }, { namespace: "default" });
    const { json } = await client.call(`${configMaps}/c`, { method: "DELETE" });
    expect(json).toMatchObject({ kind: "Status", status: "Success", details: { name: "c", kind: "configmaps" } });
  });

  it.each([
    ["POST", `${pods}?dryRun=All`, { metadata: { name: "a" }, spec }, 400, "dryRun is not supported"],
    ["POST", pods, { kind: "Deployment", apiVersion: "apps/v1" }, 400, "does not match the expected API version (v1)"],
    ["POST", pods, { kind: "Secret", apiVersion: "v1" }, 400, "cannot be handled as a Pod"],
    [
      "POST",
      pods,
      { metadata: { name: "a", namespace: "other" }, spec },
      400,
      "the namespace of the provided object does not",
    ],
    [
      "PUT",
      `${pods}/a`,
      { metadata: { name: "b" }, spec },
      400,
      "the name of the object (b) does not match the name on",
    ],
    ["POST", pods, "[", 400, "json parse error: unexpected end of JSON input (5b)"],
    ["GET", `${pods}/a`, undefined, 404, 'pods "a" not found'],
    ["GET", "/api/v1//nothings?watch=1?", undefined, 404, "the server could not find the requested resource"],
    ["PATCH", `${pods}/a`, {}, 415, "accepted media types include: application/json-patch+json, application/merge"],
    ["POST", `${pods}/a/log`, {}, 404, "the server could not find the requested resource"],
    ["POST", "/api/v1/pods/a", {}, 404, "the server could not find the requested resource"],
    ["DELETE", `${pods}/a?gracePeriodSeconds=x`, undefined, 400, 'gracePeriodSeconds "x" is not an integer'],
  ])("%s %s with a mistake: says which", async (method, path, body, status, message) => {
    const before = cluster.version;
    const answer = await client.call(path, { method, body });
    expect(answer.status).toBe(status);
    expect(answer.json.message).toContain(message);
    expect(cluster.version).toBe(before);
  });

  it("refuses a media type that it cannot read, and a body that is too long", async () => {
    const headers = { "content-type": "text/plain" };
    expect(await client.call(pods, { method: "POST", headers, body: "x" })).toMatchObject({ status: 415 });
    const body = { data: { a: "x".repeat(3 * 1024 * 1024) } };
    expect(await client.call(configMaps, { method: "POST", body })).toMatchObject({ status: 413 });
  });
});

describe("access", () => {
  it("lets a user do what its rules say, and nothing else", async () => {
    server.users.set({
      name: "reader",
      token: "reader-token",
      rules: [
        { verbs: ["get", "list"], apiGroups: [""], resources: ["pods"], namespaces: ["default"] },
        { verbs: ["watch"], apiGroups: ["*"], resources: ["*"], resourceNames: ["p-0000"] },
        { verbs: ["get"], nonResourceURLs: ["/metrics/*"] },
      ],
    });
    const as = async (path: string): Promise<number> => (await client.call(path, { token: "reader-token" })).status;
    expect(await as(pods)).toBe(200);
    expect(await as("/api/v1/pods")).toBe(403);
    expect(await as("/api/v1/namespaces/kube-system/pods")).toBe(403);
    expect(await as(configMaps)).toBe(403);
    expect(await as(`${pods}?watch=1`)).toBe(403);
    const one = await client.watch(`${pods}?watch=1&fieldSelector=metadata.name%3Dp-0000`, { token: "reader-token" });
    expect(one.status).toBe(200);
    one.close();
    expect(await as("/api/v1")).toBe(200);
    expect(await as("/metrics/x")).toBe(404);
    expect(await as("/metrics")).toBe(403);
  });

  it("opens health and version to everyone, and nothing more", async () => {
    const status = async (path: string): Promise<number> => (await client.call(path, { token: null })).status;
    expect(await status("/livez")).toBe(200);
    expect(await status("/version")).toBe(200);
    expect(await status("/api")).toBe(403);
    expect((await client.call("/metrics", { token: null })).json.message).toBe(
      'forbidden: User "system:anonymous" cannot get path "/metrics"',
    );
  });

  it("voids a token at once", async () => {
    server.users.set({ name: "admin", token: "new-token", groups: ["system:masters"] });
    expect((await client.call(pods)).status).toBe(401);
    expect((await client.call(pods, { token: "new-token" })).status).toBe(200);
    server.users.delete("admin");
    expect((await client.call(pods, { token: "new-token" })).status).toBe(401);
  });

  it("lets one act for another who may, with the other's rights", async () => {
    const as = (token: string, group?: string): ReturnType<SimClient["call"]> =>
      client.call(pods, {
        token,
        headers: { "impersonate-user": "somebody", ...(group === undefined ? {} : { "impersonate-group": group }) },
      });
    expect((await as("admin-token")).json.message).toContain('User "somebody" cannot list resource "pods"');
    expect((await as("admin-token", "system:masters")).status).toBe(200);
    expect((await as("viewer-token")).json.message).toBe(
      'users "somebody" is forbidden: User "viewer" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
  });

  it("refuses two users with one token", () => {
    expect(() => server.users.set({ name: "b", token: "admin-token" })).toThrow(
      "users admin and b have the same token",
    );
  });

  it("tells users what they may do", async () => {
    const body = { spec: { resourceAttributes: { verb: "list", resource: "pods" } } };
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const ask = async (token: string): Promise<unknown> =>
      (await client.call(path, { method: "POST", body, token })).json.status;
    expect(await ask("admin-token")).toEqual({ allowed: true });
    expect(await ask("viewer-token")).toEqual({ allowed: false });
  });

  it("holds a token against the audiences that are asked for", async () => {
    const path = "/apis/authentication.k8s.io/v1/tokenreviews";
    const body = { spec: { token: "viewer-token", audiences: ["https://other"] } };
    const { status } = (await client.call(path, { method: "POST", body })).json;
    expect(status.authenticated).toBeUndefined();
    expect(status.error).toContain("is invalid for the target audiences");
  });

  it("lets a token in where it was issued for, and nowhere else", async () => {
    server.users.set({ name: "reader", token: "reader-token", audiences: ["krm"] });
    const path = "/apis/authentication.k8s.io/v1/tokenreviews";
    const review = async (audiences?: readonly string[]): Promise<unknown> =>
      (await client.call(path, { method: "POST", body: { spec: { token: "reader-token", audiences } } })).json.status;
    expect(await review(["krm", "other"])).toMatchObject({ authenticated: true, audiences: ["krm"] });
    expect(await review(["other"])).not.toHaveProperty("authenticated");
    expect(await review()).not.toHaveProperty("authenticated");
    expect((await client.call("/api", { token: "reader-token" })).status).toBe(401);
    server.users.delete("reader");
  });
});
