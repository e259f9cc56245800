import type { AddressInfo } from "node:net";
import { DEPLOYMENTS, NODES, PODS } from "@krm/core";
import type { AccessAttributes, KrmPluginOptions, UpstreamRequest } from "@krm/server";
import { describe, expect, it } from "vitest";
import { failure, names, testApp, type TestApp } from "../support/app.ts";
import { fill, metaAt, pod } from "../support/fixtures.ts";
import { Observed } from "../support/observed.ts";
import { bytes, never, RecordingUpstream, refused } from "./recording-upstream.ts";

/** Pods of one namespace and all nodes are held; the rest is the upstream's. */
async function scene(
  options: Partial<KrmPluginOptions> = {},
): Promise<TestApp & { readonly upstream: RecordingUpstream }> {
  const upstream = new RecordingUpstream();
  const test = testApp({ upstream, ...options });
  await fill(test.store, { resource: PODS, namespace: "team-a" }, [pod({ name: "a" })], metaAt("7"));
  await fill(test.store, { resource: NODES }, [], metaAt("7"));
  return { ...test, upstream };
}

const PODS_OF_A = "/api/v1/namespaces/team-a/pods";

describe("what is sent on to the API server", () => {
  it.each([
    "/api/v1/configmaps",
    "/api/v1/namespaces/team-a/configmaps/x",
    "/apis/apps/v1/deployments",
    "/apis/batch/v1/jobs",
    `${PODS_OF_A}/a/log?follow=true&container=web`,
    `${PODS_OF_A}/a/status`,
    "/api/v1/namespaces/team-b/pods",
    "/api/v1/namespaces/team-b/pods/a",
    "/api/v1/pods?fieldSelector=metadata.namespace%3Dteam-b",
    "/api/v1/pods?fieldSelector=metadata.namespace%3Dteam-b&watch=1",
    "/api/v1/namespaces/team-a",
    "/api/v1/watch/configmaps",
    "/api",
    "/api/v1",
    "/apis",
    "/apis/apps",
    "/apis/apps/v1",
    "/version",
    "/openapi/v3",
    "/openapi/v3/apis/apps/v1?hash=F00",
  ])("%s", async (target) => {
    await using test = await scene();
    const response = await test.get(target);
    expect([response.statusCode, response.body]).toEqual([200, target]);
    expect(test.upstream.targets).toEqual([target]);
    expect(response.headers["krm-forwarded"]).toBe("true");
    expect(response.headers["krm-state"]).toBeUndefined();
  });

  it.each([
    ["/api/v1/pods", 200],
    [PODS_OF_A, 200],
    [`${PODS_OF_A}/a`, 200],
    [`${PODS_OF_A}/missing`, 404],
    [`${PODS_OF_A}?resourceVersion=3&resourceVersionMatch=Exact`, 410],
    [`${PODS_OF_A}?labelSelector=(`, 400],
    ["/api/v1/nodes", 200],
    ["/api/v1/nodes/missing", 404],
    ["/pods", 200],
    ["/configmaps", 404],
    ["/livez", 200],
    ["/readyz", 200],
    ["/healthz", 404],
    ["/metrics", 404],
    ["/logs", 404],
    ["/status", 200],
  ])("is not %s", async (url, status) => {
    await using test = await scene();
    const response = await test.get(url);
    expect(response.statusCode).toBe(status);
    expect(response.headers["krm-forwarded"]).toBeUndefined();
    expect(test.upstream.requests).toEqual([]);
  });

  it("is nothing that is going to be held, while nothing is there or the first list is not complete", async () => {
    const upstream = new RecordingUpstream();
    await using test = testApp({ upstream });
    expect(failure(await test.get("/api/v1/configmaps"))).toMatchObject({ code: 503, causes: ["ViewSyncing"] });
    await using expected = testApp({ upstream, scopes: [{ resource: DEPLOYMENTS }] });
    expect(failure(await expected.get("/apis/apps/v1/deployments"))).toMatchObject({ causes: ["ViewSyncing"] });
    expect(upstream.requests).toEqual([]);
    expect((await expected.get("/api/v1/pods")).body).toBe("/api/v1/pods");
  });

  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const)("is no %s", async (method) => {
    await using test = await scene();
    for (const url of [PODS_OF_A, "/api/v1/configmaps", "/apis", "/version", "/openapi/v3"]) {
      const response = await test.app.inject({ method, url });
      expect(response.statusCode, url).toBe(405);
      expect(response.headers.allow).toBe("GET, HEAD");
    }
    expect(test.upstream.requests).toEqual([]);
  });

  it.each([
    `${PODS_OF_A}/a/exec?command=sh`,
    `${PODS_OF_A}/a/attach`,
    `${PODS_OF_A}/a/portforward`,
    `${PODS_OF_A}/a/proxy`,
    `${PODS_OF_A}/a/proxy/metrics`,
    `${PODS_OF_A}/a/ex%65c`,
    `${PODS_OF_A}//a//exec`,
    "/api/v1/pods/a/exec",
    "/api/v1/watch/namespaces/team-a/pods/a/exec",
    "/api/v1/namespaces/team-a/services/https:web:443/proxy/healthz",
    "/api/v1/nodes/one/proxy/logs/",
    "/api/v1/proxy/nodes/one/logs",
    "/apis/subresources.kubevirt.io/v1/namespaces/n/virtualmachineinstances/v/portforward/22",
  ])("is no read by its method only: %s", async (url) => {
    await using test = await scene();
    for (const method of ["GET", "HEAD"] as const) {
      const headers = { connection: "Upgrade", upgrade: "websocket" };
      const response = await test.app.inject({ method, url, headers });
      expect(response.statusCode).toBe(403);
    }
    expect(failure(await test.get(url))).toMatchObject({ causes: ["NotForwarded"] });
    expect(test.upstream.requests).toEqual([]);
  });

  it("may be called like what connects", async () => {
    await using test = await scene();
    for (const url of ["/api/v1/namespaces/proxy/configmaps/exec", "/api/v1/namespaces/exec/configmaps"])
      expect((await test.get(url)).body).toBe(url);
  });

  it("is told under the prefix too, which the API server does not see", async () => {
    await using test = await scene({ prefix: "/clusters/:name" });
    test.upstream.answer = () => ({ status: 301, headers: { location: "/openapi/v3/api/v1?hash=new" } });
    const response = await test.get("/clusters/one/openapi/v3/api/v1?hash=old");
    expect(test.upstream.targets).toEqual(["/openapi/v3/api/v1?hash=old"]);
    expect([response.statusCode, response.headers.location]).toEqual([301, "/clusters/one/openapi/v3/api/v1?hash=new"]);
  });

  it("is as HEAD what came as HEAD, and has no body then", async () => {
    await using test = await scene();
    test.upstream.answer = () => ({ headers: { "content-length": "12" } });
    const response = await test.app.inject({ method: "HEAD", url: "/api/v1/configmaps" });
    expect([response.headers["content-length"], response.body]).toEqual(["12", ""]);
    expect(test.upstream.requests[0]?.method).toBe("HEAD");
  });

  it("may be silent for ever where it is a watch or a subresource, and only there", async () => {
    await using test = await scene();
    const urls = ["/api/v1/configmaps?watch=true", "/api/v1/watch/configmaps", `${PODS_OF_A}/a/log?follow=1`];
    for (const url of [...urls, "/api/v1/configmaps", "/api/v1/configmaps?watch=0", "/apis"]) await test.get(url);
    expect(test.upstream.requests.map(({ endless }) => endless)).toEqual([true, true, true, false, false, false]);
  });

  it("is told to whoever observes the requests", async () => {
    const observer = new Observed();
    await using test = await scene({ observer });
    await test.get("/openapi/v3");
    expect(await observer.next()).toMatchObject({ route: "/openapi", forwarded: true, status: 200 });
    await test.get(PODS_OF_A);
    expect(await observer.next()).toMatchObject({ route: "/api", forwarded: false });
  });
});

