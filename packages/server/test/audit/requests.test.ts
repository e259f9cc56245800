import { get, request as send } from "node:http";
import { PODS } from "@krm/core";
import { type AuditEvent, createServer, type Identity } from "@krm/server";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GuardedCluster, guardedCluster, tokenOf } from "../auth/guarded-cluster.ts";
import { testApp } from "../support/app.ts";
import { Audited } from "../support/audited.ts";
import { fill, pod } from "../support/fixtures.ts";

const audit = new Audited();
let guarded: GuardedCluster;
beforeAll(async () => {
  guarded = await guardedCluster({ audit });
});
afterAll(async () => guarded[Symbol.asyncDispose]());
beforeEach(() => void audit.waiting.splice(0));

/** What is written of one request. */
async function written(
  user: string | undefined,
  url: string,
  headers?: Readonly<Record<string, string>>,
): Promise<AuditEvent> {
  await guarded.krm(user, url, headers);
  return audit.next();
}

describe("an audit event", () => {
  it("has the shape of audit.k8s.io/v1, in the order in which the API server writes it", async () => {
    const { headers } = await guarded.krm("ada", "/api/v1/namespaces/team-a/pods?limit=1", {
      "user-agent": "kubectl/v1.35",
      "x-forwarded-for": "203.0.113.7, nonsense, ::ffff:198.51.100.2",
      "x-real-ip": "203.0.113.7",
    });
    const event = await audit.next();
    const at = new Date(guarded.clock.now()).toISOString().replace("Z", "000Z");
    expect(event).toEqual({
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level: "Metadata",
      auditID: headers["audit-id"],
      stage: "ResponseComplete",
      requestURI: "/api/v1/namespaces/team-a/pods?limit=1",
      verb: "list",
      user: { username: "ada", uid: expect.any(String), groups: expect.arrayContaining(["system:authenticated"]) },
      sourceIPs: ["203.0.113.7", "198.51.100.2", "127.0.0.1"],
      userAgent: "kubectl/v1.35",
      objectRef: { resource: "pods", namespace: "team-a", apiVersion: "v1" },
      responseStatus: { metadata: {}, code: 200 },
      requestReceivedTimestamp: at,
      stageTimestamp: at,
      annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "" },
    });
    expect(Object.keys(event).join()).toMatch(/^kind,apiVersion,level,auditID,stage,requestURI,verb,user,sourceIPs,/u);
    expect(event.auditID).toMatch(/^[0-9a-f-]{36}$/u);
  });

  it.each([
    ["/api/v1/namespaces/team-a/pods/web", "get", { resource: "pods", namespace: "team-a", name: "web" }],
    ["/pods?namespace=team-a&name=web", "list", { resource: "pods", namespace: "team-a", name: "web" }],
    ["/po?namespace=team-a", "list", { resource: "pods", namespace: "team-a" }],
  ] as const)("of %s says what was asked for", async (url, verb, ref) => {
    const event = await written("ada", url);
    expect([event.verb, event.objectRef]).toEqual([verb, { ...ref, apiVersion: "v1" }]);
    expect(event.responseStatus).toEqual({ metadata: {}, code: 200 });
  });

  it("of what is no resource has its path, and its method as the verb", async () => {
    for (const url of ["/status", "/metrics", "/", "/openapi.json"]) {
      const event = await written("ops", url);
      expect([event.verb, event.requestURI, event.objectRef, event.responseStatus.code]).toEqual([
        "get",
        url,
        undefined,
        200,
      ]);
      expect(event.annotations?.["authorization.k8s.io/decision"]).toBe("allow");
    }
    // Every reader who is known may: nothing is decided.
    expect((await written("viewer", "/apis")).annotations).toBeUndefined();
  });

  it("is not written of the open probes", async () => {
    for (const url of ["/livez", "/readyz", "/readyz?verbose"]) await guarded.krm(undefined, url);
    expect((await written("ops", "/status")).requestURI).toBe("/status");
  });

  it("is made of one request: who sends an id of their own gets another", async () => {
    const event = await written("ops", "/status", { "audit-id": "mine" });
    expect(event.auditID).not.toBe("mine");
  });
});

