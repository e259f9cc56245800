import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { gzipSync } from "node:zlib";
import { KubeConfig } from "@kubernetes/client-node";
import { DEPLOYMENTS, KrmError, NODES, PODS } from "@krm/core";
import { createTlsMaterial } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { KubernetesSource } from "../src/index.ts";
import { readRetryAfter } from "../src/transport/status-error.ts";
import { failure, type Handler, json, listBody, podBody, TestServer } from "./support/test-server.ts";

async function failing(handler: Handler): Promise<KrmError> {
  await using server = await TestServer.start(handler);
  await using source = new KubernetesSource({ kubeConfig: server.config() });
  const error = await failure(source.listWatch({ resource: PODS }).list({}));
  if (!KrmError.is(error)) throw error;
  return error;
}

describe("list", () => {
  it("asks for pages as the API server wants it", async () => {
    await using server = await TestServer.start((request, response) => {
      const last = request.url?.includes("continue=") === true;
      json(response, last ? listBody("7", [podBody("b", "3")]) : listBody("7", [podBody("a", "2")], "t.1"));
    });
    await using source = new KubernetesSource({ kubeConfig: server.config({ token: "secret" }) });
    const pods = source.listWatch({ resource: PODS, namespace: "n" });
    const first = await pods.list({ limit: 1 });
    const second = await pods.list({ limit: 1, continue: first.continue });
    await pods.list({ resourceVersion: "7", match: "NotOlderThan" });
    expect([first, second].map(({ items, resourceVersion }) => [items[0]?.key, resourceVersion])).toEqual([
      ["n/a", "7"],
      ["n/b", "7"],
    ]);
    expect([first.continue, second.continue]).toEqual(["t.1", undefined]);
    expect(server.requests.map(({ url }) => url.pathname + url.search)).toEqual([
      "/api/v1/namespaces/n/pods?limit=1",
      "/api/v1/namespaces/n/pods?limit=1&continue=t.1",
      "/api/v1/namespaces/n/pods?resourceVersion=7&resourceVersionMatch=NotOlderThan",
    ]);
    expect(server.requests[0]?.headers).toMatchObject({
      accept: "application/json",
      "accept-encoding": "identity",
      authorization: "Bearer secret",
      "user-agent": expect.stringMatching(/^krm\/\d+\.\d+\.\d+$/) as string,
    });
  });

  it("takes the word of a source that is another KRM for when it last heard something, with and without bodies", async () => {
    const headers: Record<string, string> = {};
    await using server = await TestServer.start((_request, response) =>
      json(response, listBody("7", [podBody("a", "2")]), 200, headers),
    );
    await using source = new KubernetesSource({ kubeConfig: server.config() });
    const pods = source.listWatch({ resource: PODS });
    const heardAt = async (): Promise<readonly (number | undefined)[]> =>
      [await pods.list({}), await pods.listMetadata?.({})].map((page) => page?.heardAt);
    expect(await heardAt()).toEqual([undefined, undefined]);
    headers["KRM-Last-Contact"] = "2026-11-26T07:00:00.123Z";
    const at = Date.parse("2026-11-26T07:00:00.123Z");
    expect(await heardAt()).toEqual([at, at]);
    headers["KRM-Last-Contact"] = "yesterday";
    expect(await heardAt()).toEqual([undefined, undefined]);
  });

  it("uses its connections again", async () => {
    await using server = await TestServer.start((_request, response) => json(response, listBody("1", [])));
    await using source = new KubernetesSource({ kubeConfig: server.config() });
    for (let k = 0; k < 20; k++) await source.listWatch({ resource: PODS }).list({});
    // undici opens a second one when asked again before it has put the first back.
    expect(server.sockets.length).toBeLessThanOrEqual(2);
  });

  it("keeps the path before /api, and the name that it was given", async () => {
    await using server = await TestServer.start((_request, response) => json(response, listBody("1", [])));
    const config = server.config();
    config.loadFromClusterAndUser(
      { name: "c", server: `${server.url}/k8s/clusters/c-1/`, skipTLSVerify: false },
      { name: "me" },
    );
    await using source = new KubernetesSource({ kubeConfig: config, userAgent: "monitor/9" });
    await source.listWatch({ resource: DEPLOYMENTS }).list({});
    expect(server.requests[0]?.url.pathname).toBe("/k8s/clusters/c-1/apis/apps/v1/deployments");
    expect(server.requests[0]?.headers["user-agent"]).toBe("monitor/9");
  });

  it("reads a compressed answer, and tells its size as JSON", async () => {
    const body = Buffer.from(JSON.stringify(listBody("1", [podBody("a", "1")])));
    await using server = await TestServer.start((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(gzipSync(body));
    });
    await using source = new KubernetesSource({ kubeConfig: server.config() });
    const page = await source.listWatch({ resource: PODS }).list({});
    expect([page.items[0]?.name, page.bytes]).toEqual(["a", body.length]);
  });

  it("gets one object, or undefined", async () => {
    await using server = await TestServer.start((request, response) => {
      if (request.url?.endsWith("/a") === true) json(response, { kind: "Pod", ...podBody("a", "5") });
      else json(response, { kind: "Status", code: 404, reason: "NotFound", message: "no" }, 404);
    });
    await using source = new KubernetesSource({ kubeConfig: server.config() });
    const pods = source.listWatch({ resource: PODS });
    const pod = await pods.get({ namespace: "n", name: "a" });
    expect(Buffer.from(pod?.bytes ?? []).toString()).toBe(JSON.stringify(podBody("a", "5")));
    expect(await pods.get({ namespace: "n", name: "b" })).toBeUndefined();
    expect(server.requests.map(({ url }) => url.pathname)).toEqual([
      "/api/v1/namespaces/n/pods/a",
      "/api/v1/namespaces/n/pods/b",
    ]);
  });

  it("refuses a namespace for what has none", async () => {
    await using server = await TestServer.start(() => {});
    await using source = new KubernetesSource({ kubeConfig: server.config() });
    expect(() => source.listWatch({ resource: NODES, namespace: "n" })).toThrow(
      expect.objectContaining({ code: "KRM_INVALID_ARGUMENT" }),
    );
  });
});

