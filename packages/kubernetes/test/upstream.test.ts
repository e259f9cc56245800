import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import { KubeConfig } from "@kubernetes/client-node";
import { createTlsMaterial } from "@krm/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ForwardedRead, KubernetesUpstream, loadKubeConfig } from "../src/index.ts";
import { SocksProxy } from "./support/socks-proxy.ts";
import { failure, type Handler, json, TestServer } from "./support/test-server.ts";

const read = (more: Partial<ForwardedRead> = {}): ForwardedRead => ({
  method: "GET",
  target: "/api/v1/configmaps",
  headers: {},
  token: undefined,
  endless: false,
  signal: new AbortController().signal,
  ...more,
});

async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const echo: Handler = (_request, response) => json(response, {});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "krm-upstream-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const TLS = await createTlsMaterial();
const CA = Buffer.from(TLS.ca).toString("base64");

function start(handler: Handler): Promise<TestServer> {
  return TestServer.start(handler, { cert: TLS.cert, key: TLS.key });
}

/** A kubeconfig file for a server, with one user. */
function kubeConfigOf(server: string, user: object = {}, cluster: object = {}): KubeConfig {
  const file = join(folder(), "config");
  writeFileSync(
    file,
    JSON.stringify({
      clusters: [{ name: "c", cluster: { server, "certificate-authority-data": CA, ...cluster } }],
      users: [{ name: "me", user }],
      contexts: [{ name: "here", context: { cluster: "c", user: "me" } }],
      "current-context": "here",
    }),
  );
  return loadKubeConfig({ file });
}

describe("credentials of the kubeconfig", () => {
  const base64 = (words: string): string => Buffer.from(words).toString("base64");
  const plugin = (path: string): object => {
    const command = join(path, "plugin");
    writeFileSync(
      command,
      `#!/bin/sh\ntouch ${join(path, "ran")}\necho '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"own"}}'\n`,
    );
    chmodSync(command, 0o700);
    return { exec: { apiVersion: "client.authentication.k8s.io/v1", command, interactiveMode: "Never" } };
  };
  const tokenFile = (path: string): object => {
    writeFileSync(join(path, "token"), "own");
    return { tokenFile: join(path, "token") };
  };

  it.each<[string, (path: string) => object]>([
    ["a token", () => ({ token: "own" })],
    ["a token file", tokenFile],
    ["a name and a password", () => ({ username: "own", password: "own" })],
    ["an exec plugin", plugin],
    [
      "somebody who is impersonated",
      () => ({ token: "own", as: "own", "as-groups": ["own"], "as-uid": "own", "as-user-extra": { own: ["own"] } }),
    ],
  ])("never leave: %s", async (_, userOf) => {
    await using server = await start(echo);
    await using upstream = new KubernetesUpstream(kubeConfigOf(server.url, userOf(folder())));
    for (const token of [undefined, "theirs"]) await text((await upstream.read(read({ token }))).body);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer theirs"]);
    expect(JSON.stringify(server.requests)).not.toMatch(new RegExp(`own|${base64("own:own")}|impersonate`, "iu"));
  });

  it("never leave: a client certificate, also where the server asks for one", async () => {
    const { ca, cert, key } = TLS;
    await using server = await TestServer.start(echo, { cert, key, ca, requestCert: true, rejectUnauthorized: false });
    const own = { "client-certificate-data": base64(cert), "client-key-data": base64(key) };
    await using upstream = new KubernetesUpstream(kubeConfigOf(server.url, own));
    await text((await upstream.read(read())).body);
    expect(server.sockets).toHaveLength(1);
    for (const socket of server.sockets) expect((socket as TLSSocket).getPeerCertificate()).toEqual({});
  });

  it("are not even asked for, nor those of authenticators that the application added", async () => {
    await using server = await start(echo);
    const path = folder();
    const config = kubeConfigOf(server.url, plugin(path));
    config.addAuthenticator({
      isAuthProvider: () => true,
      applyAuthentication: () => Promise.reject(new Error("was asked")),
    });
    await using upstream = new KubernetesUpstream(config);
    expect((await upstream.read(read())).status).toBe(200);
    expect(await failure(import("node:fs/promises").then(async ({ stat }) => stat(join(path, "ran"))))).toMatchObject({
      code: "ENOENT",
    });
  });
});

