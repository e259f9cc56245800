import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type IncomingMessage } from "node:http";
import { request } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KrmError, MemoryStore, PODS } from "@krm/core";
import {
  type AccessReviews,
  createServer,
  isLoopback,
  type KrmServer,
  type ServerOptions,
  type Upstream,
} from "@krm/server";
import { createTlsMaterial, ManualClock } from "@krm/testkit";
import { failure } from "./support/app.ts";
import { fill, metaAt, object, pod, START } from "./support/fixtures.ts";
import { temporaryFolder } from "./support/folder.ts";
import { LogQueue } from "./support/log-queue.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const ALL = { resource: PODS };

async function refusal(work: Promise<unknown>): Promise<KrmError> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (!KrmError.is(error)) throw new Error(`expected a KrmError, got ${String(error)}`);
  return error;
}

async function serverOn(store: MemoryStore, options: Partial<ServerOptions> = {}): Promise<KrmServer> {
  return createServer({ store, listen: LOOPBACK, ...options });
}

describe("the listen address", () => {
  it.each([
    ["127.0.0.1", true],
    ["127.9.9.9", true],
    ["localhost", true],
    ["::1", true],
    ["[::1]", true],
    ["::ffff:127.0.0.1", true],
    ["0.0.0.0", false],
    ["::", false],
    ["", false],
    ["10.0.0.1", false],
    ["127.0.0.1.example.com", false],
    ["my-machine", false],
  ])("%j is loopback: %s", (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });

  it.each(["0.0.0.0", "::", "", "10.0.0.1", "krm.example.com"])("%j is refused without auth", async (host) => {
    await using store = new MemoryStore();
    const error = await refusal(serverOn(store, { listen: { host, port: 8003 } }));
    expect(error.code).toBe("KRM_UNSAFE_LISTEN");
    expect(error.message).toContain(host === "" ? "every address" : host);
    expect(error.hint).toContain("--auth");
  });

  it("may be any with auth, or with none in so many words", async () => {
    await using store = new MemoryStore();
    const listen = { host: "0.0.0.0", port: 8003 };
    await using open = await serverOn(store, { listen, auth: { type: "none" } });
    await using closed = await serverOn(store, {
      listen,
      auth: { type: "custom", authenticator: { authenticate: async () => undefined } },
    });
    expect((await open.app.inject("/livez")).statusCode).toBe(200);
    expect((await closed.app.inject("/pods")).statusCode).toBe(401);
  });

  it("in use is told with the address and what to do", async () => {
    await using store = new MemoryStore();
    await using first = await serverOn(store);
    const { port } = await first.listen();
    await using second = await serverOn(store, { listen: { host: "127.0.0.1", port } });
    const error = await refusal(second.listen());
    expect(error.code).toBe("KRM_LISTEN");
    expect(error.message).toBe(`cannot listen on 127.0.0.1:${port}: the port is in use`);
    expect(error.hint).toContain("another port");
  });

  it("of another machine is told too", async () => {
    await using store = new MemoryStore();
    await using server = await serverOn(store, { listen: { host: "192.0.2.1", port: 0 }, auth: { type: "none" } });
    expect((await refusal(server.listen())).message).toBe(
      "cannot listen on 192.0.2.1:0: this machine has no such address",
    );
  });
});

