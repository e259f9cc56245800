import { isWatchQuery, requestInfo } from "@krm/apimachinery";
import { PODS } from "@krm/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Agent, get, type IncomingMessage } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { testApp } from "../support/app.ts";
import { fill, pod } from "../support/fixtures.ts";
import { RecordingUpstream } from "./recording-upstream.ts";

interface Scene extends AsyncDisposable {
  readonly upstream: RecordingUpstream;
  /** Asks for a path as it is written: nothing that reads URLs puts it right. */
  raw(path: string): Promise<readonly [status: number | undefined, body: string]>;
}

async function scene(): Promise<Scene> {
  const upstream = new RecordingUpstream();
  const test = testApp({ upstream });
  await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
  await test.app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = test.app.server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  return {
    upstream,
    async raw(path) {
      const sent = get({ agent, host: "127.0.0.1", port, path });
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      let body = "";
      for await (const chunk of response) body += String(chunk);
      return [response.statusCode, body];
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await test[Symbol.asyncDispose]();
    },
  };
}

describe("a path that servers could read differently", () => {
  it.each([
    "/api/../metrics",
    "/api/./v1/configmaps",
    "/api/v1/%2e%2e/%2E%2E/metrics",
    "/api/v1/namespaces/a/configmaps/..%2f..%2fsecrets",
    "/api/v1/namespaces/a/configmaps/x%2Fy",
    "/api/v1/namespaces/a/pods/x%2fexec",
    "/api/v1/namespaces/a/pods/x%252fexec",
    "/api/v1/namespaces/a/pods/x\\exec",
    "/api/v1/namespaces/a/pods/x%5cexec",
    "/api/v1/configmaps%00",
    "/api/v1/configmaps%0d%0aX:y",
    "/openapi/../metrics",
    "/openapi/v3/..%2f..%2fmetrics",
    // Held, if only read well.
    "/api/v1/namespaces/team-a/../team-b/pods",
  ])("%s is not sent on", async (url) => {
    await using test = await scene();
    const [status, body] = await test.raw(url);
    expect([status, body]).toEqual([400, expect.stringContaining('"reason":"NotForwarded"')]);
    expect(test.upstream.requests).toEqual([]);
  });

  it.each([
    ["/api//v1///configmaps/", "/api/v1/configmaps"],
    ["/api/v1/%63onfigmaps", "/api/v1/configmaps"],
    ["/%61pi/v1/configmaps", "/api/v1/configmaps"],
    [
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
    ],
    ["/api/v1/configmaps/a;b=c", "/api/v1/configmaps/a%3Bb%3Dc"],
    [
      "/api/v1/configmaps?labelSelector=a%20in+(b,c)&limit=1",
      "/api/v1/configmaps?labelSelector=a+in+%28b%2Cc%29&limit=1",
    ],
    ["/api/v1/configmaps?a;b", "/api/v1/configmaps?a%3Bb="],
    ["/api/v1/configmaps?a=/../x", "/api/v1/configmaps?a=%2F..%2Fx"],
  ])("%s is sent on as %s", async (url, target) => {
    await using test = await scene();
    expect(await test.raw(url)).toEqual([200, target]);
  });

  it("is never sent on, and what is sent on is what was decided about", async () => {
    const segment = fc.oneof(
      fc.constantFrom(
        "api",
        "apis",
        "v1",
        "namespaces",
        "pods",
        "configmaps",
        "exec",
        "proxy",
        "watch",
        "openapi",
        "version",
      ),
      fc.constantFrom(
        "",
        ".",
        "..",
        "%2e",
        "%2F",
        "%5c",
        "%25",
        "%252f",
        "%00",
        "%",
        "%zz",
        "%c3%a9",
        "a:b",
        "a;b",
        "%65xec",
      ),
      fc.string({ maxLength: 4, unit: "binary-ascii" }).map((text) => encodeURIComponent(text)),
    );
    const paths = fc.array(segment, { maxLength: 8 }).map((segments) => `/${segments.join("/")}`);
    const queries = fc.constantFrom("", "?watch=1", "?watch", "?a=%2f..&a=2", "?%");
    await using test = await scene();
    const { upstream } = test;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          paths,
          paths.map((path) => `/api/v1${path}`),
        ),
        queries,
        async (path, query) => {
          upstream.requests.length = 0;
          const [status] = await test.raw(`${path}${query}`);
          expect(status).not.toBe(500);
          for (const { target } of upstream.requests) {
            const sent = new URL(target, "https://api");
            // No server has anything left to resolve.
            expect(`${sent.pathname}${sent.search}`).toBe(target);
            expect(sent.pathname).toMatch(/^\/(?:api|apis|openapi|version)(?:\/|$)/u);
            for (const part of sent.pathname.split("/").slice(1))
              expect(decodeURIComponent(part)).toMatch(/^[^/\\%\p{Cc}]+$/u);
            const there = requestInfo("GET", sent.pathname, isWatchQuery(sent.searchParams));
            const here = requestInfo("GET", path, isWatchQuery(new URLSearchParams(query)));
            expect({ ...there, path: "" }).toEqual({ ...here, path: "" });
            if (there.type === "resource")
              expect(there.subresource).not.toMatch(/^(?:exec|attach|portforward|proxy)(?:\/|$)/u);
          }
        },
      ),
      { numRuns: 2000, seed: 7 },
    );
  });
});
