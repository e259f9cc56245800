// Client certificates over real TLS sockets: who they are, for how long, and what they may.
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { createConnection, type Server } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { MemoryStore, PODS } from "@krm/core";
import { type AccessAttributes, accessRefused, createServer, type Identity, type ServerOptions } from "@krm/server";
import {
  type ClientAuthority,
  type ClientCertificate,
  createClientAuthority,
  createTlsMaterial,
  ManualClock,
  type TlsMaterial,
} from "@krm/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import { fill, pod } from "../support/fixtures.ts";
import { temporaryFolder } from "../support/folder.ts";
import { LogQueue } from "../support/log-queue.ts";
import { CertificateClient } from "./certificate-client.ts";

const ADA_PODS = "/api/v1/namespaces/team-a/pods";
const BOB_PODS = "/api/v1/namespaces/team-b/pods";
const TOKEN = "a-token-of-carol";
const BEARER = { authorization: `Bearer ${TOKEN}` };

let tls: TlsMaterial;
let authority: ClientAuthority;
let other: ClientAuthority;
let ada: ClientCertificate;
let bob: ClientCertificate;

beforeAll(async () => {
  tls = await createTlsMaterial();
  authority = await createClientAuthority();
  other = await createClientAuthority();
  ada = await authority.issue({ user: "ada", groups: ["team-a", "eng, ops=all"], uid: "ada-uid" });
  bob = await authority.issue({ user: "bob", groups: ["team-b"] });
});

interface Served extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly log: LogQueue;
  /** What the authorizer was asked. */
  readonly asked: (readonly [Identity, AccessAttributes])[];
  readonly caFile: string;
  readonly url: string;
  readonly server: Server;
  /** Whoever is let in to nothing any more. */
  readonly barred: Set<string>;
  client(certificate?: ClientCertificate): CertificateClient;
  /** Other authorities from now on. */
  trust(...authorities: readonly ClientAuthority[]): Promise<void>;
}

/** A server that takes certificates of `authority`, and the token of `carol`; each may read the namespace of their group. */
async function served(options: Partial<ServerOptions> = {}): Promise<Served> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const path = (name: string): string => join(folder.path, name);
  await writeFile(path("tls.crt"), tls.cert);
  await writeFile(path("tls.key"), tls.key);
  const caFile = path("clients.crt");
  await writeFile(caFile, authority.ca);
  const store = stack.use(new MemoryStore());
  await fill(store, { resource: PODS }, [
    pod({ name: "mine", namespace: "team-a" }),
    pod({ name: "yours", namespace: "team-b" }),
  ]);
  const clock = new ManualClock({ now: Date.now() });
  const log = new LogQueue();
  const asked: (readonly [Identity, AccessAttributes])[] = [];
  const barred = new Set<string>();
  const server = stack.use(
    await createServer({
      store,
      listen: { host: "127.0.0.1", port: 0 },
      clock,
      logger: log,
      tls: { certFile: path("tls.crt"), keyFile: path("tls.key"), clientCaFile: caFile },
      auth: {
        type: "custom",
        authenticator: {
          authenticate: async (token) => (token === TOKEN ? { user: "carol", groups: ["team-b"] } : undefined),
        },
        authorizer: {
          async authorize(user, attributes) {
            asked.push([user, attributes]);
            const namespace = attributes.type === "resource" ? attributes.namespace : "";
            if (barred.has(user.user) || user.groups?.includes(namespace) !== true)
              throw accessRefused(user, attributes);
          },
        },
      },
      ...options,
    }),
  );
  const { url } = await server.listen();
  return {
    clock,
    log,
    asked,
    barred,
    caFile,
    url,
    server: server.app.server,
    client: (certificate) => {
      const client = new CertificateClient(url, tls.ca, certificate);
      stack.defer(() => client[Symbol.dispose]());
      return client;
    },
    async trust(...authorities) {
      await writeFile(caFile, authorities.map(({ ca }) => ca).join(""));
      await clock.advance(5000);
      while ((await log.next()) !== "files have changed and were read again");
    },
    [Symbol.asyncDispose]: async () => stack.disposeAsync(),
  };
}