describe("a server", () => {
  it("refuses options that do not exist, and files that cannot be used", async () => {
    await using store = new MemoryStore();
    await using folder = await temporaryFolder();
    const file = join(folder.path, "file");
    await writeFile(file, "neither\n");
    expect((await refusal(createServer({ store, listen: LOOPBACK, prot: 1 } as ServerOptions))).message).toContain(
      '"prot"',
    );
    const tls = await refusal(serverOn(store, { tls: { certFile: file, keyFile: file } }));
    expect(tls.message).toContain("are not a certificate and its key");
    const auth = await refusal(serverOn(store, { auth: { type: "static", file: join(folder.path, "none") } }));
    expect(auth.message).toContain("cannot read");
  });

  it("without auth answers to this machine's own names only", async () => {
    await using store = new MemoryStore();
    await fill(store, ALL, []);
    await using server = await serverOn(store, { clock: new ManualClock({ now: START }) });
    for (const host of ["localhost:8003", "127.0.0.1", "[::1]:8003"]) {
      expect((await server.app.inject({ url: "/pods", headers: { host } })).statusCode).toBe(200);
    }
    for (const host of ["evil.example:8003", "127.0.0.1.evil.example", "[::1"]) {
      const answer = await server.app.inject({ url: "/pods", headers: { host } });
      expect(answer.statusCode, host).toBe(403);
      expect(failure(answer).message).toContain("is not this machine");
    }
    await using named = await serverOn(store, { auth: { type: "none" } });
    expect((await named.app.inject({ url: "/pods", headers: { host: "krm.example" } })).statusCode).toBe(200);
  });

  it("answers everything else with a Kubernetes Status too", async () => {
    await using store = new MemoryStore();
    await fill(store, ALL, []);
    await using server = await serverOn(store);
    expect(failure(await server.app.inject("/a/b/c")).code).toBe(404);
    expect(failure(await server.app.inject({ method: "POST", url: "/a/b/c", payload: "x" })).code).toBe(405);
    expect(failure(await server.app.inject("/%zz")).code).toBe(400);
    expect(failure(await server.app.inject(`/${"a".repeat(600)}`)).code).toBeLessThan(500);
  });

  it("sends a list of many pieces whole, to a reader that takes its time", async () => {
    await using store = new MemoryStore();
    const filler = "x".repeat(100_000);
    const pods = Array.from({ length: 200 }, (_, index) =>
      object({ name: `p${1000 + index}`, namespace: "n" }, { filler }),
    );
    await fill(store, ALL, pods);
    await using server = await serverOn(store);
    const { url } = await server.listen();
    const response = await fetch(`${url}/pods`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body ?? []) chunks.push(chunk as Uint8Array);
    const text = Buffer.concat(chunks);
    expect(response.headers.get("content-length")).toBe(String(text.length));
    const { items } = JSON.parse(text.toString()) as { readonly items: readonly { readonly filler: string }[] };
    expect(items).toHaveLength(200);
    expect(items.every((item) => item.filler === filler)).toBe(true);
  });

  it("stops waiting for a view when the reader leaves, and calls it no fault", async () => {
    await using store = new MemoryStore();
    const clock = new ManualClock({ now: START });
    await fill(store, ALL, []);
    const left = Promise.withResolvers<void>();
    const faults: string[] = [];
    const ignore = (): void => {};
    const logger = {
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: (_fields: object, message: string) => faults.push(message),
    };
    await using server = await serverOn(store, { clock, logger });
    server.app.addHook("onRequestAbort", async (_request) => left.resolve());
    const { port } = await server.listen();
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /pods?resourceVersion=101 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await clock.untilSleeping();
    socket.destroy();
    await left.promise;
    await clock.advance(0);
    expect(clock.pending).toBe(0);
    expect(faults).toEqual([]);
  });

  it("cuts off a reader that takes nothing", async () => {
    await using store = new MemoryStore();
    const filler = "x".repeat(1_000_000);
    await fill(
      store,
      ALL,
      Array.from({ length: 30 }, (_, index) => object({ name: `p${index}`, namespace: "n" }, { filler })),
    );
    await using server = await serverOn(store, { stallMs: 100 });
    const gone = Promise.withResolvers<void>();
    server.app.addHook("onRequest", async (request) => {
      request.raw.socket.once("close", () => gone.resolve());
    });
    const { port } = await server.listen();
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    socket.pause();
    socket.write("GET /pods HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await gone.promise;
    socket.destroy();
  });

  it("survives a reader that leaves in the middle", async () => {
    await using store = new MemoryStore();
    const filler = "x".repeat(1_000_000);
    await fill(
      store,
      ALL,
      Array.from({ length: 30 }, (_, index) => object({ name: `p${index}`, namespace: "n" }, { filler })),
    );
    await using server = await serverOn(store);
    const { port, url } = await server.listen();
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /pods HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "data");
    socket.destroy();
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });
});

describe("closing", () => {
  it("lets an answer under way end, and takes no new requests", async () => {
    await using store = new MemoryStore();
    const clock = new ManualClock({ now: START });
    await fill(store, ALL, []);
    const server = await serverOn(store, { clock });
    const { url } = await server.listen();
    const waiting = fetch(`${url}/pods?resourceVersion=101`);
    await clock.untilSleeping();
    const closed = server.close();
    await clock.untilSleeping(2);
    await expect(fetch(`${url}/pods`)).rejects.toThrow("fetch failed");
    await fill(store, ALL, [pod({ name: "late" })], metaAt("101"));
    expect((await waiting).status).toBe(200);
    await closed;
    expect(server.close()).toBeInstanceOf(Promise);
    expect(clock.pending).toBe(0);
  });

  it("ends what goes on past the grace", async () => {
    await using store = new MemoryStore();
    const clock = new ManualClock({ now: START });
    await fill(store, ALL, []);
    const server = await serverOn(store, { clock, graceMs: 50 });
    const { url } = await server.listen();
    const waiting = fetch(`${url}/pods?resourceVersion=101`).catch((error: Error) => error.message);
    await clock.untilSleeping();
    const closed = server.close();
    await clock.untilSleeping(2);
    await clock.advance(50);
    await closed;
    expect(await waiting).toBe("fetch failed");
    expect(clock.pending).toBe(0);
  });
});