describe("what the API server is told of the caller", () => {
  async function asked(headers: Record<string, string | string[]>): Promise<UpstreamRequest | undefined> {
    await using test = await scene();
    await test.app.inject({ url: "/api/v1/configmaps", headers });
    return test.upstream.requests[0];
  }

  it("is their token, and what they want to hear and how", async () => {
    const request = await asked({
      authorization: "bearer their-token",
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
      "accept-encoding": "gzip",
      "user-agent": "kubectl/v1.35.2",
      "if-none-match": '"x"',
      "kubectl-command": "kubectl get",
    });
    expect(request?.token).toBe("their-token");
    expect(request?.headers).toEqual({
      accept: ["application/json;as=Table;v=v1;g=meta.k8s.io,application/json"],
      "accept-encoding": ["gzip"],
      "user-agent": ["kubectl/v1.35.2"],
      "if-none-match": ['"x"'],
      "kubectl-command": ["kubectl get"],
    });
  });

  it("is whom they want to be, every group of its own", async () => {
    const impersonated = {
      "impersonate-user": ["ada"],
      "impersonate-group": ["one, two", "three"],
      "impersonate-extra-scopes": ["a", "b"],
    };
    expect((await asked(impersonated))?.headers).toMatchObject(impersonated);
  });

  it("is nothing that belongs to a connection, to another server, or to who stands between", async () => {
    const request = await asked({
      cookie: "session=1",
      host: "localhost",
      "keep-alive": "timeout=1",
      te: "trailers",
      upgrade: "websocket",
      "proxy-authorization": "Basic eA==",
      "x-remote-user": "admin",
      "x-remote-group": "system:masters",
      "x-forwarded-for": "10.1.1.1",
      connection: "close, Audit-Id",
      "audit-id": "mine",
    });
    expect(Object.keys(request?.headers ?? {})).toEqual(["user-agent"]);
  });

  it.each<[Record<string, string>]>([
    [{}],
    [{ authorization: "Basic YTpi" }],
    [{ authorization: "Bearer x", connection: "authorization" }],
  ])("is nobody, where they send no token for it: %o", async (headers) => {
    const request = await asked(headers);
    expect(request).toBeDefined();
    expect(request?.token).toBeUndefined();
    expect(JSON.stringify(request?.headers)).not.toMatch(/authorization|YTpi/i);
  });
});

