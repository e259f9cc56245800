import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type ListWatch, PODS } from "@krm/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KubernetesSource } from "../src/index.ts";
import { Agents } from "../src/transport/agents.ts";
import { failure, json, listBody, TestServer } from "./support/test-server.ts";

let server: TestServer;
let source: KubernetesSource;
let pods: Required<ListWatch>;
/** Over which connection each request came. */
let over: Socket[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  over = [];
  answer = (_request, response) => json(response, listBody("1", []));
  server = await TestServer.start((request, response) => {
    over.push(request.socket);
    answer(request, response);
  });
  source = new KubernetesSource({ kubeConfig: server.config({ token: "t" }) });
  pods = source.listWatch({ resource: PODS });
});

afterEach(async () => {
  await source[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** Also of a connection that was reset. */
async function closed(socket: Socket | undefined): Promise<void> {
  if (socket?.closed === false) await new Promise((resolve) => socket.once("close", resolve));
}

describe("a list from elsewhere", () => {
  it("comes over a connection that nothing else has used, or uses after it", async () => {
    await pods.list({});
    await pods.list({ elsewhere: true });
    await pods.listMetadata({ elsewhere: true });
    await closed(over[1]);
    await closed(over[2]);
    await pods.list({});
    await pods.list({ elsewhere: false });
    expect(new Set([over[0], over[1], over[2]]).size).toBe(3);
    // undici may open a second one for its pool; none of them is one of those from elsewhere.
    for (const later of over.slice(3)) expect([over[1], over[2]]).not.toContain(later);
    expect(over[0]?.closed).toBe(false);
    expect(server.requests.map(({ headers }) => headers.connection)).toEqual([
      "keep-alive",
      "close",
      "close",
      "keep-alive",
      "keep-alive",
    ]);
  });

  it("asks for the same", async () => {
    await pods.list({ limit: 5, resourceVersion: "7", match: "NotOlderThan" });
    await pods.list({ limit: 5, resourceVersion: "7", match: "NotOlderThan", elsewhere: true });
    const [first, second] = server.requests.map(({ url, headers }) => [url.search, { ...headers, connection: "" }]);
    expect(second).toEqual(first);
  });

  it("has a connection each where several are under way", async () => {
    await Promise.all(Array.from({ length: 4 }, () => pods.list({ elsewhere: true })));
    expect(new Set(over).size).toBe(4);
    await Promise.all(over.map((socket) => closed(socket)));
  });

  it("closes it after an error, and tries a 401 again over another", async () => {
    answer = (_request, response) => json(response, { kind: "Status", code: 503, message: "down" }, 503);
    expect(await failure(pods.list({ elsewhere: true }))).toMatchObject({ status: { code: 503 } });
    await closed(over[0]);
    answer = (_request, response) => json(response, { kind: "Status", code: 401, message: "no" }, 401);
    expect(await failure(pods.list({ elsewhere: true }))).toMatchObject({ status: { code: 401 } });
    expect([over.length, new Set(over).size]).toEqual([3, 3]);
    await closed(over[1]);
    await closed(over[2]);
    answer = (_request, response) => void response.writeHead(200, { "content-type": "text/html" }).write("<html>");
    expect(await failure(pods.list({ elsewhere: true }))).toMatchObject({ code: "KRM_DECODE" });
    await closed(over[3]);
  });

  it("closes it when aborted, before the answer and within it", async () => {
    for (const begin of [false, true]) {
      const asked = Promise.withResolvers<Socket>();
      answer = (request, response) => {
        if (begin) response.writeHead(200, { "content-type": "application/json" }).write("{");
        asked.resolve(request.socket);
      };
      const controller = new AbortController();
      const list = failure(pods.list({ elsewhere: true }, { signal: controller.signal }));
      const socket = await asked.promise;
      const reason = new Error("enough");
      controller.abort(reason);
      expect(await list).toBe(reason);
      await closed(socket);
    }
  });

  it("tells a connection that breaks, and one that is refused", async () => {
    answer = (_request, response) => void response.socket?.destroy();
    expect(await failure(pods.list({ elsewhere: true }))).toMatchObject({ code: "KRM_CONNECTION" });
    await server[Symbol.asyncDispose]();
    expect(await failure(pods.list({ elsewhere: true }))).toMatchObject({
      code: "KRM_CONNECTION",
      message: expect.stringContaining("refused") as string,
    });
    server = await TestServer.start(() => {});
  });

  it("leaves nothing behind, however it ends", async () => {
    const made = vi.spyOn(Agents.prototype, "single");
    const controller = new AbortController();
    const { signal } = controller;
    const endings: (typeof answer)[] = [
      answer,
      (_request, response) => json(response, { kind: "Status", code: 503, message: "down" }, 503),
      (_request, response) => void response.writeHead(200, { "content-type": "text/html" }).write("<html>"),
      (_request, response) => void response.socket?.destroy(),
      () => controller.abort(new Error("enough")),
    ];
    for (const ending of endings) {
      answer = ending;
      await pods.list({ elsewhere: true }, { signal }).catch(() => {});
    }
    await Promise.all(over.map((socket) => closed(socket)));
    const agents = made.mock.results.map(({ value }) => value as { readonly destroyed: boolean });
    expect(agents.map(({ destroyed }) => destroyed)).toEqual(endings.map(() => true));
    made.mockRestore();
  });

  it("ends when the source is closed", async () => {
    const asked = Promise.withResolvers<Socket>();
    answer = (request) => asked.resolve(request.socket);
    const list = failure(pods.list({ elsewhere: true }));
    const socket = await asked.promise;
    await source[Symbol.asyncDispose]();
    expect(await list).toMatchObject({ code: "KRM_CONNECTION", message: expect.stringContaining("closed") as string });
    await closed(socket);
    expect(await failure(pods.list({ elsewhere: true }))).toMatchObject({ code: "KRM_CONNECTION" });
    expect(over).toHaveLength(1);
  });
});
