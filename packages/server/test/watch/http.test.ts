// Watches through the routes of the Kubernetes API and over a socket: HTTP/1.1, HTTP/2, and a client of others' making.
import { once } from "node:events";
import { get, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer } from "node:http2";
import { type AddressInfo, createConnection } from "node:net";
import { promisify } from "node:util";
import { DEFAULT_STALENESS, MemoryStore, PODS, type Scope } from "@krm/core";
import { ManualClock } from "@krm/testkit";
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type StatusError, unauthorized } from "@krm/apimachinery";
import { sendStatus } from "../../src/answer/send.ts";
import { Access } from "../../src/auth/access.ts";
import { answerKubernetes } from "../../src/kubernetes/answer.ts";
import { FieldCache } from "../../src/selection/field-cache.ts";
import { WatchPlaces } from "../../src/limits/watch-places.ts";
import { Catalog } from "../../src/view/catalog.ts";
import { CompressedObjects } from "../../src/body/compressed-objects.ts";
import { SnapshotShelf } from "../../src/view/snapshot-shelf.ts";
import { streamTo } from "../../src/watch/response-sink.ts";
import { watchHandler, type WatchHandlerContext } from "../../src/watch/watch-handler.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { fill, metaAt, START, writer } from "../support/fixtures.ts";
import { brief, commit, type Frame, pass, set, settle, thing } from "./support.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const NOBODY = { user: () => undefined };

interface Served {
  readonly url: string;
  readonly store: MemoryStore;
  readonly hub: WatchHub;
  readonly app: ReturnType<typeof Fastify>;
  readonly clock: ManualClock;
}

async function served(http2 = false, connectionTimeout = 0, watching?: WatchHandlerContext["access"]): Promise<Served> {
  const store = new MemoryStore();
  const clock = new ManualClock({ now: START });
  const hub = new WatchHub({ store, clock });
  const context = {
    store,
    clock,
    staleness: DEFAULT_STALENESS,
    fields: new FieldCache(),
    compressed: new CompressedObjects(),
    shelf: new SnapshotShelf(clock),
    access: new Access({}),
    limits: { maxListSize: 0 },
    places: new WatchPlaces({ maxWatchesPerUser: 0 }),
    follow: async (scopes: readonly [Scope, ...Scope[]], signal: AbortSignal) => {
      await hub.prepare(scopes, signal);
    },
    followUnions: () => {},
  };
  const watch = watchHandler({ hub, ...context, access: watching ?? context.access });
  const catalog = new Catalog(store, [], clock);
  const app = (http2 ? Fastify({ http2: true }) : Fastify({ connectionTimeout })) as ReturnType<typeof Fastify>;
  app.setErrorHandler(async (error: unknown, _request: FastifyRequest, reply: FastifyReply) =>
    sendStatus(reply, error as StatusError),
  );
  app.route({
    method: ["GET", "HEAD"],
    url: "/*",
    exposeHeadRoute: false,
    handler: async (request: FastifyRequest, reply: FastifyReply) =>
      answerKubernetes({ ...context, catalog, watch }, "", request, reply),
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  closers.push(
    async () => store[Symbol.asyncDispose](),
    async () => app.close(),
    async () => hub[Symbol.asyncDispose](),
  );
  await fill(store, { resource: PODS }, [thing("a", 5)], metaAt("10"));
  return { url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, store, hub, app, clock };
}

/** Takes frames off a stream as they come; undefined: it has ended. */
function frames(chunks: AsyncIterable<Buffer | string>): () => Promise<string | undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest = "";
  return async () => {
    while (!rest.includes("\n")) {
      const { done, value } = await iterator.next();
      if (done === true) return undefined;
      rest += value.toString();
    }
    const line = rest.slice(0, rest.indexOf("\n"));
    rest = rest.slice(line.length + 1);
    return brief(JSON.parse(line) as Frame);
  };
}

async function open(url: string): Promise<IncomingMessage> {
  const request = get(url);
  request.on("error", () => {});
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => {});
  return response;
}