describe("what is refused is written down too", () => {
  it.each([undefined, "token:nobodys-token"])("a 401 to %s, with what was asked for, and nobody", async (user) => {
    const flat = await written(user, "/pods?namespace=team-a");
    expect(flat).toMatchObject({
      verb: "list",
      user: {},
      objectRef: { resource: "pods", namespace: "team-a" },
      responseStatus: { status: "Failure", message: "Unauthorized", reason: "Unauthorized", code: 401 },
    });
    expect(flat).not.toHaveProperty("annotations");
    const { objectRef, verb } = await written(user, "/apis/apps/v1/namespaces/x/deployments/y");
    const ref = { resource: "deployments", namespace: "x", name: "y", apiGroup: "apps", apiVersion: "v1" };
    expect([verb, objectRef]).toEqual(["get", ref]);
  });

  it("a 403, with who and why", async () => {
    const url = "/api/v1/namespaces/team-b/pods";
    expect(await written("ada", url)).toMatchObject({
      requestURI: url,
      user: { username: "ada" },
      objectRef: { resource: "pods", namespace: "team-b", apiVersion: "v1" },
      responseStatus: {
        status: "Failure",
        message: expect.stringContaining('User "ada" cannot list resource "pods"'),
        reason: "Forbidden",
        code: 403,
      },
      annotations: { "authorization.k8s.io/decision": "forbid" },
    });
    expect((await written("ada", "/status")).annotations?.["authorization.k8s.io/decision"]).toBe("forbid");
  });

  it("a 404, an unknown path and a wrong method", async () => {
    const missing = await written("ada", "/api/v1/namespaces/team-a/pods/none");
    expect(missing).toMatchObject({
      responseStatus: { reason: "NotFound", message: 'pods "none" not found', code: 404 },
      annotations: { "authorization.k8s.io/decision": "allow" },
    });
    const sink = new Audited();
    await using test = testApp({ audit: sink, prefix: "/krm" });
    await test.get("/krm/no/such/path");
    expect(await sink.next()).toMatchObject({ verb: "get", user: {}, responseStatus: { code: 404 } });
    await test.app.inject({ method: "POST", url: "/krm/api/v1/namespaces/x/pods" });
    expect(await sink.next()).toMatchObject({
      verb: "create",
      objectRef: { resource: "pods", namespace: "x", apiVersion: "v1" },
      responseStatus: { reason: "MethodNotAllowed", code: 405 },
    });
  });

  it("with the reason that the authorizer gave, of a right that is given as of one that is refused", async () => {
    const sink = new Audited();
    const reviews = {
      reviewToken: async (token: string) => ({ identity: { user: token }, audiences: [] }),
      reviewAccess: async ({ user }: Identity) => ({ allowed: user === "ada", reason: `of ${user}` }),
    };
    await using test = testApp();
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    const listen = { host: "127.0.0.1", port: 0 };
    await using server = await createServer({
      store: test.store,
      listen,
      audit: sink,
      auth: { type: "tokenreview", reviews },
    });
    for (const [user, decision] of [
      ["ada", "allow"],
      ["bob", "forbid"],
    ] as const) {
      await server.app.inject({ url: "/pods", headers: { authorization: `Bearer ${user}` } });
      expect((await sink.next()).annotations).toEqual({
        "authorization.k8s.io/decision": decision,
        "authorization.k8s.io/reason": `of ${user}`,
      });
    }
  });

  it("and so is what the host guard and the framework refuse", async () => {
    const sink = new Audited();
    await using test = testApp();
    await using server = await createServer({
      store: test.store,
      listen: { host: "127.0.0.1", port: 0 },
      audit: sink,
    });
    const { port } = await server.listen();
    const ask = (path: string, host: string): void => {
      get({ host: "127.0.0.1", port, path, headers: { host } }, (response) => response.resume());
    };
    ask("/pods", "evil.example");
    expect(await sink.next()).toMatchObject({ requestURI: "/pods", responseStatus: { code: 403 } });
    ask("/%zz", "127.0.0.1");
    expect(await sink.next()).toMatchObject({ requestURI: "/%zz", verb: "get", responseStatus: { code: 400 } });
  });
});