describe("the API server's certificate", () => {
  it("is held against the kubeconfig's authority, and its name", async () => {
    const [right, wrong] = [TLS, await createTlsMaterial()];
    await using server = await TestServer.start(echo, { cert: right.cert, key: right.key });
    const config = (caData: string, tlsServerName?: string): KubeConfig => {
      const one = new KubeConfig();
      const data = Buffer.from(caData).toString("base64");
      const cluster = { name: "c", server: server.url, caData: data, skipTLSVerify: false };
      one.loadFromClusterAndUser(tlsServerName === undefined ? cluster : { ...cluster, tlsServerName }, { name: "me" });
      return one;
    };
    const answers = async (of: KubeConfig): Promise<unknown> => {
      await using upstream = new KubernetesUpstream(of);
      try {
        return await text((await upstream.read(read({ token: "theirs" }))).body);
      } catch (error) {
        return (error as { readonly message: string }).message;
      }
    };
    expect(await answers(config(right.ca))).toBe("{}");
    expect(await answers(config(right.ca, "localhost"))).toBe("{}");
    expect(await answers(config(wrong.ca))).toContain("authority");
    expect(await answers(config(right.ca, "other.example"))).toContain("for another name");
    expect(server.requests).toHaveLength(2);
  });

  it.each([
    ["https://10.0.0.1:6443", true, "insecure-skip-tls-verify lets anybody answer for it"],
    ["https://127.0.0.1:6443", true, "insecure-skip-tls-verify lets anybody answer for it"],
    ["http://10.0.0.1:8080", false, "its server http://10.0.0.1:8080 is asked over plain http"],
    ["http://127.0.0.1:8001", false, "its server http://127.0.0.1:8001 is asked over plain http"],
    ["http://10.0.0.1:8080", true, "its server http://10.0.0.1:8080 is asked over plain http"],
  ])("must be there: %s, skipped: %s", (server, skipTLSVerify, why) => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: "c", server, skipTLSVerify }, { name: "me" });
    expect(() => new KubernetesUpstream(config)).toThrow(
      expect.objectContaining({ code: "KRM_INVALID_KUBECONFIG", message: expect.stringContaining(why) as string }),
    );
  });

  it("needs a cluster to belong to", () => {
    expect(() => new KubernetesUpstream(new KubeConfig())).toThrow(
      expect.objectContaining({ code: "KRM_INVALID_KUBECONFIG" }),
    );
  });
});

describe("the way there", () => {
  it("is the kubeconfig's proxy, and the path of its server", async () => {
    await using server = await start(echo);
    await using proxy = new SocksProxy(Number(new URL(server.url).port));
    const proxyUrl = await proxy.start();
    const url = server.url.replace("127.0.0.1", "localhost");
    const config = kubeConfigOf(`${url}/k8s/clusters/one/`, {}, { "proxy-url": proxyUrl });
    await using upstream = new KubernetesUpstream(config);
    await text((await upstream.read(read({ target: "/apis?x=1" }))).body);
    expect(proxy.hosts).toEqual([new URL(url).host]);
    expect(server.requests.map(({ url }) => `${url.pathname}${url.search}`)).toEqual(["/k8s/clusters/one/apis?x=1"]);
  });

  it("ends at the API server: a redirect is told, and not followed", async () => {
    await using other = await start(echo);
    const leads = {
      own: "/k8s/openapi/v3?hash=2",
      relative: "v3?hash=2",
      outside: "/metrics",
      other: `${other.url}/api`,
    };
    await using server = await start((request, response) => {
      const to = leads[new URL(request.url ?? "", "http://x").searchParams.get("to") as keyof typeof leads];
      response.writeHead(301, { location: to }).end();
    });
    await using upstream = new KubernetesUpstream(kubeConfigOf(`${server.url}/k8s`));
    const locations = await Promise.all(
      Object.keys(leads).map(async (to) => {
        const { headers, status } = await upstream.read(read({ target: `/openapi/v3?to=${to}`, token: "theirs" }));
        return [status, headers["location"]];
      }),
    );
    expect(locations).toEqual([
      [301, "/openapi/v3?hash=2"],
      [301, "/openapi/v3?hash=2"],
      [301, undefined],
      [301, undefined],
    ]);
    expect(other.requests).toEqual([]);
  });
});