describe("HTTP/1.1", () => {
  test("a stream in chunks, which ends in good order", async () => {
    const { url, store, hub } = await served();
    const response = await open(`${url}/api/v1/namespaces/team-a/pods?watch=1`);
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      "content-type": "application/json",
      "cache-control": "no-cache, private",
      "transfer-encoding": "chunked",
      "krm-state": "synced",
    });
    const next = frames(response);
    expect(await next()).toBe("ADDED a@5");
    await writer(store, { resource: PODS }).commit(commit(11, [set(thing("a", 11)), set(thing("b", 12))]));
    expect([await next(), await next()]).toEqual(["MODIFIED a@11", "ADDED b@12"]);
    await hub[Symbol.asyncDispose]();
    expect(await next()).toBeUndefined();
    expect(response.complete).toBe(true);
  });

  test("the headers come at once, also where nothing happens; who leaves is forgotten", async () => {
    const { url, hub } = await served();
    const response = await open(`${url}/api/v1/pods?watch=1&resourceVersion=10`);
    expect(response.statusCode).toBe(200);
    expect(hub.counts.open).toBe(1);
    response.destroy();
    while (hub.counts.open > 0) await settle();
    expect(hub.counts.ended.left).toBe(1);
  });

  test("a connection that may not stand still may be silent while it watches", async () => {
    const { url, store } = await served(false, 40);
    const response = await open(`${url}/api/v1/pods?watch=1&resourceVersion=10`);
    const next = frames(response);
    // One that says nothing shows that the time has passed.
    const { hostname, port } = new URL(url);
    await once(createConnection({ host: hostname, port: Number(port) }).resume(), "close");
    await writer(store, { resource: PODS }).commit(commit(11, [set(thing("a", 11))]));
    expect(await next()).toBe("MODIFIED a@11");
    response.destroy();
  });

  test.each([
    ["/api/v1/pods?watch=1&fieldSelector=spec.nope%3D1", 400],
    ["/api/v1/pods?watch=1&sendInitialEvents=true", 422],
    ["/api/v1/pods?watch=1&resourceVersion=abc", 500],
    ["/apis/apps/v1/deployments?watch=1", 404],
  ])("%s is an answer like others: %i", async (path, code) => {
    const { url, hub } = await served();
    const response = await fetch(url + path);
    expect(response.status).toBe(code);
    await response.text();
    expect(hub.counts.open).toBe(0);
  });

  test("HEAD has no stream", async () => {
    const { url, hub } = await served();
    const response = await fetch(`${url}/api/v1/pods?watch=1`, { method: "HEAD" });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(hub.counts.open).toBe(0);
  });

  test("namespaces that are followed one by one are watched as one, or one of them", async () => {
    const { url, store } = await served();
    const pips = { ...PODS, resource: "pips" };
    for (const namespace of ["x", "y"])
      await fill(store, { resource: pips, namespace }, [thing(namespace === "x" ? "x/one" : "y/two", 5)], metaAt("7"));
    const all = await open(`${url}/api/v1/pips?watch=1`);
    expect([all.statusCode, all.headers["krm-state"]]).toEqual([200, "synced"]);
    const next = frames(all);
    expect([await next(), await next()]).toEqual(["ADDED one@5", "ADDED two@5"]);
    const one = await open(`${url}/api/v1/namespaces/y/pips?watch=1&resourceVersion=7`);
    expect(one.statusCode).toBe(200);
    for (const response of [all, one]) response.destroy();
  });
});

test("a watch that ends while its reader takes nothing does not keep the connection", async () => {
  const { url, store, hub, app, clock } = await served();
  const big = thing("big", 11, { long: "x".repeat(32_000_000) });
  await writer(store, { resource: PODS }).commit(commit(11, [set(big)]));
  const { hostname, port } = new URL(url);
  const client = createConnection({ host: hostname, port: Number(port) });
  client.on("error", () => {}).pause();
  client.write("GET /api/v1/pods?watch=1&timeoutSeconds=1 HTTP/1.1\r\nhost: x\r\n\r\n");
  while (hub.counts.open === 0) await settle();
  await pass(clock, 1000);
  expect(hub.counts).toMatchObject({ open: 0, ended: { timeout: 1 } });
  const connections = async (): Promise<number> => promisify(app.server.getConnections.bind(app.server))();
  await pass(clock, 59_000);
  expect(await connections()).toBe(1);
  for (let minutes = 0; minutes < 3; minutes++) await pass(clock, 60_000);
  expect(await connections()).toBe(0);
  client.destroy();
});

