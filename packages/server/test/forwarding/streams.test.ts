import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import Fastify, { type FastifyInstance } from "fastify";
import { describe, expect, it } from "vitest";
import { type CallOptions, MemoryStore, PODS } from "@krm/core";
import {
  createServer,
  type Identity,
  type KrmServer,
  krmPlugin,
  type ServerOptions,
  type UpstreamRequest,
} from "@krm/server";
import { ManualClock } from "@krm/testkit";
import { fill, START } from "../support/fixtures.ts";
import { bytes, never, RecordingUpstream } from "./recording-upstream.ts";

const WATCH = "/api/v1/configmaps?watch=1";
const LIST = "/api/v1/configmaps";
const HEAD = { "content-type": "application/json" };

/** A body that the test writes. */
class Pipe {
  readonly #parts: (string | Error | undefined)[] = [];
  #told = Promise.withResolvers<void>();
  /** Resolves when the reader has given it up. */
  readonly given = Promise.withResolvers<void>();

  /** Undefined ends it, an error breaks it off. */
  write(part: string | Error | undefined): void {
    this.#parts.push(part);
    this.#told.resolve();
    this.#told = Promise.withResolvers();
  }

  async *body({ signal }: UpstreamRequest): AsyncGenerator<Uint8Array, void> {
    signal.addEventListener("abort", () => {
      this.given.resolve();
      this.write(new Error("aborted"));
    });
    for (;;) {
      while (this.#parts.length === 0) await this.#told.promise;
      const part = this.#parts.shift();
      if (part === undefined) return;
      if (part instanceof Error) throw part;
      yield Buffer.from(part);
    }
  }
}

interface Scene extends AsyncDisposable {
  readonly upstream: RecordingUpstream;
  readonly pipe: Pipe;
  readonly clock: ManualClock;
  readonly server: KrmServer;
  readonly url: string;
  readonly port: number;
}

async function scene(options: Pick<ServerOptions, "stallMs"> = {}): Promise<Scene> {
  const [upstream, pipe, clock, store] = [
    new RecordingUpstream(),
    new Pipe(),
    new ManualClock({ now: START }),
    new MemoryStore(),
  ];
  upstream.answer = (request) => ({ headers: HEAD, body: pipe.body(request) });
  await fill(store, { resource: PODS }, []);
  const server = await createServer({ store, clock, upstream, listen: { host: "127.0.0.1", port: 0 }, ...options });
  const { port, url } = await server.listen();
  return {
    upstream,
    pipe,
    clock,
    server,
    url,
    port,
    async [Symbol.asyncDispose]() {
      const closed = server.close();
      // What lists of tests are still open.
      await clock.advance(1000);
      await closed;
      await store[Symbol.asyncDispose]();
    },
  };
}

async function begin(url: string): Promise<IncomingMessage> {
  const [response] = (await once(get(url), "response")) as [IncomingMessage];
  return response;
}

async function rest(response: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return text;
}

describe("an answer that is passed on", () => {
  it("comes as it is written, and ends when it ends", async () => {
    await using test = await scene();
    // The head alone, before there is anything to tell.
    const response = await begin(`${test.url}${WATCH}`);
    expect([response.statusCode, response.headers["krm-forwarded"]]).toEqual([200, "true"]);
    for (const line of ["one\n", "two\n"]) {
      test.pipe.write(line);
      expect(String(((await once(response, "data")) as [Buffer])[0])).toBe(line);
    }
    test.pipe.write(undefined);
    await once(response, "end");
    expect(response.complete).toBe(true);
  });

  it("ends at the API server when its reader leaves", async () => {
    await using test = await scene();
    const response = await begin(`${test.url}${WATCH}`);
    expect(test.upstream.requests[0]?.signal.aborted).toBe(false);
    response.destroy();
    await test.pipe.given.promise;
    expect(test.upstream.requests[0]?.signal.aborted).toBe(true);
  });

  it("is not begun for a reader who leaves before", async () => {
    await using test = await scene();
    const asked = Promise.withResolvers<UpstreamRequest>();
    test.upstream.answer = async (request) => {
      asked.resolve(request);
      await once(request.signal, "abort");
      throw new Error("nobody waits");
    };
    const sent = get(`${test.url}${LIST}`).on("error", () => {});
    const { signal } = await asked.promise;
    const aborted = once(signal, "abort");
    sent.destroy();
    await aborted;
  });

  it.each([1, 2])(
    "is not asked for where its reader left while KRM found out who they are, over HTTP/%i",
    async (version) => {
      await using store = new MemoryStore();
      await fill(store, { resource: PODS }, []);
      const upstream = new RecordingUpstream();
      const [came, known] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const authenticate = async (_token: string, { signal }: CallOptions = {}): Promise<Identity> => {
        came.resolve();
        await once(signal as AbortSignal, "abort");
        known.resolve();
        return { user: "ada" };
      };
      const app = version === 1 ? Fastify() : (Fastify({ http2: true }) as unknown as FastifyInstance);
      await app.register(krmPlugin, { store, upstream, auth: { authenticate } });
      const url = await app.listen({ host: "127.0.0.1", port: 0 });
      const headers = { authorization: "Bearer x" };
      const session = version === 1 ? undefined : connectHttp2(url);
      const sent = session?.request({ ":path": LIST, ...headers }) ?? get(`${url}${LIST}`, { headers });
      sent.on("error", () => {});
      await came.promise;
      sent.destroy();
      await known.promise;
      for (let turn = 0; turn < 10; turn++) await nextTurn();
      expect(upstream.requests).toEqual([]);
      session?.destroy();
      await app.close();
    },
  );

  it.each([
    ["a list", LIST],
    ["a watch", WATCH],
  ])("%s that breaks off there breaks off here", async (_, path) => {
    await using test = await scene();
    test.pipe.write("half");
    const response = await begin(`${test.url}${path}`);
    const broken = rest(response);
    test.pipe.write(new Error("reset"));
    await expect(broken).rejects.toThrow(/aborted/);
    expect(response.complete).toBe(false);
  });

  it.each([
    ["longer", "abcdef", "abc"],
    ["shorter", "ab", undefined],
  ])("that is %s than it said breaks off, and no byte of it is taken for another answer", async (_, body, whole) => {
    const upstream = new RecordingUpstream();
    upstream.answer = () => ({
      headers: { "content-length": "3" },
      body: bytes(...(whole === undefined ? [body] : [whole, body.slice(3)])),
    });
    await using store = new MemoryStore();
    await fill(store, { resource: PODS }, []);
    await using server = await createServer({ store, upstream, listen: { host: "127.0.0.1", port: 0 } });
    const { port } = await server.listen();
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /api/v1/configmaps HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    await new Promise((resolve) => socket.once("close", resolve).once("error", () => {}));
    // What was on its way may be lost with the connection.
    expect(whole ?? body).toContain(text.split("\r\n\r\n").slice(1).join() || (whole ?? body));
  });

  it("breaks off for a reader over HTTP/1.0 too, to whom a closed connection is a good end", async () => {
    await using test = await scene();
    const socket = connect(test.port, "127.0.0.1");
    socket.write(`GET ${WATCH} HTTP/1.0\r\nHost: localhost\r\n\r\n`);
    test.pipe.write("half");
    for (let text = ""; !text.endsWith("half");) text += String(((await once(socket, "data")) as [Buffer])[0]);
    const ended = once(socket, "end");
    test.pipe.write(new Error("reset"));
    await expect(ended).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it("breaks off over HTTP/2 too, and else comes whole", async () => {
    await using store = new MemoryStore();
    await fill(store, { resource: PODS }, []);
    const upstream = new RecordingUpstream();
    const app = Fastify({ http2: true });
    await app.register(krmPlugin as never, { store, upstream });
    const session = connectHttp2(await app.listen({ host: "127.0.0.1", port: 0 }));
    const whole = session.request({ ":path": LIST, authorization: "Bearer x" });
    expect(await rest(whole)).toBe(LIST);
    expect(upstream.requests[0]?.token).toBe("x");
    const pipe = new Pipe();
    upstream.answer = (request) => ({ headers: HEAD, body: pipe.body(request) });
    const half = session.request({ ":path": WATCH });
    pipe.write("half");
    await once(half, "data");
    const failed = once(half, "end");
    pipe.write(new Error("reset"));
    await expect(failed).rejects.toMatchObject({ code: "ERR_HTTP2_STREAM_ERROR" });
    // A reader who leaves.
    const quiet = new Pipe();
    upstream.answer = (request) => ({ headers: HEAD, body: quiet.body(request) });
    const left = session.request({ ":path": WATCH });
    await once(left, "response");
    left.close(constants.NGHTTP2_CANCEL);
    await quiet.given.promise;
    session.close();
    await app.close();
  });

  it("is taken no faster than its reader takes it", async () => {
    await using test = await scene();
    const part = Buffer.alloc(256 * 1024, "x");
    const parts = 400;
    let taken = 0;
    test.upstream.answer = () => ({
      body: (async function* () {
        for (; taken < parts; taken++) yield part;
      })(),
    });
    const response = await begin(`${test.url}${LIST}`);
    for (let before = -1; before !== taken;) {
      before = taken;
      for (let turn = 0; turn < 200; turn++) await nextTurn();
    }
    expect(taken).toBeLessThan(parts / 2);
    let length = 0;
    for await (const chunk of response) length += (chunk as Buffer).length;
    expect([taken, length]).toEqual([parts, parts * part.length]);
  });

  it.each([
    ["two minutes", {}, 120_000],
    ["as long as the server was told", { stallMs: 7000 }, 7000],
  ])("is cut for a reader who takes nothing for %s", async (_, options, stallMs) => {
    await using test = await scene(options);
    test.upstream.answer = (request) => ({
      body: (async function* () {
        for (let part = 0; part < 400; part++) yield Buffer.alloc(256 * 1024);
        await never(request);
      })(),
    });
    const response = await begin(`${test.url}${WATCH}`);
    const { signal } = test.upstream.requests[0] as UpstreamRequest;
    const aborted = once(signal, "abort");
    await test.clock.untilSleeping();
    expect(test.clock.nextDueIn).toBe(stallMs);
    while (!signal.aborted) {
      await test.clock.advance(stallMs);
      await nextTurn();
    }
    await aborted;
    await expect(rest(response)).rejects.toThrow(/aborted/);
  });

  it("may be silent for longer than other answers, where it has no end", async () => {
    await using test = await scene();
    const sockets: Socket[] = [];
    test.server.app.server.on("connection", (socket: Socket) => sockets.push(socket));
    test.pipe.write("x");
    const list = await begin(`${test.url}${LIST}`);
    const watch = await begin(`${test.url}${WATCH}`);
    expect(sockets.map(({ timeout }) => timeout)).toEqual([120_000, 0]);
    list.destroy();
    watch.destroy();
  });

  it("without an end is broken off when the server closes", async () => {
    await using test = await scene();
    const broken = rest(await begin(`${test.url}${WATCH}`));
    const closed = test.server.close();
    await expect(broken).rejects.toThrow(/aborted/);
    await closed;
  });
});