describe("a watch", () => {
  it("is written down as it begins, and as it ends", async () => {
    await using cluster = await guardedCluster({ audit });
    const sleepers = cluster.clock.pending;
    const url = "/api/v1/namespaces/team-a/pods?watch=1&timeoutSeconds=600";
    const ended = cluster.krm("ada", url);
    const started = await audit.next();
    expect(started).toMatchObject({
      stage: "ResponseStarted",
      verb: "watch",
      requestURI: url,
      responseStatus: { metadata: {}, code: 200 },
      annotations: { "authorization.k8s.io/decision": "allow" },
    });
    await cluster.clock.untilSleeping(sleepers + 2);
    await cluster.clock.advance(9999);
    cluster.grant("ada");
    await cluster.clock.advance(1);
    await ended;
    const complete = await audit.next();
    expect(complete).toMatchObject({
      stage: "ResponseComplete",
      auditID: started.auditID,
      requestReceivedTimestamp: started.requestReceivedTimestamp,
      responseStatus: { metadata: {}, code: 200 },
      // Why it ended.
      annotations: { "authorization.k8s.io/decision": "forbid" },
    });
    expect(complete.stageTimestamp > started.stageTimestamp).toBe(true);
  });

  it("that is refused has one event alone", async () => {
    expect(await written("maps", "/api/v1/configmaps?watch=1")).toMatchObject({
      stage: "ResponseComplete",
      verb: "watch",
      responseStatus: { code: 403 },
    });
    expect(audit.waiting).toEqual([]);
  });

  it("whose reader leaves before anything is sent is told as upstream tells it", async () => {
    const sink = new Audited();
    const asked = Promise.withResolvers<void>();
    const authenticate = async (): Promise<never> => {
      asked.resolve();
      return new Promise<never>(() => {});
    };
    await using test = testApp();
    await using server = await createServer({
      store: test.store,
      listen: { host: "127.0.0.1", port: 0 },
      audit: sink,
      auth: { type: "custom", authenticator: { authenticate } },
    });
    const { port } = await server.listen();
    const leaving = send({ port, path: "/pods", headers: { authorization: "Bearer x" } }).on("error", () => {});
    leaving.end();
    await asked.promise;
    leaving.destroy();
    expect((await sink.next()).responseStatus).toEqual({
      metadata: {},
      status: "Success",
      message: "Connection closed early",
      code: 200,
    });
  });
});

describe("a token", () => {
  it("stands in no event, wherever its reader has put it", async () => {
    const token = tokenOf("ada");
    const other = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrOHMifQ.c2ln";
    const urls = [
      `/pods?namespace=team-a&access_token=${token}`,
      `/pods?access_token=${other}`,
      `/pods?${other}`,
      `/pods?${token}=`,
      `/api/v1/namespaces/team-a/pods?access_token=${other}&limit=1`,
      `/api/v1/namespaces/team-a/pods/${token}`,
      `/pods?namespace=team-a&labelSelector=a%3D${token}`,
      `http://user:${other}@krm.example/pods`,
      `/${token}`,
    ];
    for (const url of urls) {
      const event = await written("ada", url, { "user-agent": `curl Bearer ${token}` });
      const line = JSON.stringify(event);
      expect(line, url).not.toContain(token);
      expect(line, url).not.toContain(other);
    }
  });

  it("that stands in a query is cut out of the rest, too", async () => {
    for (const [query, secret] of [
      ["access_token=a-secret-value", "a-secret-value"],
      ["access_token=a%2Fsecret%2Fvalue", "a/secret/value"],
      ["s3cret-name-of-one=1", "s3cret-name-of-one"],
    ] as const) {
      const event = await written("ada", `/pods?${query}`, { "user-agent": `curl ${secret}` });
      expect([event.userAgent, JSON.stringify(event).includes(secret)]).toEqual(["curl REDACTED", false]);
    }
  });

  it("is cut out of the URI, and what the server knows stays", async () => {
    const uri = async (url: string): Promise<string> => (await written("ada", url)).requestURI;
    expect(await uri("/pods?namespace=team-a&access_token=x&limit=5")).toBe(
      "/pods?namespace=team-a&access_token=REDACTED&limit=5",
    );
    expect(await uri("/api/v1/pods?watch=1&fieldSelector=metadata.name%3Dweb&a1b2c3d4e5=&pretty=true")).toBe(
      "/api/v1/pods?watch=1&fieldSelector=metadata.name%3Dweb&REDACTED&pretty=true",
    );
  });
});

it("nothing of an object is in an event", async () => {
  for (const url of ["/api/v1/configmaps", "/configmaps", "/api/v1/namespaces/team-a/configmaps/same"]) {
    const { body } = await guarded.krm("maps", url);
    expect([url, body.includes("shown")]).toEqual([url, true]);
    expect(JSON.stringify(await audit.next())).not.toContain("shown");
  }
});