test("HTTP/2: nor does it keep its stream", async () => {
  const { url, store, hub, clock } = await served(true);
  const big = thing("big", 11, { long: "x".repeat(8_000_000) });
  await writer(store, { resource: PODS }).commit(commit(11, [set(big)]));
  const session = connect(url);
  closers.push(async () => session.destroy());
  const stream = session.request({ ":path": "/api/v1/pods?watch=1&timeoutSeconds=1" }).on("error", () => {});
  await once(stream, "response");
  await settle();
  await pass(clock, 1000);
  expect(hub.counts).toMatchObject({ open: 0, ended: { timeout: 1 } });
  expect(stream.closed).toBe(false);
  for (let minutes = 0; minutes < 3; minutes++) await pass(clock, 60_000);
  let read = 0;
  stream.on("data", ({ length }: Buffer) => (read += length));
  await once(stream, "close");
  expect(read).toBeLessThan(8_000_000);
});

test("a client that leaves before its stream begins is not waited for", async () => {
  const { url, hub } = await served();
  const asked = Promise.withResolvers<AbortSignal | undefined>();
  const over = Promise.withResolvers<void>();
  vi.spyOn(hub, "open").mockImplementation(async (_query, _begin, signal) => {
    asked.resolve(signal);
    await over.promise;
    throw new Error("gone");
  });
  const request = get(`${url}/api/v1/pods?watch=1`).on("error", () => {});
  const signal = await asked.promise;
  expect(signal?.aborted).toBe(false);
  request.destroy();
  while (signal?.aborted === false) await settle();
  over.resolve();
});

test.each(["at once", "before"])("HTTP/2: a stream whose client has left %s is closed from the start", async (when) => {
  const server = createServer();
  const seen = Promise.withResolvers<boolean>();
  server.on("request", (_request, response) => {
    response.stream.on("error", () => {}).destroy();
    const begin = (): void => seen.resolve(streamTo(response as unknown as ServerResponse).closed.aborted);
    if (when === "at once") begin();
    else response.stream.once("close", () => setImmediate(begin));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  closers.push(
    async () => promisify(server.close.bind(server))(),
    async () => session.destroy(),
  );
  session.request().on("error", () => {});
  expect(await seen.promise).toBe(true);
});

test("who may not watch any more is told that, and no more", async () => {
  let allowed = true;
  const recheck = async (): Promise<void> => {
    if (!allowed) throw unauthorized();
  };
  const { app, clock, hub } = await served(false, 0, { ...NOBODY, isGuarded: true, recheck: () => recheck });
  const response = await app.inject({ url: "/api/v1/pods?watch=1&resourceVersion=10", payloadAsStream: true });
  const next = frames(response.stream());
  await pass(clock, 25_000);
  expect(hub.counts.open).toBe(1);
  allowed = false;
  await pass(clock, 5000);
  expect(await next()).toBe("ERROR 401 Unauthorized");
  expect(await next()).toBeUndefined();
  expect(hub.counts).toMatchObject({ open: 0, ended: { revoked: 1 } });
  await settle();
  expect(clock.pending).toBe(1);
});

test("without a socket: what is injected into the application", async () => {
  const { app, store } = await served();
  const response = await app.inject({ url: "/api/v1/pods?watch=1", payloadAsStream: true });
  expect(response.statusCode).toBe(200);
  const next = frames(response.stream());
  expect(await next()).toBe("ADDED a@5");
  await writer(store, { resource: PODS }).commit(commit(11, [set(thing("a", 11))]));
  expect(await next()).toBe("MODIFIED a@11");
});

test("HTTP/2", async () => {
  const { url, store, hub } = await served(true);
  const session = connect(url);
  closers.push(async () => session.destroy());
  const stream = session.request({ ":path": "/api/v1/pods?watch=1&resourceVersion=10" });
  const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
  expect(headers).toMatchObject({ ":status": 200, "content-type": "application/json", "krm-state": "synced" });
  const next = frames(stream as AsyncIterable<Buffer>);
  await writer(store, { resource: PODS }).commit(commit(11, [set(thing("a", 11))]));
  expect(await next()).toBe("MODIFIED a@11");
  stream.close();
  while (hub.counts.open > 0) await settle();
  expect(hub.counts.ended.left).toBe(1);
});