describe("errors of the API server", () => {
  it("are told with its own words and its advice", async () => {
    const status = {
      kind: "Status",
      code: 429,
      reason: "TooManyRequests",
      message: "slow down",
      details: { retryAfterSeconds: 2 },
    };
    const error = await failing((_request, response) => json(response, status, 429));
    expect(error).toMatchObject({
      code: "KRM_API_STATUS",
      status: { code: 429, reason: "TooManyRequests", message: "slow down", retryAfterSeconds: 2 },
    });
    expect(error.message).toMatch(/^GET http:\S+\/api\/v1\/pods was answered with 429 TooManyRequests: slow down$/);
    const header = await failing((_request, response) => json(response, status, 429, { "retry-after": "9" }));
    expect(header.status?.retryAfterSeconds).toBe(9);
  });

  it("take the code of the answer where the body has none", async () => {
    const error = await failing((_request, response) => json(response, { kind: "Status", code: 0 }, 403));
    expect(error.status?.code).toBe(403);
    expect(error.message).toMatch(/was answered with 403 Forbidden$/);
  });

  it("are told when something else answers", async () => {
    const moved = await failing((_request, response) => {
      response.writeHead(302, { location: "/login" }).end();
    });
    expect(moved).toMatchObject({ status: { code: 302 }, hint: expect.stringContaining("a page in front") as string });
    const page = await failing((_request, response) => {
      response.writeHead(503, { "content-type": "text/html" }).end("<html><h1>Service\n down</h1></html>");
    });
    expect(page.status).toEqual({ code: 503, reason: "", message: "Service down", retryAfterSeconds: undefined });
    const login = await failing((_request, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>log in</html>");
    });
    expect(login).toMatchObject({ code: "KRM_DECODE", hint: expect.stringContaining("is http://127.0.0.1") as string });
  });

  it("name the list that makes no sense, and where", async () => {
    const error = await failing((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end('{"metadata":{},"items":[{]}');
    });
    expect(error.code).toBe("KRM_DECODE");
    expect(error.message).toMatch(/^GET \S+\/pods: the list cannot be read: .*, at byte 25 of 27$/);
  });

  it("read Retry-After as seconds or as a date", () => {
    const now = Date.UTC(2026, 0, 2, 3, 4, 5);
    expect(readRetryAfter("120", now)).toBe(120);
    expect(readRetryAfter("Fri, 02 Jan 2026 03:04:35 GMT", now)).toBe(30);
    expect(readRetryAfter("Fri, 02 Jan 2026 03:00:00 GMT", now)).toBe(0);
    expect([readRetryAfter("soon", now), readRetryAfter("", now), readRetryAfter(undefined, now)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("errors of the connection", () => {
  it("name the server and what to look at", async () => {
    const server = await TestServer.start(() => {});
    const { url } = server;
    const kubeConfig = server.config();
    await server[Symbol.asyncDispose]();
    await using source = new KubernetesSource({ kubeConfig });
    const error = await failure(source.listWatch({ resource: PODS }).list({}));
    expect(error).toMatchObject({
      code: "KRM_CONNECTION",
      message: `${url}: the connection was refused (ECONNREFUSED), for GET ${url}/api/v1/pods`,
      hint: expect.stringContaining("is the API server running") as string,
    });
  });

  it("tell a certificate of an unknown authority, and of another name", async () => {
    const tls = await createTlsMaterial({ hosts: ["other.example.test"] });
    await using server = await TestServer.start(() => {}, { cert: tls.cert, key: tls.key });
    await using strange = new KubernetesSource({ kubeConfig: server.config() });
    expect(await failure(strange.listWatch({ resource: PODS }).list({}))).toMatchObject({
      code: "KRM_CONNECTION",
      message: expect.stringContaining("signed by an authority that the kubeconfig does not name") as string,
    });
    const caData = Buffer.from(tls.ca).toString("base64");
    await using misnamed = new KubernetesSource({ kubeConfig: server.config({}, { caData }) });
    expect(await failure(misnamed.listWatch({ resource: PODS }).list({}))).toMatchObject({
      message: expect.stringContaining("is for another name") as string,
      hint: expect.stringContaining("tls-server-name") as string,
    });
  });

  it("ask whether https was meant where plain HTTP is cut off", async () => {
    const tls = await createTlsMaterial();
    await using server = await TestServer.start(() => {}, { cert: tls.cert, key: tls.key });
    const kubeConfig = new KubeConfig();
    const plain = server.url.replace("https:", "http:");
    kubeConfig.loadFromClusterAndUser({ name: "c", server: plain, skipTLSVerify: false }, { name: "me" });
    await using source = new KubernetesSource({ kubeConfig });
    expect(await failure(source.listWatch({ resource: PODS }).list({}))).toMatchObject({
      code: "KRM_CONNECTION",
      message: expect.stringContaining("the connection broke") as string,
      hint: expect.stringContaining("https://") as string,
    });
  });

  it("tell a port of something else, and a client certificate that does not fit", async () => {
    const other = createServer((socket) => socket.on("error", () => {}).end("SSH-2.0-OpenSSH_9.9\r\n"));
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const kubeConfig = new KubeConfig();
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    kubeConfig.loadFromClusterAndUser({ name: "c", server: url, skipTLSVerify: false }, { name: "me" });
    await using source = new KubernetesSource({ kubeConfig });
    expect(await failure(source.listWatch({ resource: PODS }).list({}))).toMatchObject({
      message: expect.stringContaining("it does not speak HTTP") as string,
      hint: expect.stringContaining("is this the port") as string,
    });
    other.close();
    const [tls, strange] = await Promise.all([createTlsMaterial(), createTlsMaterial()]);
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    await using server = await TestServer.start(() => {}, { cert: tls.cert, key: tls.key });
    const user = { certData: base64(strange.cert), keyData: base64(tls.key) };
    await using mismatched = new KubernetesSource({ kubeConfig: server.config(user, { caData: base64(tls.ca) }) });
    expect(await failure(mismatched.listWatch({ resource: PODS }).list({}))).toMatchObject({
      message: expect.stringContaining("do not belong together") as string,
    });
  });

  it("tell an answer that breaks off", async () => {
    const error = await failing((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write("{", () => response.socket?.destroy());
    });
    expect(error).toMatchObject({
      code: "KRM_CONNECTION",
      message: expect.stringContaining("while reading the answer") as string,
    });
  });

  it("reject with the signal's reason when aborted, and when closed", async () => {
    const asked = Promise.withResolvers<void>();
    await using server = await TestServer.start(() => asked.resolve());
    await using source = new KubernetesSource({ kubeConfig: server.config() });
    const pods = source.listWatch({ resource: PODS });
    const controller = new AbortController();
    const list = failure(pods.list({}, { signal: controller.signal }));
    await asked.promise;
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await list).toBe(reason);
    expect(await failure(pods.list({}, { signal: controller.signal }))).toBe(reason);
    const closing = failure(pods.list({}));
    await source[Symbol.asyncDispose]();
    expect(await closing).toMatchObject({
      code: "KRM_CONNECTION",
      message: expect.stringContaining("was closed") as string,
    });
  });
});