describe("who may have what is sent on", () => {
  it("is known to KRM, and the API server decides the rest", async () => {
    const asked: AccessAttributes[] = [];
    await using test = await scene({
      auth: { authenticate: async (token) => (token === "right" ? { user: "ada" } : undefined) },
      authorizer: { authorize: async (_user, attributes) => void asked.push(attributes) },
    });
    test.upstream.answer = () => ({ status: 403, body: bytes("theirs") });
    for (const authorization of [undefined, "Bearer wrong"]) {
      const response = await test.get("/api/v1/configmaps", authorization === undefined ? {} : { authorization });
      expect(response.statusCode).toBe(401);
    }
    expect(test.upstream.requests).toEqual([]);
    const refusedThere = await test.get("/api/v1/configmaps", { authorization: "Bearer right" });
    expect([refusedThere.statusCode, refusedThere.body]).toEqual([403, "theirs"]);
    expect(asked).toEqual([]);
    expect((await test.get(PODS_OF_A, { authorization: "Bearer right" })).statusCode).toBe(200);
    expect(asked).toHaveLength(1);
  });

  it.each(["impersonate-user", "impersonate-uid", "Impersonate-Extra-Scopes"])(
    "is not whom %s names, in answers of KRM's own",
    async (name) => {
      await using test = await scene();
      for (const url of [PODS_OF_A, `${PODS_OF_A}?watch=1`, "/pods", "/status"]) {
        const response = await test.get(url, { [name]: "ada" });
        expect(failure(response)).toMatchObject({
          code: 400,
          message: expect.stringContaining("impersonated") as string,
        });
      }
      expect((await test.get("/api/v1/configmaps", { [name]: "ada" })).statusCode).toBe(200);
    },
  );
});