describe("TLS with tokens, over a socket", () => {
  it("answers to who trusts it and is trusted, and takes over a new certificate and new tokens", async () => {
    await using folder = await temporaryFolder();
    const files = { certFile: join(folder.path, "tls.crt"), keyFile: join(folder.path, "tls.key") };
    const tokens = join(folder.path, "tokens");
    const first = await createTlsMaterial();
    const second = await createTlsMaterial();
    await writeFile(files.certFile, first.cert);
    await writeFile(files.keyFile, first.key);
    await writeFile(tokens, "a-token-of-ada,ada\n");
    await using store = new MemoryStore();
    const clock = new ManualClock({ now: START });
    const log = new LogQueue();
    await fill(store, ALL, [pod({ name: "a" })]);
    await using server = await serverOn(store, {
      clock,
      logger: log,
      tls: files,
      auth: { type: "static", file: tokens },
    });
    const { url, port } = await server.listen();
    expect(url).toBe(`https://127.0.0.1:${port}`);
    expect(await log.next()).toBe("listening");

    expect((await get(url, first.ca, "a-token-of-ada")).status).toBe(200);
    expect((await get(url, first.ca, "a-token-of-bob")).status).toBe(401);
    expect((await get(url, first.ca, undefined)).status).toBe(401);
    await expect(get(url, second.ca, "a-token-of-ada")).rejects.toThrow("certificate");

    await writeFile(files.certFile, second.cert);
    await writeFile(files.keyFile, second.key);
    await writeFile(tokens, "a-token-of-bob,bob\n");
    await clock.advance(5000);
    const changes = new Set<string>();
    while (changes.size < 2) {
      const { message, fields } = await log.nextEntry();
      if (message === "files have changed and were read again") changes.add(String(fields["files"]));
    }
    expect((await get(url, second.ca, "a-token-of-bob")).status).toBe(200);
    expect((await get(url, second.ca, "a-token-of-ada")).status).toBe(401);
    await expect(get(url, first.ca, "a-token-of-bob")).rejects.toThrow("certificate");
  });
});

/** One request on a connection of its own. */
async function get(
  url: string,
  ca: string,
  token: string | undefined,
): Promise<{ readonly status: number | undefined }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const sent = request(`${url}/pods`, { ca, headers, agent: false }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  return { status: response.statusCode };
}

describe("reads that are sent on to the API server", () => {
  const upstream: Upstream = {
    read: async () => {
      throw new Error("is not asked");
    },
  };
  const reviews: AccessReviews = {
    reviewToken: async () => undefined,
    reviewAccess: async () => ({ allowed: false }),
  };

  it.each<[string, Partial<ServerOptions>, string]>([
    ["tokens of a file", { auth: { type: "static", file: "/nonexistent" } }, "the tokens of the file are KRM's own"],
    [
      "tokens for KRM alone",
      { auth: { type: "tokenreview", reviews, audiences: ["krm"] } },
      "tokens for krm are none for",
    ],
    [
      "everyone on the network",
      { auth: { type: "none" }, listen: { host: "0.0.0.0", port: 0 } },
      "everyone who reaches this address could reach the API server",
    ],
  ])("do not go with %s", async (_, options, message) => {
    await using store = new MemoryStore();
    const error = await refusal(serverOn(store, { upstream, ...options }));
    expect([error.code, error.message]).toEqual(["KRM_INVALID_ARGUMENT", expect.stringContaining(message)]);
    expect(error.hint).toContain("--auth tokenreview");
  });

  it.each<[string, Partial<ServerOptions>]>([
    [
      "tokens that the cluster reviews",
      { auth: { type: "tokenreview", reviews }, listen: { host: "0.0.0.0", port: 0 } },
    ],
    ["everyone on this machine", {}],
    ["everyone on this machine, in so many words", { auth: { type: "none" } }],
    [
      "an authenticator of one's own",
      { auth: { type: "custom", authenticator: { authenticate: async () => undefined } } },
    ],
  ])("go with %s", async (_, options) => {
    await using store = new MemoryStore();
    await using server = await serverOn(store, { upstream, ...options });
    expect((await server.app.inject("/livez")).statusCode).toBe(200);
  });
});
