import { KubeConfig } from "@kubernetes/client-node";
import { parseResourceVersion, PODS } from "@krm/core";
import { createTlsMaterial, type TlsMaterial } from "@krm/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KubernetesSource } from "../src/index.ts";
import { SocksProxy } from "./support/socks-proxy.ts";
import { failure, frame, json, listBody, podBody, TestServer } from "./support/test-server.ts";

let tls: TlsMaterial;
let server: TestServer;

beforeAll(async () => {
  tls = await createTlsMaterial({ hosts: ["api.example.test"] });
  server = await TestServer.start(
    (request, response) => {
      if (request.url?.includes("watch=true") === true) {
        response.writeHead(200, { "content-type": "application/json" }).end(frame("ADDED", podBody("a", "8")));
      } else {
        json(response, listBody("7", []));
      }
    },
    { cert: tls.cert, key: tls.key },
  );
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

function sourceThrough(proxyUrl: string, ca = tls.ca): KubernetesSource {
  const kubeConfig = new KubeConfig();
  const caData = Buffer.from(ca).toString("base64");
  kubeConfig.loadFromClusterAndUser(
    { name: "c", server: "https://api.example.test:6443", skipTLSVerify: false, proxyUrl, caData },
    { name: "me" },
  );
  return new KubernetesSource({ kubeConfig });
}

describe("a proxy", () => {
  it("of HTTP is tunnelled through, with TLS to the API server itself", async () => {
    await using proxy = await TestServer.start(() => {});
    const hosts = proxy.tunnelTo(server);
    await using source = sourceThrough(proxy.url);
    const pods = source.listWatch({ resource: PODS });
    expect((await pods.list({})).resourceVersion).toBe("7");
    const names: string[] = [];
    const watch = await pods.watch({ resourceVersion: parseResourceVersion("7"), timeoutSeconds: 300 });
    for await (const batch of watch) for (const event of batch) if ("object" in event) names.push(event.object.name);
    expect(names).toEqual(["a"]);
    expect(hosts).toEqual(["api.example.test:6443", "api.example.test:6443"]);
    // Beyond this machine lists are compressed.
    expect(server.requests.map(({ headers }) => headers["accept-encoding"])).toEqual(["gzip", "identity"]);
    const other = await createTlsMaterial();
    await using strange = sourceThrough(proxy.url, other.ca);
    expect(await failure(strange.listWatch({ resource: PODS }).list({}))).toMatchObject({ code: "KRM_CONNECTION" });
  });

  it("of SOCKS 5 too", async () => {
    await using proxy = new SocksProxy(Number(new URL(server.url).port));
    const url = await proxy.start();
    await using source = sourceThrough(url);
    expect((await source.listWatch({ resource: PODS }).list({})).resourceVersion).toBe("7");
    expect(proxy.hosts).toEqual(["api.example.test:6443"]);
    const other = await createTlsMaterial();
    await using strange = sourceThrough(url, other.ca);
    expect(await failure(strange.listWatch({ resource: PODS }).list({}))).toMatchObject({ code: "KRM_CONNECTION" });
  });

  it("is asked anew for a list from elsewhere", async () => {
    await using proxy = await TestServer.start(() => {});
    const hosts = proxy.tunnelTo(server);
    await using socks = new SocksProxy(Number(new URL(server.url).port));
    await using tunnelled = sourceThrough(proxy.url);
    await using relayed = sourceThrough(await socks.start());
    for (const [source, asked] of [
      [tunnelled, hosts],
      [relayed, socks.hosts],
    ] as const) {
      const pods = source.listWatch({ resource: PODS });
      await pods.list({});
      const before = asked.length;
      const from = server.sockets.length;
      await pods.list({ elsewhere: true });
      await pods.listMetadata({ elsewhere: true });
      expect(asked.length).toBe(before + 2);
      const used = server.sockets.slice(from);
      expect(used).toHaveLength(2);
      for (const socket of used) if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
    }
  });

  it("that cannot be reached, or refuses, is told as the proxy's trouble", async () => {
    const proxy = await TestServer.start(() => {});
    proxy.refuseTunnels(407);
    await using refusing = sourceThrough(proxy.url.replace("//", "//ann:hunter2@"));
    const refused = await failure(refusing.listWatch({ resource: PODS }).list({}));
    expect(refused).toMatchObject({
      code: "KRM_CONNECTION",
      message: `https://api.example.test:6443: the proxy answered 407 and did not let it through (UND_ERR_ABORTED), through the proxy ${proxy.url}, for GET https://api.example.test:6443/api/v1/pods`,
      hint: "give the user and password in proxy-url",
    });
    await using gone = sourceThrough(proxy.url);
    await proxy[Symbol.asyncDispose]();
    expect(await failure(gone.listWatch({ resource: PODS }).list({}))).toMatchObject({
      message: expect.stringContaining(
        `the connection was refused (ECONNREFUSED), through the proxy ${proxy.url}`,
      ) as string,
      hint: expect.stringContaining("check proxy-url") as string,
    });
  });

  it.each(["proxy.example.test:3128", "http://ann:hunter2@ proxy", "ftp://ann:hunter2@proxy.example.test"])(
    "of %s is none",
    (url) => {
      const attempt = (): unknown => sourceThrough(url);
      expect(attempt).toThrow(
        expect.objectContaining({
          code: "KRM_INVALID_KUBECONFIG",
          message: expect.stringMatching(
            /^the cluster's proxy-url (?!.*hunter2).* is not the URL of a proxy$/,
          ) as string,
          hint: expect.stringContaining("http://") as string,
        }),
      );
    },
  );

  it("of SOCKS 4 is refused, without the password in its URL", async () => {
    await using source = sourceThrough("socks4://ann:hunter2@127.0.0.1:1");
    const error = await failure(source.listWatch({ resource: PODS }).list({}));
    expect(error).toMatchObject({
      code: "KRM_INVALID_KUBECONFIG",
      message: "proxy-url socks4://127.0.0.1:1: SOCKS 4 is not supported",
    });
  });
});
