// What is sent on beside client certificates, the audit log and the bounds of watches.
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { MemoryStore, PODS } from "@krm/core";
import { createServer } from "@krm/server";
import { createClientAuthority, createTlsMaterial } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { CertificateClient } from "../auth/certificate-client.ts";
import { failure, testApp } from "../support/app.ts";
import { Audited } from "../support/audited.ts";
import { fill, pod } from "../support/fixtures.ts";
import { temporaryFolder } from "../support/folder.ts";
import { Observed } from "../support/observed.ts";
import { bytes, never, RecordingUpstream } from "./recording-upstream.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const MAPS = "/api/v1/configmaps";

describe("whoever is known by a client certificate", () => {
  it("gets what is held, and is not sent on: not as nobody, and not by a token that does not count", async () => {
    await using folder = await temporaryFolder();
    const [tls, authority] = [await createTlsMaterial(), await createClientAuthority()];
    const [certFile, keyFile, clientCaFile] = ["tls.crt", "tls.key", "ca.crt"].map((name) => join(folder.path, name));
    await writeFile(certFile ?? "", tls.cert);
    await writeFile(keyFile ?? "", tls.key);
    await writeFile(clientCaFile ?? "", authority.ca);
    await using store = new MemoryStore();
    await fill(store, { resource: PODS }, [pod({ name: "a" })]);
    const upstream = new RecordingUpstream();
    const authenticate = async (token: string): Promise<{ readonly user: string } | undefined> =>
      token === "carol-token" ? { user: "carol" } : undefined;
    await using server = await createServer({
      store,
      upstream,
      listen: LOOPBACK,
      tls: { certFile: certFile ?? "", keyFile: keyFile ?? "", clientCaFile },
      auth: { type: "custom", authenticator: { authenticate } },
    });
    const { url } = await server.listen();
    using ada = new CertificateClient(url, tls.ca, await authority.issue({ user: "ada" }));
    const carol = { authorization: "Bearer carol-token" };
    for (const headers of [{}, carol]) {
      expect((await ada.get("/api/v1/pods", headers)).status).toBe(200);
      const refused = await ada.get(MAPS, headers);
      expect([refused.status, refused.body]).toEqual([403, expect.stringContaining('"reason":"NotForwarded"')]);
      const discovery = await ada.get("/api", headers);
      expect([discovery.status, discovery.headers.warning]).toEqual([
        200,
        '299 krm "a client certificate cannot be sent on to the API server: this tells only of what KRM itself holds"',
      ]);
      expect((await ada.get("/openapi/v3", headers)).status).toBe(403);
    }
    expect(upstream.requests).toEqual([]);
    using other = new CertificateClient(url, tls.ca, undefined);
    expect((await other.get(MAPS, carol)).body).toBe(MAPS);
    expect(upstream.requests.map(({ token }) => token)).toEqual(["carol-token"]);
  });
});

describe("the audit log", () => {
  it("has what was sent on, under the identifier that the API server is told, and no token", async () => {
    const audit = new Audited();
    const upstream = new RecordingUpstream();
    await using test = testApp({ upstream, audit });
    await fill(test.store, { resource: PODS }, []);
    upstream.answer = () => ({ status: 403, headers: { "audit-id": "another", "content-type": "text/plain" } });
    const headers = { authorization: "Bearer their-secret-token", "audit-id": "mine" };
    const response = await test.get("/api/v1/namespaces/team-a/configmaps/x?token=their-secret-token", headers);
    const event = await audit.next();
    expect(event).toMatchObject({
      stage: "ResponseComplete",
      verb: "get",
      objectRef: { resource: "configmaps", namespace: "team-a", name: "x", apiVersion: "v1" },
      responseStatus: { code: 403 },
    });
    expect(event.annotations).toBeUndefined();
    expect(JSON.stringify(event)).not.toContain("their-secret-token");
    expect(upstream.requests[0]?.headers["audit-id"]).toBe(event.auditID);
    expect(response.headers["audit-id"]).toBe(event.auditID);
  });

  it("has whom its sender asked to be", async () => {
    const audit = new Audited();
    const upstream = new RecordingUpstream();
    const auth = { authenticate: async (token: string) => ({ user: token }) };
    await using test = testApp({ upstream, audit, auth });
    await fill(test.store, { resource: PODS }, []);
    const headers = { authorization: "Bearer ada", "impersonate-user": "boss", "impersonate-group": "admins" };
    await test.get("/api/v1/namespaces/kube-system/secrets", headers);
    const event = await audit.next();
    expect(event.user).toEqual({ username: "ada" });
    expect(event.impersonatedUser).toEqual({ username: "boss", groups: ["admins"] });
    await test.get(MAPS, { authorization: "Bearer ada" });
    expect((await audit.next()).impersonatedUser).toBeUndefined();
  });

  it("has the beginning of a watch that was sent on", async () => {
    const audit = new Audited();
    const upstream = new RecordingUpstream();
    await using test = testApp({ upstream, audit });
    await fill(test.store, { resource: PODS }, []);
    await test.get(`${MAPS}?watch=1`);
    expect([(await audit.next()).stage, (await audit.next()).stage]).toEqual(["ResponseStarted", "ResponseComplete"]);
    upstream.answer = () => ({ status: 403 });
    await test.get(`${MAPS}?watch=1`);
    expect((await audit.next()).stage).toBe("ResponseComplete");
  });
});