const latin1 = (words: string): string => Buffer.from(words).toString("latin1");

describe("an answer", () => {
  it("comes as it is: status, headers of several lines, compressed bytes", async () => {
    const packed = gzipSync("theirs");
    await using server = await start((_request, response) => {
      response.writeHead(409, {
        "content-encoding": "gzip",
        "x-several": ["a", "b"],
        warning: latin1('299 - "Größe 古い"'),
        "content-length": packed.length,
      });
      response.end(packed);
    });
    await using upstream = new KubernetesUpstream(kubeConfigOf(server.url));
    const headers = { "accept-encoding": ["gzip"], "impersonate-group": ["a, b", "c"] };
    const { body, headers: told, status } = await upstream.read(read({ headers }));
    const bytes: Uint8Array[] = [];
    for await (const chunk of body) bytes.push(chunk);
    // A character for each byte: passed on as it is, it is what was sent.
    expect(told["warning"]).toBe(latin1('299 - "Größe 古い"'));
    expect([status, told["content-encoding"], told["x-several"]]).toEqual([409, "gzip", ["a", "b"]]);
    expect(Buffer.concat(bytes)).toEqual(packed);
    expect(server.requests[0]?.headers).toMatchObject({ "accept-encoding": "gzip", "impersonate-group": "a, b, c" });
  });

  it.each([
    ["the request", async () => new Promise<void>(() => {})],
    ["the answer", async (response: ServerResponse) => void response.writeHead(200).write("{")],
  ])("is given up where its signal aborts, in the middle of %s", async (_, answer) => {
    const closed = Promise.withResolvers<void>();
    const came = Promise.withResolvers<void>();
    await using server = await start(async (_request, response) => {
      response.on("close", () => closed.resolve());
      came.resolve();
      await answer(response);
    });
    await using upstream = new KubernetesUpstream(kubeConfigOf(server.url));
    const given = new AbortController();
    const reading = upstream.read(read({ endless: true, signal: given.signal })).then(async ({ body }) => text(body));
    const ended = failure(reading);
    await came.promise;
    given.abort(new Error("left"));
    await closed.promise;
    expect(await ended).toMatchObject({ message: "left" });
  });

  it("that breaks off throws", async () => {
    await using server = await start((_request, response) => {
      response.writeHead(200);
      response.write("half", () => response.destroy());
    });
    await using upstream = new KubernetesUpstream(kubeConfigOf(server.url));
    const { body } = await upstream.read(read());
    expect(await failure(text(body))).toBeInstanceOf(Error);
  });

  it("that nobody reads any more breaks off without a word", async () => {
    await using server = await start((_request, response) => void response.writeHead(200).write("half"));
    const upstream = new KubernetesUpstream(kubeConfigOf(server.url));
    await upstream.read(read({ endless: true }));
    const [socket] = server.sockets;
    const closed = once(socket as NonNullable<typeof socket>, "close");
    await upstream[Symbol.asyncDispose]();
    await closed;
    expect(await failure(upstream.read(read()))).toMatchObject({ code: "KRM_CONNECTION" });
  });

  it("that does not come is told with the server, the path and what to look at, and without the query or the token", async () => {
    const server = await start(echo);
    const config = kubeConfigOf(server.url);
    await server[Symbol.asyncDispose]();
    await using upstream = new KubernetesUpstream(config);
    const error = await failure(upstream.read(read({ target: "/api/v1/configmaps?continue=secret", token: "theirs" })));
    expect(error).toMatchObject({
      code: "KRM_CONNECTION",
      message: expect.stringMatching(
        /the connection was refused .*for GET https:\/\/127\.0\.0\.1:\d+\/api\/v1\/configmaps$/u,
      ) as string,
      hint: "is the API server running, and is this its port?",
    });
  });
});
