// What metrics are told of watches: as requests, and by scope.
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect, type Http2Server } from "node:http2";
import { createConnection } from "node:net";
import { DEPLOYMENTS, MemoryStore, PODS } from "@krm/core";
import { createServer, type KrmServer, krmPlugin } from "@krm/server";
import { ManualClock } from "@krm/testkit";
import Fastify from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { fill, metaAt, START, writer } from "../support/fixtures.ts";
import { Observed } from "../support/observed.ts";
import { commit, pass, set, settle, thing, watch } from "./support.ts";

const WATCH = "/api/v1/pods?watch=1";

let store: MemoryStore;
let clock: ManualClock;
let observer: Observed;
let server: KrmServer;
let url: string;

beforeEach(async () => {
  store = new MemoryStore();
  clock = new ManualClock({ now: START });
  observer = new Observed();
  await fill(store, { resource: PODS }, [thing("a", 5)], metaAt("10"));
  server = await createServer({ store, clock, observer, listen: { host: "127.0.0.1", port: 0 } });
  ({ url } = await server.listen());
});
afterEach(async () => {
  await server.close();
  await store[Symbol.asyncDispose]();
});

async function open(path: string): Promise<IncomingMessage> {
  const sent = get(`${url}${path}`, { agent: false }).on("error", () => {});
  return ((await once(sent, "response")) as [IncomingMessage])[0];
}

test("a watch is told as one when it has ended, with its life and all bytes that were sent", async () => {
  const response = await open(`${WATCH}&timeoutSeconds=60`);
  await pass(clock, 1000);
  await writer(store, { resource: PODS }).commit(commit(11, [set(thing("a", 11)), set(thing("b", 12))]));
  expect(observer.open).toBe(1);
  await pass(clock, 59_000);
  let length = 0;
  for await (const chunk of response) length += (chunk as Buffer).length;
  const answered = await observer.next();
  expect(answered).toEqual({
    route: "/api",
    method: "GET",
    status: 200,
    complete: true,
    watch: true,
    forwarded: false,
    seconds: 60,
    bytes: length,
  });
  expect(length).toBeGreaterThan(300);
});

test("one whose reader has left is not complete; one that was refused is no watch", async () => {
  const response = await open(WATCH);
  await once(response, "readable");
  const { length } = response.read() as Buffer;
  response.destroy();
  expect(await observer.next()).toMatchObject({ complete: false, watch: true, bytes: length });
  await open(`${WATCH}&fieldSelector=spec.nope%3D1`);
  expect(await observer.next()).toMatchObject({ status: 400, watch: false });
  await open("/api/v1/pods");
  expect(await observer.next()).toMatchObject({ status: 200, watch: false });
});

test("of one that is cut off, what waited does not count", async () => {
  const big = thing("big", 11, { long: "x".repeat(32_000_000) });
  await writer(store, { resource: PODS }).commit(commit(11, [set(big)]));
  const { hostname, port } = new URL(url);
  const client = createConnection({ host: hostname, port: Number(port) }).on("error", () => {});
  client.write(`GET ${WATCH} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  await once(client, "readable");
  for (let minutes = 0; minutes < 3; minutes++) await pass(clock, 60_000);
  const { watch, bytes, complete } = await observer.next();
  expect([watch, complete]).toEqual([true, false]);
  expect(bytes).toBeLessThan(16_000_000);
  expect(observer.read()).toMatchObject([{ open: 0, ended: { slow: 1 } }]);
  client.destroy();
});

test("HTTP/2: the same", async () => {
  const app = Fastify({ http2: true });
  await app.register(krmPlugin as never, { store, clock, observer });
  const session = connect(await app.listen({ port: 0, host: "127.0.0.1" }));
  const stream = session.request({ ":path": `${WATCH}&timeoutSeconds=60` });
  let length = 0;
  stream.on("data", (chunk: Buffer) => (length += chunk.length));
  const ended = once(stream, "end");
  await once(stream, "response");
  await pass(clock, 60_000);
  await ended;
  expect(await observer.next()).toMatchObject({ watch: true, seconds: 60, bytes: length });
  session.close();
  await (app as { close(): Promise<unknown>; server: Http2Server }).close();
});

test("watches are told by scope, with every way in which they end, from the first list on", async () => {
  expect(observer.read()).toEqual([]);
  await fill(store, { resource: DEPLOYMENTS }, [], metaAt("10"));
  await (await fetch(`${url}/apis/apps/v1/deployments`)).text();
  const none = { timeout: 0, left: 0, slow: 0, expired: 0, "too-new": 0, revoked: 0, stopped: 0, failed: 0 };
  expect(observer.read()).toEqual([{ scope: { resource: DEPLOYMENTS }, open: 0, ended: none, framed: 0 }]);
  const [first, second] = [await open(WATCH), await open(WATCH)];
  await writer(store, { resource: PODS }).commit(commit(11, [set(thing("b", 11))]));
  await settle();
  const pods = { scope: { resource: PODS }, open: 2, ended: none, framed: 1 };
  expect(observer.read()[1]).toEqual(pods);
  first.destroy();
  await observer.next();
  await observer.next();
  expect(observer.read()[1]).toEqual({ ...pods, open: 1, ended: { ...none, left: 1 } });
  second.destroy();
});

test("what was counted of a scope stays when it is not followed any more", async () => {
  await using hub = new WatchHub({ store, clock });
  const { sink } = await watch(hub, "resourceVersion=10");
  await writer(store, { resource: PODS }).commit(commit(11, [set(thing("b", 11))]));
  await settle();
  sink.leave();
  await pass(clock, 400_000);
  const { open: still, ended, framed } = hub.byScope[0] ?? hub.counts;
  expect([still, ended.left, framed]).toEqual([0, 1, 1]);
  expect(hub.counts).toEqual({ open: still, ended, framed });
});