describe("what the reader is told of the API server's answer", () => {
  it("is its status, what is in it, and what it means, and nothing that belongs to a connection or to KRM", async () => {
    await using test = await scene();
    test.upstream.answer = () => ({
      status: 429,
      headers: {
        "content-type": "application/json",
        "content-encoding": "gzip",
        "retry-after": "3",
        warning: ['299 - "one"', '299 - "two"'],
        "audit-id": "1",
        "cache-control": "public",
        "x-kubernetes-pf-flowschema-uid": "2",
        vary: "Accept-Encoding",
        connection: "close, Etag",
        etag: '"3"',
        "transfer-encoding": "chunked",
        "set-cookie": "a=b",
        "strict-transport-security": "max-age=1",
        "access-control-allow-origin": "*",
        "krm-state": "synced",
        "krm-forwarded": "false",
      },
      body: bytes("a", "b"),
    });
    const { body, headers, statusCode } = await test.get("/api/v1/configmaps");
    expect([statusCode, body]).toEqual([429, "ab"]);
    const { date: _date, connection: _connection, "transfer-encoding": _encoding, ...told } = headers;
    expect(told).toEqual({
      "content-type": "application/json",
      "content-encoding": "gzip",
      "retry-after": "3",
      warning: ['299 - "one"', '299 - "two"'],
      "audit-id": "1",
      "cache-control": "public",
      "x-kubernetes-pf-flowschema-uid": "2",
      vary: "Authorization, Accept-Encoding",
      "x-content-type-options": "nosniff",
      "krm-forwarded": "true",
    });
  });

  it("is every header that can be written, in any language", async () => {
    await using test = await scene();
    const warning = Buffer.from('299 - "veraltet … 古い"').toString("latin1");
    test.upstream.answer = () => ({ headers: { warning, etag: "\u0000" } });
    await test.app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = test.app.server.address() as AddressInfo;
    const { headers, status } = await fetch(`http://127.0.0.1:${port}/api/v1/configmaps`);
    expect([status, headers.get("etag")]).toEqual([200, null]);
    expect(Buffer.from(headers.get("warning") ?? "", "latin1").toString()).toBe('299 - "veraltet … 古い"');
  });

  it.each([301, 302, 303, 307, 308])("is no %i that leads elsewhere", async (status) => {
    await using test = await scene();
    for (const location of [undefined, "/metrics", "/", "/api/../metrics", "https://other.example/api"]) {
      test.upstream.answer = () => ({ status, headers: { location } });
      const response = await test.get("/api/v1/configmaps");
      expect(failure(response)).toMatchObject({ code: 502, causes: ["ApiServerUnavailable"] });
      expect(response.headers.location).toBeUndefined();
    }
  });
});