function namesIn(body: string): readonly string[] {
  const { items } = JSON.parse(body) as { readonly items: readonly { readonly metadata: { readonly name: string } }[] };
  return items.map(({ metadata }) => metadata.name);
}

/** What the rest of a stream holds. */
async function rest(stream: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of stream) body += String(chunk);
  return body;
}

describe("a client certificate", () => {
  it("says who asks: the user by its CN, the groups by each O, the uid", async () => {
    await using krm = await served();
    const { status, body } = await krm.client(ada).get(ADA_PODS);
    expect([status, namesIn(body)]).toEqual([200, ["mine"]]);
    const [[user] = []] = krm.asked;
    expect(user).toEqual({
      user: "ada",
      groups: ["team-a", "eng, ops=all", "system:authenticated"],
      uid: "ada-uid",
      extra: { "authentication.kubernetes.io/credential-id": [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/u)] },
    });
  });

  it("gives the rights of its user alone, and none of whoever else has one", async () => {
    await using krm = await served();
    const [adas, bobs] = [krm.client(ada), krm.client(bob)];
    const mine = await adas.get(ADA_PODS);
    const yours = await bobs.get(BOB_PODS);
    expect([namesIn(mine.body), namesIn(yours.body)]).toEqual([["mine"], ["yours"]]);
    expect((await adas.get(BOB_PODS)).status).toBe(403);
    expect((await bobs.get(ADA_PODS)).status).toBe(403);
    // Nor by a tag that another was given.
    const { headers } = await adas.get("/pods?namespace=team-a");
    const etag = String(headers.etag);
    expect((await adas.get("/pods?namespace=team-a", { "if-none-match": etag })).status).toBe(304);
    expect((await bobs.get("/pods?namespace=team-a", { "if-none-match": etag })).status).toBe(403);
    expect(mine.headers["cache-control"]).toBe("no-cache, private");
  });

  it("goes before a token, which is looked at where there is none, or a bad one", async () => {
    await using krm = await served();
    const bad = await other.issue({ user: "ada", groups: ["team-a"] });
    // Whoever the token belongs to, and if it is nobody's.
    expect((await krm.client(ada).get(ADA_PODS, BEARER)).status).toBe(200);
    expect((await krm.client(ada).get(ADA_PODS, { authorization: "Bearer nobody's" })).status).toBe(200);
    expect((await krm.client(bad).get(BOB_PODS, BEARER)).status).toBe(200);
    expect((await krm.client(bad).get(ADA_PODS, BEARER)).status).toBe(403);
    expect((await krm.client().get(BOB_PODS, BEARER)).status).toBe(200);
  });

  it("that is not by an authority that counts is nobody's", async () => {
    await using krm = await served();
    const answer = await krm.client(await other.issue({ user: "ada", groups: ["team-a"] })).get(ADA_PODS);
    expect([answer.status, (JSON.parse(answer.body) as { readonly message: string }).message]).toEqual([
      401,
      "Unauthorized",
    ]);
    // A new connection may bring another one.
    expect(answer.headers.connection).toBe("close");
    expect((await krm.client().get(ADA_PODS)).status).toBe(401);
    expect((await krm.client().get("/livez")).status).toBe(200);
    expect(krm.asked).toEqual([]);
  });

  it.each([
    ["has expired", { user: "ada", groups: ["team-a"], notAfter: new Date(Date.now() - 60_000) }, 401],
    ["is for servers", { user: "ada", groups: ["team-a"], usages: ["server"] }, 401],
    ["has no name in it", { groups: ["team-a"] }, 401],
    ["is for servers and clients", { user: "ada", groups: ["team-a"], usages: ["server", "client"] }, 200],
    ["does not say what it is for", { user: "ada", groups: ["team-a"], usages: [] }, 200],
  ] as const)("that %s: %#", async (_what, options, status) => {
    await using krm = await served();
    expect((await krm.client(await authority.issue(options)).get(ADA_PODS)).status).toBe(status);
  });

  it("may be by an authority that a trusted one vouches for", async () => {
    await using krm = await served();
    const between = await authority.intermediate();
    const certificate = await between.issue({ user: "ada", groups: ["team-a"] });
    const [own = ""] = certificate.cert.split(/(?<=-----END CERTIFICATE-----\n)/u);
    expect((await krm.client(certificate).get(ADA_PODS)).status).toBe(200);
    expect((await krm.client({ ...certificate, cert: own }).get(ADA_PODS)).status).toBe(401);
  });

  it("of system:masters is a member of a group as any other", async () => {
    await using krm = await served();
    const certificate = await authority.issue({ user: "root", groups: ["system:masters"] });
    expect((await krm.client(certificate).get(ADA_PODS)).status).toBe(403);
    expect(krm.asked.map(([{ groups }]) => groups)).toEqual([["system:masters", "system:authenticated"]]);
  });

  it("lets in to everything where a file has the tokens", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "tokens");
    await writeFile(file, `${TOKEN},carol\n`);
    await using krm = await served({ auth: { type: "static", file } });
    expect((await krm.client(ada).get("/api/v1/pods")).status).toBe(200);
    expect((await krm.client().get("/api/v1/pods", BEARER)).status).toBe(200);
    expect((await krm.client().get("/api/v1/pods")).status).toBe(401);
  });
});

