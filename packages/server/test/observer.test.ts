import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import Fastify from "fastify";
import { describe, expect, it } from "vitest";
import { MemoryStore, PODS } from "@krm/core";
import { type AnsweredRequest, createServer, krmPlugin } from "@krm/server";
import { ManualClock } from "@krm/testkit";
import { testApp } from "./support/app.ts";
import { fill, object, pod } from "./support/fixtures.ts";
import { Observed } from "./support/observed.ts";

const METRICS = { contentType: "text/plain; version=0.0.4", metrics: async () => "krm_x 1\n" };
const LOOPBACK = { host: "127.0.0.1", port: 0 };

/** Pods that make more bytes than a socket takes at once. */
function manyPods(): ReturnType<typeof object>[] {
  const filler = "x".repeat(10_000);
  return Array.from({ length: 2000 }, (_, index) => object({ name: `p${index}`, namespace: "n" }, { filler }));
}

function told({ route, method, status, complete }: AnsweredRequest): readonly unknown[] {
  return [route, method, status, complete];
}

describe("who observes the requests", () => {
  it.each([
    ["/", "/", 200],
    ["/pods?namespace=team-a", "/:resource", 200],
    ["/po", "/:resource", 200],
    ["/nothing", "/:resource", 404],
    ["/pods?nonsense=1", "/:resource", 400],
    ["/status", "/status", 200],
    ["/livez", "/livez", 200],
    ["/readyz", "/readyz", 200],
    ["/metrics", "/metrics", 200],
    ["/openapi.json", "/openapi.json", 200],
    ["/version", "/version", 200],
    ["/api", "/api", 200],
    ["/api/v1", "/api", 200],
    ["/api/v1/namespaces/team-a/pods/a", "/api", 200],
    ["/apis", "/apis", 200],
    ["/apis/nothing/v1/things", "/apis", 404],
    ["/secret/path", "other", 404],
  ])("hears of %s as %s", async (url, route, status) => {
    const observer = new Observed();
    await using test = testApp({ observer, metrics: METRICS, prefix: "/krm" });
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    const { rawPayload } = await test.get(`/krm${url}`);
    const answered = await observer.next();
    expect(told(answered)).toEqual([route, "GET", status, true]);
    expect(answered.bytes).toBe(rawPayload.length);
    expect(observer.open).toBe(0);
  });

  it("hears nothing of the other routes of an application", async () => {
    const observer = new Observed();
    await using store = new MemoryStore();
    const app = Fastify();
    app.get("/mine", async () => "mine");
    await app.register(krmPlugin, { store, observer });
    await app.inject("/mine");
    await app.inject("/livez");
    expect(told(await observer.next())).toEqual(["/livez", "GET", 200, true]);
    await app.close();
  });

  it("hears of what is refused, whoever refuses it", async () => {
    const observer = new Observed();
    await using test = testApp({ observer, auth: { authenticate: async () => undefined } });
    await test.get("/pods");
    expect(told(await observer.next())).toEqual(["/:resource", "GET", 401, true]);
    await test.app.inject({ method: "DELETE", url: "/status", headers: { authorization: "Bearer x" } });
    expect(told(await observer.next())).toEqual(["/status", "DELETE", 401, true]);
    await using store = new MemoryStore();
    await using server = await createServer({ store, listen: LOOPBACK, observer });
    await server.app.inject({ method: "POST", url: "/pods" });
    expect(told(await observer.next())).toEqual(["/:resource", "POST", 405, true]);
    await server.app.inject({ url: "/pods", headers: { host: "evil.example" } });
    expect(told(await observer.next())).toEqual(["/:resource", "GET", 403, true]);
    await server.app.inject("/%zz");
    expect(told(await observer.next())).toEqual(["other", "GET", 400, true]);
    await server.app.inject(`/${"x".repeat(600)}`);
    expect(told(await observer.next())).toEqual(["other", "GET", 414, true]);
    expect(observer.open).toBe(0);
  });

  it("hears of no bytes where no body was sent", async () => {
    const observer = new Observed();
    await using test = testApp({ observer });
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    const { headers } = await test.get("/pods");
    expect((await observer.next()).bytes).toBe(Number(headers["content-length"]));
    await test.get("/pods", { "if-none-match": String(headers.etag) });
    const same = await observer.next();
    expect([same.status, same.bytes]).toEqual([304, 0]);
    await test.app.inject({ method: "HEAD", url: "/pods" });
    const head = await observer.next();
    expect([head.method, head.status, head.bytes]).toEqual(["HEAD", 200, 0]);
  });

  it("hears how long it took, until the last byte", async () => {
    const observer = new Observed();
    const clock = new ManualClock();
    const metrics = {
      ...METRICS,
      metrics: async () => {
        await clock.advance(1250);
        return "krm_x 1\n";
      },
    };
    await using test = testApp({ observer, clock, metrics });
    await test.get("/metrics");
    expect((await observer.next()).seconds).toBe(1.25);
  });

  it("hears of requests over HTTP/2 too", async () => {
    const observer = new Observed();
    await using store = new MemoryStore();
    await fill(store, { resource: PODS }, [pod({ name: "a" })]);
    const app = Fastify({ http2: true });
    await app.register(krmPlugin as never, { store, observer });
    const session = connectHttp2(await app.listen(LOOPBACK));
    const stream = session.request({ ":path": "/pods" });
    let length = 0;
    for await (const chunk of stream) length += (chunk as Uint8Array).length;
    session.close();
    const answered = await observer.next();
    expect([...told(answered), answered.bytes]).toEqual(["/:resource", "GET", 200, true, length]);
    await app.close();
  });

  it("hears of long lists, and of readers who leave in the middle of one", async () => {
    const observer = new Observed();
    await using store = new MemoryStore();
    await fill(store, { resource: PODS }, manyPods());
    await using server = await createServer({ store, listen: LOOPBACK, observer });
    const { url, port } = await server.listen();
    const body = await (await fetch(`${url}/pods`)).arrayBuffer();
    const whole = await observer.next();
    expect([...told(whole), whole.bytes]).toEqual(["/:resource", "GET", 200, true, body.byteLength]);

    const asked = get(`${url}/pods`);
    const [response] = (await once(asked, "response")) as [NodeJS.ReadableStream];
    await once(response, "readable");
    expect(observer.open).toBe(1);
    asked.destroy();
    const left = await observer.next();
    expect(told(left)).toEqual(["/:resource", "GET", 200, false]);
    expect(left.bytes).toBeGreaterThan(0);
    expect(left.bytes).toBeLessThan(body.byteLength);
    expect(observer.open).toBe(0);

    const packed = get(`${url}/api/v1/pods`, { headers: { "accept-encoding": "gzip" } });
    let length = 0;
    for await (const chunk of ((await once(packed, "response")) as [IncomingMessage])[0])
      length += (chunk as Uint8Array).length;
    const compressed = await observer.next();
    expect(told(compressed)).toEqual(["/api", "GET", 200, true]);
    expect(compressed.bytes).toBeGreaterThanOrEqual(length);
    expect(compressed.bytes).toBeLessThan(body.byteLength);

    // The second is answered when the first is, which never happens.
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /pods HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2));
    await once(socket, "readable");
    socket.destroy();
    expect([(await observer.next()).complete, (await observer.next()).complete]).toEqual([false, false]);
    expect(observer.open).toBe(0);
  });
});