describe("an API server that does not answer", () => {
  it("is told as such, at once, and to the operator with the reason", async () => {
    const lines: unknown[] = [];
    const ignore = (): void => {};
    const warn = (_fields: object, message: string): void => void lines.push(message);
    await using test = await scene({ logger: { debug: ignore, info: ignore, warn, error: warn } });
    test.upstream.answer = refused;
    for (const url of ["/api/v1/configmaps", "/openapi/v3", "/apis/batch/v1"]) {
      const response = await test.get(url, { authorization: "Bearer their-token" });
      expect(failure(response)).toMatchObject({ code: 502, causes: ["ApiServerUnavailable"] });
      expect(response.body).toContain("the API server, which is asked instead, does not answer");
      expect(response.body).not.toContain("10.0.0.1");
      expect(response.headers["retry-after"]).toBeUndefined();
      expect(response.headers["warning"]).toBeUndefined();
    }
    expect(lines).toEqual([
      "readers cannot be given what is not watched here and get 502: https://10.0.0.1:6443: the connection was refused (ECONNREFUSED)",
    ]);
  });

  it("is told as such too while nothing is held of which anything could be told instead", async () => {
    const upstream = new RecordingUpstream();
    await using test = testApp({ upstream });
    upstream.answer = refused;
    expect(failure(await test.get("/openapi/v3"))).toMatchObject({ code: 502 });
    expect(failure(await test.get("/api"))).toMatchObject({ code: 503, causes: ["ViewSyncing"] });
    expect((await test.get("/version")).statusCode).toBe(200);
  });

  it("is waited for no longer than it takes itself to give up", async () => {
    await using test = await scene();
    test.upstream.answer = never;
    const response = test.get("/api/v1/configmaps");
    while (test.upstream.requests.length === 0) await test.clock.advance(0);
    await test.clock.advance(74_999);
    expect(test.upstream.requests[0]?.signal.aborted).toBe(false);
    await test.clock.advance(1);
    expect(failure(await response)).toMatchObject({ code: 504, reason: "Timeout", causes: ["ApiServerUnavailable"] });
    expect(test.upstream.requests[0]?.signal.aborted).toBe(true);
  });

  it("is waited for as long as it takes for the first line of a log", async () => {
    await using test = await scene();
    const line = Promise.withResolvers<{ readonly body: ReturnType<typeof bytes> }>();
    test.upstream.answer = async () => line.promise;
    const response = test.get("/api/v1/namespaces/team-a/pods/a/log?follow=true&tailLines=0");
    while (test.upstream.requests.length === 0) await test.clock.advance(0);
    await test.clock.advance(7_200_000);
    expect(test.upstream.requests[0]?.signal.aborted).toBe(false);
    line.resolve({ body: bytes("ready\n") });
    expect((await response).body).toBe("ready\n");
  });

  it.each([101, 99, 600, Number.NaN])("is none that answers with %d", async (status) => {
    await using test = await scene();
    test.upstream.answer = () => ({ status });
    expect(failure(await test.get("/api/v1/configmaps"))).toMatchObject({ code: 502 });
  });

  it("leaves what is held as it was", async () => {
    await using test = await scene();
    test.upstream.answer = refused;
    const response = await test.get(PODS_OF_A);
    expect(names(response)).toEqual(["a"]);
    expect(response.headers["warning"]).toBeUndefined();
  });

  it.each([
    ["that is away", refused],
    ["before which something says that it is away", () => ({ status: 503, body: bytes("bad gateway") })],
  ])("%s leaves discovery of what is held, with a warning", async (_, answer) => {
    await using test = await scene();
    test.upstream.answer = answer;
    const warning = '299 krm "the API server does not answer: this tells only of what KRM itself holds"';
    for (const url of ["/api", "/api/v1", "/apis", "/version"]) {
      const response = await test.get(url);
      expect([response.statusCode, response.headers["warning"]]).toEqual([200, warning]);
      expect(response.headers["krm-forwarded"]).toBeUndefined();
    }
    const { resources } = (await test.get("/api/v1")).json<{
      readonly resources: readonly { readonly name: string }[];
    }>();
    expect(resources.map(({ name }) => name)).toEqual(["nodes", "pods"]);
  });

  it("is not waited for long where discovery can be told without it", async () => {
    await using test = await scene();
    test.upstream.answer = never;
    const response = test.get("/apis");
    while (test.upstream.requests.length === 0) await test.clock.advance(0);
    await test.clock.advance(5000);
    expect((await response).statusCode).toBe(200);
  });

  it.each([401, 403, 404, 429, 500])("is none that answers discovery with %i", async (status) => {
    await using test = await scene();
    test.upstream.answer = () => ({ status });
    expect((await test.get("/apis")).statusCode).toBe(status);
  });

  it("is not asked more than so much at once", { timeout: 30_000 }, async () => {
    await using test = await scene();
    test.upstream.answer = never;
    const waiting = Array.from({ length: 4096 }, async () => test.get("/api/v1/configmaps"));
    while (test.upstream.requests.length < 4096) await test.clock.advance(0);
    const response = await test.get("/api/v1/configmaps");
    expect(failure(response)).toMatchObject({ code: 503, causes: ["ApiServerUnavailable"] });
    expect(response.headers["retry-after"]).toBe("1");
    expect((await test.get(PODS_OF_A)).statusCode).toBe(200);
    await test.clock.advance(75_000);
    await Promise.all(waiting);
    test.upstream.answer = () => ({});
    expect((await test.get("/api/v1/configmaps")).statusCode).toBe(200);
  });
});
