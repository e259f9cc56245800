// How many watches one user may have: over sockets, with every way in which a watch can end.
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { createConnection } from "node:net";
import { MemoryStore, PODS } from "@krm/core";
import { createServer, type Identity, type ServerOptions } from "@krm/server";
import { ManualClock } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { WatchPlaces } from "../../src/limits/watch-places.ts";
import { fill, metaAt, START, writer } from "../support/fixtures.ts";
import { commit, settle, set, thing } from "../watch/support.ts";

const WATCH = "/api/v1/pods?watch=1";
const USERS: Readonly<Record<string, Identity>> = {
  "ada-token": { user: "ada" },
  "ada-again": { user: "ada" },
  "other-ada": { user: "ada", uid: "2" },
  "bob-token": { user: "bob" },
};

interface Served extends AsyncDisposable {
  readonly store: MemoryStore;
  readonly clock: ManualClock;
  readonly url: string;
  readonly known: Set<string>;
  open(token: string | undefined, path?: string): Promise<IncomingMessage>;
}

async function served(options: Partial<ServerOptions> = {}): Promise<Served> {
  const stack = new AsyncDisposableStack();
  const store = stack.use(new MemoryStore());
  await fill(store, { resource: PODS }, [thing("a", 5)], metaAt("10"));
  const clock = new ManualClock({ now: START });
  const known = new Set(Object.keys(USERS));
  const authenticate = async (token: string): Promise<Identity | undefined> =>
    known.has(token) ? USERS[token] : undefined;
  const auth = { type: "custom", authenticator: { authenticate } } as const;
  const listen = { host: "127.0.0.1", port: 0 };
  const server = stack.use(await createServer({ store, clock, listen, auth, maxWatchesPerUser: 2, ...options }));
  const { url } = await server.listen();
  return {
    store,
    clock,
    url,
    known,
    async open(token, path = WATCH) {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const sent = get(`${url}${path}`, { headers, agent: false });
      sent.on("error", () => {});
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      stack.defer(() => void response.on("error", () => {}).destroy());
      return response;
    },
    [Symbol.asyncDispose]: async () => stack.disposeAsync(),
  };
}

async function text(response: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return body;
}

describe("a user's watches", () => {
  it("end at the limit: the next one is a 429 that says when to come again, and begins no stream", async () => {
    await using krm = await served();
    await krm.open("ada-token");
    await krm.open("ada-token");
    const response = await krm.open("ada-again");
    expect(response.statusCode).toBe(429);
    expect(response.headers).toMatchObject({ "retry-after": "1", "content-type": "application/json" });
    expect(JSON.parse(await text(response))).toMatchObject({
      kind: "Status",
      reason: "TooManyRequests",
      message:
        'Too many requests, please try again later: user "ada" may have 2 watches open at this server ' +
        "(--max-watches-per-user), and that many are",
      details: { causes: [{ reason: "TooManyWatches" }], retryAfterSeconds: 1 },
    });
    // Lists are not counted.
    expect((await krm.open("ada-token", "/api/v1/pods")).statusCode).toBe(200);
  });

  it("do not count for another: neither of another name nor of another uid", async () => {
    await using krm = await served({ maxWatchesPerUser: 1 });
    for (const token of ["ada-token", "bob-token", "other-ada"]) expect((await krm.open(token)).statusCode).toBe(200);
    for (const token of ["ada-again", "bob-token", "other-ada"]) expect((await krm.open(token)).statusCode).toBe(429);
  });

  it("are all readers' together where nobody is asked who they are", async () => {
    await using krm = await served({ auth: undefined });
    const opened = [await krm.open(undefined), await krm.open("ada-token"), await krm.open("bob-token")];
    expect(opened.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429]);
  });

  it("may be any number with 0, and a thousand unless told otherwise", async () => {
    const places = new WatchPlaces({ maxWatchesPerUser: 0 });
    for (let watches = 0; watches < 5000; watches++) places.take({ user: "ada" });
    await using krm = await served({ maxWatchesPerUser: undefined });
    const many = await Promise.all(Array.from({ length: 1000 }, async () => krm.open("ada-token")));
    expect(many.every(({ statusCode }) => statusCode === 200)).toBe(true);
    expect((await krm.open("ada-token")).statusCode).toBe(429);
  });

  it("are forgotten when they are over, and each is counted once", () => {
    const places = new WatchPlaces({ maxWatchesPerUser: 2 });
    const first = places.take({ user: "ada" });
    const second = places.take({ user: "ada" });
    first();
    first();
    const third = places.take({ user: "ada" });
    expect(() => places.take({ user: "ada" })).toThrow("may have 2 watches");
    second();
    third();
    expect(places.users).toBe(0);
  });
});

