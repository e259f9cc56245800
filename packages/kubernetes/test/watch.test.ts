import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { KrmError, type ListWatch, parseResourceVersion, PODS, type WatchEvent } from "@krm/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KubernetesSource } from "../src/index.ts";
import { failure, frame, json, podBody, TestServer } from "./support/test-server.ts";

const from = { resourceVersion: parseResourceVersion("7"), timeoutSeconds: 300 };

let server: TestServer;
let source: KubernetesSource;
let pods: ListWatch;
/** Of the watch that was asked for last. */
let answer: ServerResponse;
/** As another KRM tells it. */
let contact: string | undefined;

beforeEach(async () => {
  contact = undefined;
  server = await TestServer.start((request, response) => {
    if (request.url?.includes("resourceVersion=1&") === true) {
      json(response, { kind: "Status", code: 410, reason: "Expired", message: "too old" }, 410);
      return;
    }
    answer = response.writeHead(200, {
      "content-type": "application/json",
      ...(contact !== undefined && { "krm-last-contact": contact }),
    });
    answer.flushHeaders();
  });
  source = new KubernetesSource({ kubeConfig: server.config() });
  pods = source.listWatch({ resource: PODS });
});

afterEach(async () => {
  await source[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function names(events: readonly WatchEvent[]): string[] {
  return events.map((event) => ("object" in event ? `${event.type} ${event.object.name}` : event.type));
}

/** Everything up to the end or the error. */
async function drain(watch: AsyncIterable<readonly WatchEvent[]>): Promise<{ events: string[]; error?: unknown }> {
  const events: string[] = [];
  try {
    for await (const batch of watch) events.push(...names(batch));
  } catch (error) {
    return { events, error };
  }
  return { events };
}

describe("watch", () => {
  it("asks for bookmarks and a time-out, from a version on", async () => {
    await pods.watch(from);
    expect(server.requests[0]?.url.pathname).toBe("/api/v1/pods");
    expect(Object.fromEntries(server.requests[0]?.url.searchParams ?? [])).toEqual({
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: "7",
      timeoutSeconds: "300",
    });
  });

  it("asks to be told how far the contact of a source that is another KRM goes, and takes its word", async () => {
    const early = await pods.watch(from);
    expect(server.requests[0]?.headers).toMatchObject({ "krm-tell": "last-contact" });
    expect(early.heardAt).toBeUndefined();
    contact = "2026-11-26T07:00:00.123Z";
    const watch = await pods.watch(from);
    expect(watch.heardAt).toBe(Date.parse(contact));
    const annotations = { "krm.dev/last-contact": "2026-11-26T07:00:01.000Z" };
    answer.end(frame("BOOKMARK", { metadata: { resourceVersion: "8", annotations } }));
    const events: WatchEvent[] = [];
    for await (const batch of watch) events.push(...batch);
    expect(events).toMatchObject([{ type: "BOOKMARK", heardAt: Date.parse("2026-11-26T07:00:01Z") }]);
  });

  it("asks for what there is to begin with, as new as it must be", async () => {
    const version = parseResourceVersion("9007199254740993");
    for (const resourceVersion of [undefined, version]) {
      await pods.watch({ resourceVersion, timeoutSeconds: 300, initialEvents: true });
    }
    await pods.watch({ ...from, initialEvents: false });
    const [newest, notOlder, plain] = server.requests.map(({ url }) => Object.fromEntries(url.searchParams));
    const asked = {
      watch: "true",
      allowWatchBookmarks: "true",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      timeoutSeconds: "300",
    };
    expect(newest).toEqual({ ...asked, resourceVersion: "" });
    expect(notOlder).toEqual({ ...asked, resourceVersion: "9007199254740993" });
    expect(Object.keys(plain ?? {}).toSorted()).toEqual([
      "allowWatchBookmarks",
      "resourceVersion",
      "timeoutSeconds",
      "watch",
    ]);
  });

  it("tells the end of what there was to begin with", async () => {
    const watch = await pods.watch({ resourceVersion: undefined, timeoutSeconds: 300, initialEvents: true });
    const bookmark = (resourceVersion: string, annotations?: object): string =>
      frame("BOOKMARK", { metadata: { resourceVersion, annotations } });
    const end = "k8s.io/initial-events-end";
    answer.end(bookmark("8", { [end]: "false" }) + bookmark("9", { [end]: "true" }) + bookmark("10"));
    const events: WatchEvent[] = [];
    for await (const batch of watch) events.push(...batch);
    expect(events.map((event) => event.type === "BOOKMARK" && [event.resourceVersion, event.initialEventsEnd])).toEqual(
      [
        ["8", false],
        ["9", true],
        ["10", false],
      ],
    );
  });

  it("throws the refusal of a server that cannot begin with what there is", async () => {
    const message = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
    await using old = await TestServer.start((_request, response) => {
      json(response, { kind: "Status", code: 422, reason: "Invalid", message }, 422);
    });
    await using through = new KubernetesSource({ kubeConfig: old.config() });
    const request = { resourceVersion: undefined, timeoutSeconds: 300, initialEvents: true };
    expect(await failure(through.listWatch({ resource: PODS }).watch(request))).toMatchObject({
      code: "KRM_API_STATUS",
      status: { code: 422, reason: "Invalid", message },
    });
  });

  it("yields frames however they come, and ends when the server ends", async () => {
    const watch = await pods.watch(from);
    const iterator = watch[Symbol.asyncIterator]();
    const bytes = Buffer.from(frame("ADDED", podBody("ä", "8")));
    const middle = bytes.indexOf(0xa4);
    answer.write(bytes.subarray(0, middle));
    expect(await iterator.next()).toEqual({ done: false, value: [] });
    answer.write(Buffer.concat([bytes.subarray(middle), Buffer.from(frame("DELETED", podBody("b", "9")))]));
    const { value } = await iterator.next();
    expect(names(value as WatchEvent[])).toEqual(["ADDED ä", "DELETED b"]);
    answer.end(frame("BOOKMARK", { metadata: { resourceVersion: "10" } }));
    expect((await iterator.next()).value).toEqual([
      { type: "BOOKMARK", resourceVersion: "10", initialEventsEnd: false },
    ]);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it("tells a connection that breaks within a frame, after what came before", async () => {
    const watch = await pods.watch(from);
    answer.write(`${frame("ADDED", podBody("a", "8"))}{"type":"ADD`, () => answer.socket?.destroy());
    const { events, error } = await drain(watch);
    expect(events).toEqual(["ADDED a"]);
    expect(error).toMatchObject({
      code: "KRM_CONNECTION",
      message: expect.stringContaining("the connection broke") as string,
    });
  });

  it("tells a stream that ends in order, but within a frame", async () => {
    const watch = await pods.watch(from);
    answer.end(`${frame("ADDED", podBody("a", "8"))}{"type"`);
    const { events, error } = await drain(watch);
    expect(events).toEqual(["ADDED a"]);
    expect(error).toMatchObject({
      code: "KRM_CONNECTION",
      message: expect.stringContaining("ended within a watch frame") as string,
    });
  });

  it("yields the frames before one that cannot be read, then throws, and closes", async () => {
    const watch = await pods.watch(from);
    const closed = once(answer, "close");
    answer.write(`${frame("ADDED", podBody("a", "8"))}{"type":}\n`);
    const { events, error } = await drain(watch);
    expect(events).toEqual(["ADDED a"]);
    expect(error).toMatchObject({
      code: "KRM_DECODE",
      message: expect.stringMatching(/^GET \S+\/api\/v1\/pods: a watch frame/) as string,
    });
    await closed;
  });

  it("tells versions that cannot be compared", async () => {
    const watch = await pods.watch(from);
    answer.write(frame("ADDED", podBody("a", "x8")));
    expect((await drain(watch)).error).toMatchObject({ code: "KRM_INVALID_RESOURCE_VERSION" });
  });

  it("hands on the error inside a stream, and throws the one at its beginning", async () => {
    const watch = await pods.watch(from);
    answer.end(frame("ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old" }));
    expect(await drain(watch)).toEqual({ events: ["ERROR"] });
    const error = await failure(pods.watch({ ...from, resourceVersion: parseResourceVersion("1") }));
    expect(KrmError.is(error, "KRM_API_STATUS") && error.status?.code).toBe(410);
  });

  it("closes the connection when the loop is left", async () => {
    const watch = await pods.watch(from);
    const closed = once(answer, "close");
    answer.write(frame("ADDED", podBody("a", "8")));
    for await (const batch of watch) if (batch.length > 0) break;
    await closed;
    expect(answer.writableFinished).toBe(false);
  });

  it("closes the connection when aborted, and throws the reason", async () => {
    const controller = new AbortController();
    const watch = await pods.watch(from, { signal: controller.signal });
    const closed = once(answer, "close");
    const result = drain(watch);
    const reason = new Error("enough");
    controller.abort(reason);
    expect((await result).error).toBe(reason);
    await closed;
  });

  it("closes the connection when aborted before the first step", async () => {
    const controller = new AbortController();
    const watch = await pods.watch(from, { signal: controller.signal });
    const closed = once(answer, "close");
    const reason = new Error("enough");
    controller.abort(reason);
    await closed;
    expect((await drain(watch)).error).toBe(reason);
  });

  it("closes the connection when left before the first step", async () => {
    const watch = await pods.watch(from);
    const closed = once(answer, "close");
    await watch[Symbol.asyncIterator]().return?.();
    await closed;
    expect(answer.writableFinished).toBe(false);
  });

  it("gives nothing more once aborted", async () => {
    const controller = new AbortController();
    const watch = await pods.watch(from, { signal: controller.signal });
    const iterator = watch[Symbol.asyncIterator]();
    answer.write(frame("ADDED", podBody("a", "8")));
    await iterator.next();
    const closed = once(answer, "close");
    answer.write(frame("ADDED", podBody("b", "9")));
    controller.abort(new Error("enough"));
    await closed;
    expect(await failure(iterator.next())).toBe(controller.signal.reason);
  });

  it("says so when something compresses the stream", async () => {
    await using zipping = await TestServer.start((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).flushHeaders();
    });
    await using through = new KubernetesSource({ kubeConfig: zipping.config() });
    expect(await failure(through.listWatch({ resource: PODS }).watch(from))).toMatchObject({
      code: "KRM_DECODE",
      message: expect.stringContaining("in the encoding gzip, though in none was asked for") as string,
      hint: expect.stringContaining("switch off compression") as string,
    });
  });

  it("does not wait for the rest of an error when aborted", async () => {
    const begun = Promise.withResolvers<void>();
    await using stalling = await TestServer.start((_request, response) => {
      response.writeHead(503).write("down", () => begun.resolve());
    });
    await using through = new KubernetesSource({ kubeConfig: stalling.config() });
    const controller = new AbortController();
    const error = failure(through.listWatch({ resource: PODS }).watch(from, { signal: controller.signal }));
    await begun.promise;
    controller.abort(new Error("enough"));
    expect(await error).toBe(controller.signal.reason);
  });

  it("uses a connection of its own for each watch at a time, and again for the next", async () => {
    const first = await pods.watch(from);
    answer.end();
    await drain(first);
    await pods.watch(from);
    await pods.watch(from);
    expect([server.requests.length, server.sockets.length]).toEqual([3, 2]);
  });
});