describe("a connection", () => {
  it("is trusted until its certificate expires, and no request longer", async () => {
    await using krm = await served();
    const brief = await authority.issue({ user: "ada", groups: ["team-a"], notAfter: new Date(Date.now() + 60_000) });
    const client = krm.client(brief);
    const first = await client.get(ADA_PODS);
    await krm.clock.advance(58_000);
    const second = await client.get(ADA_PODS);
    expect([first.status, second.status, second.port]).toEqual([200, 200, first.port]);
    await krm.clock.advance(3000);
    const third = await client.get(ADA_PODS);
    expect([third.status, third.port, third.headers.connection]).toEqual([401, first.port, "close"]);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("over %s resumes no session of another one", async (version) => {
    await using krm = await served();
    const { hostname, port } = new URL(krm.url);
    const options = {
      host: hostname,
      port: Number(port),
      ca: tls.ca,
      ...ada,
      maxVersion: version,
      minVersion: version,
    };
    const begin = async (session?: Buffer): Promise<readonly [boolean, Buffer | undefined]> => {
      const socket = connect({ ...options, ...(session && { session }) });
      let given: Buffer | undefined;
      socket.on("session", (ticket: Buffer) => (given = ticket));
      socket.write("GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
      const reused = once(socket, "secureConnect").then(() => socket.isSessionReused());
      await once(socket.resume(), "close");
      return [await reused, given];
    };
    const [, session] = await begin();
    expect((await begin(session))[0]).toBe(false);
  });

  it("has one handshake, and with it one certificate", async () => {
    await using krm = await served();
    const { hostname, port } = new URL(krm.url);
    const socket = connect({ host: hostname, port: Number(port), ca: tls.ca, ...ada, maxVersion: "TLSv1.2" });
    await once(socket, "secureConnect");
    const [error] = (await Promise.race([
      once(socket, "error"),
      new Promise((resolve) => socket.renegotiate({}, (reason) => resolve([reason]))),
    ])) as [Error | null];
    expect(error?.message).toMatch(/no renegotiation/u);
    socket.destroy();
  });

  it("from before the authorities changed is not trusted any more, at once", async () => {
    await using krm = await served();
    const client = krm.client(ada);
    const before = await client.get(ADA_PODS);
    await krm.trust(other);
    await client.closed();
    const after = await client.get(ADA_PODS);
    expect([before.status, after.status]).toEqual([200, 401]);
    expect(after.port).not.toBe(before.port);
    await client.closed();
    await krm.trust(other, authority);
    expect((await client.get(ADA_PODS)).status).toBe(200);
  });

  it("whose handshake was under way when they changed is not, either", async () => {
    await using krm = await served();
    const { hostname, port } = new URL(krm.url);
    const accepted = once(krm.server, "connection");
    const connection = createConnection({ host: hostname, port: Number(port) });
    await accepted;
    await krm.trust(other);
    const socket = connect({ socket: connection, ca: tls.ca, ...ada });
    socket.write(`GET ${ADA_PODS} HTTP/1.1\r\nhost: x\r\n\r\n`);
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    await once(socket, "close");
    expect(answer).toMatch(/^HTTP\/1\.1 503 .*retry-after: 1\r\n/su);
    expect(krm.asked).toEqual([]);
  });

  it("with a request under way when they changed is closed behind its answer", async () => {
    await using krm = await served();
    const client = krm.client(ada);
    const watch = await client.open(`${ADA_PODS}?watch=1&timeoutSeconds=30`);
    const body = rest(watch);
    await krm.trust(other, authority);
    // In good order: over a new connection the same certificate may count.
    await krm.clock.advance(10_000);
    expect(await body).not.toContain("ERROR");
    await client.closed();
    expect((await client.get(ADA_PODS)).status).toBe(200);
  });

  it("keeps its authorities where the file makes no sense", async () => {
    await using krm = await served();
    const client = krm.client(ada);
    await writeFile(krm.caFile, "nonsense");
    await krm.clock.advance(5000);
    while (!(await krm.log.next()).startsWith("files could not be read again"));
    expect((await client.get(ADA_PODS)).status).toBe(200);
  });
});

describe("an open watch", () => {
  it("ends with an ERROR 401 when its certificate has expired", async () => {
    await using krm = await served();
    const brief = await authority.issue({ user: "ada", groups: ["team-a"], notAfter: new Date(Date.now() + 25_000) });
    const watch = await krm.client(brief).open(`${ADA_PODS}?watch=1&timeoutSeconds=600`);
    await krm.clock.advance(20_000);
    expect(watch.readableEnded).toBe(false);
    await krm.clock.advance(10_000);
    const frames = (await rest(watch)).trim().split("\n");
    expect(frames[0]).toContain('"type":"ADDED"');
    expect(JSON.parse(frames[1] ?? "")).toMatchObject({
      type: "ERROR",
      object: { kind: "Status", code: 401, reason: "Unauthorized" },
    });
    expect(frames).toHaveLength(2);
  });

  it("ends with an ERROR 403 when its user may not any more", async () => {
    await using krm = await served();
    const watch = await krm.client(ada).open(`${ADA_PODS}?watch=1&timeoutSeconds=600`);
    krm.barred.add("ada");
    await krm.clock.advance(10_000);
    expect(await rest(watch)).toContain('"type":"ERROR","object":{"kind":"Status","apiVersion":"v1"');
  });
});

describe("the authorities of clients", () => {
  it.each([
    ["without auth", undefined],
    ["with auth none", { type: "none" } as const],
  ])("are refused %s: they would keep nobody out", async (_what, auth) => {
    await expect(served({ auth })).rejects.toMatchObject({
      code: "KRM_INVALID_ARGUMENT",
      message: "client certificates say who asks, but everybody may read",
    });
  });

  it.each([
    ["no certificates", async () => "nothing", "it holds no certificate"],
    ["of no authority", async () => ada.cert, "is no authority"],
    [
      "without the one above",
      async () => (await authority.intermediate("between")).ca,
      'above "CN=between" is missing',
    ],
  ])("are refused: %s", async (_what, text, message) => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "clients.crt");
    await writeFile(file, await text());
    await writeFile(join(folder.path, "tls.crt"), tls.cert);
    await writeFile(join(folder.path, "tls.key"), tls.key);
    const files = { certFile: join(folder.path, "tls.crt"), keyFile: join(folder.path, "tls.key"), clientCaFile: file };
    const error = await served({ tls: files }).catch((reason: unknown) => reason);
    expect(String(error)).toContain(`${file} cannot say whose certificates count`);
    expect(String(error)).toContain(message);
  });
});