describe("what has no end", () => {
  it("takes a place of its user, and gives it back", async () => {
    const upstream = new RecordingUpstream();
    await using test = testApp({
      upstream,
      maxWatchesPerUser: 1,
      auth: { authenticate: async (token) => ({ user: token }) },
    });
    await fill(test.store, { resource: PODS }, []);
    const as = (user: string): Record<string, string> => ({ authorization: `Bearer ${user}` });
    upstream.answer = never;
    const open = test.get(`${MAPS}?watch=1`, as("ada"));
    while (upstream.requests.length === 0) await test.clock.advance(0);
    upstream.answer = () => ({ body: bytes("x") });
    for (const url of [`${MAPS}?watch=1`, "/api/v1/namespaces/n/pods/p/log", "/api/v1/pods?watch=1"]) {
      expect(failure(await test.get(url, as("ada")))).toMatchObject({ code: 429, causes: ["TooManyWatches"] });
    }
    expect((await test.get(MAPS, as("ada"))).statusCode).toBe(200);
    expect((await test.get(`${MAPS}?watch=1`, as("bob"))).statusCode).toBe(200);
    await test.clock.advance(75_000);
    expect((await open).statusCode).toBe(504);
    expect((await test.get(`${MAPS}?watch=1`, as("ada"))).statusCode).toBe(200);
  });

  it("is not all that one user can have sent on: the others come through", async () => {
    const upstream = new RecordingUpstream();
    await using test = testApp({ upstream, auth: { authenticate: async (token) => ({ user: token }) } });
    await fill(test.store, { resource: PODS }, []);
    const as = (user: string): Record<string, string> => ({ authorization: `Bearer ${user}` });
    upstream.answer = never;
    const waiting = Array.from({ length: 512 }, async () => test.get(MAPS, as("mallory")));
    while (upstream.requests.length < 512) await test.clock.advance(0);
    const refused = await test.get(MAPS, as("mallory"));
    expect(failure(refused)).toMatchObject({ code: 429, causes: ["TooManyForwarded"] });
    expect(refused.headers["retry-after"]).toBe("1");
    upstream.answer = () => ({ body: bytes("x") });
    expect((await test.get(MAPS, as("ada"))).statusCode).toBe(200);
    await test.clock.advance(75_000);
    await Promise.all(waiting);
    expect((await test.get(MAPS, as("mallory"))).statusCode).toBe(200);
  });

  it("is a watch to whoever observes the requests, with the bytes of its body", async () => {
    const observer = new Observed();
    const upstream = new RecordingUpstream();
    await using store = new MemoryStore();
    await fill(store, { resource: PODS }, []);
    await using server = await createServer({ store, upstream, observer, listen: LOOPBACK });
    const { url } = await server.listen();
    upstream.answer = () => ({ body: bytes("one\n", "two\n") });
    for (const path of [`${MAPS}?watch=1`, MAPS]) {
      const [response] = (await once(get(`${url}${path}`), "response")) as [IncomingMessage];
      for await (const _ of response);
    }
    expect(await observer.next()).toMatchObject({ watch: true, forwarded: true, bytes: 8 });
    expect(await observer.next()).toMatchObject({ watch: false, forwarded: true });
  });
});