describe("a place is free again", () => {
  type End = (krm: Served, watch: IncomingMessage) => unknown;
  const ends: readonly (readonly [how: string, end: End, path: string])[] = [
    ["when the reader has left", (_krm, watch) => watch.destroy(), WATCH],
    ["when its time is over", async ({ clock }) => clock.advance(5000), `${WATCH}&timeoutSeconds=5`],
    ["when what was known is too old", () => {}, `${WATCH}&resourceVersion=3`],
    ["when it is not as new as was asked for", async ({ clock }) => clock.advance(3000), newer("99")],
    [
      "when the view begins anew",
      async ({ store }) => writer(store, { resource: PODS }).commit(commit(11, [], { epoch: 1 }, true)),
      WATCH,
    ],
    [
      "when its reader may not watch any more",
      async ({ clock, known }) => {
        known.delete("ada-token");
        await clock.advance(10_000);
      },
      WATCH,
    ],
  ];

  it.each(ends)("%s", async (_how, end, path) => {
    await using krm = await served({ maxWatchesPerUser: 1 });
    const watch = await krm.open("ada-token", path);
    expect(watch.statusCode).toBe(200);
    const over = once(watch.on("error", () => {}).resume(), "close");
    await end(krm, watch);
    await over;
    await settle();
    krm.known.add("ada-token");
    expect((await krm.open("ada-token")).statusCode).toBe(200);
    expect((await krm.open("ada-token")).statusCode).toBe(429);
  });

  it.each([
    ["a wrong selector", `${WATCH}&fieldSelector=spec.nope%3D1`, 400],
    ["a form of lists", `${WATCH}&as=list`, 406],
    ["HEAD", WATCH, 200],
  ])("when no stream began: %s", async (what, path, status) => {
    await using krm = await served({ maxWatchesPerUser: 1 });
    const accept = status === 406 ? "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" : "*/*";
    const headers = { authorization: "Bearer ada-token", accept };
    const method = what === "HEAD" ? "HEAD" : "GET";
    for (let time = 0; time < 3; time++) {
      const response = await fetch(`${krm.url}${path}`, { headers, method });
      expect(response.status).toBe(status);
      await response.text();
    }
    expect((await krm.open("ada-token")).statusCode).toBe(200);
  });

  it("not before what waits for a reader who takes nothing is gone", async () => {
    await using krm = await served({ maxWatchesPerUser: 1 });
    const big = thing("big", 11, { long: "x".repeat(32_000_000) });
    await writer(krm.store, { resource: PODS }).commit(commit(11, [set(big)]));
    const { hostname, port } = new URL(krm.url);
    const client = createConnection({ host: hostname, port: Number(port) });
    const [path, token] = [`${WATCH}&timeoutSeconds=1`, "authorization: bearer ada-token"];
    client.on("error", () => {}).write(`GET ${path} HTTP/1.1\r\nhost: x\r\n${token}\r\n\r\n`);
    const status = async (): Promise<number | undefined> => {
      const { statusCode } = await krm.open("ada-token");
      return statusCode;
    };
    await once(client, "readable");
    expect(String(client.read(12))).toBe("HTTP/1.1 200");
    // Its time is over, and 32 MB of it wait.
    await krm.clock.advance(1000);
    await settle();
    expect(await status()).toBe(429);
    for (let minutes = 0; minutes < 3; minutes++) {
      await krm.clock.advance(60_000);
      await settle();
    }
    expect(await status()).toBe(200);
    client.destroy();
  });
});

function newer(version: string): string {
  return `${WATCH}&resourceVersion=${version}&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&allowWatchBookmarks=true`;
}
