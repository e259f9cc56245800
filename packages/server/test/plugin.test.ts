import { connect } from "node:http2";
import Fastify from "fastify";
import { describe, expect, it, vi } from "vitest";
import { KrmError, MemoryStore, PODS, scopeId } from "@krm/core";
import { type Authenticator, krmPlugin } from "@krm/server";
import { failure, names, testApp } from "./support/app.ts";
import { fill, object, pod } from "./support/fixtures.ts";
import { Observed } from "./support/observed.ts";

describe("the plugin in another application", () => {
  it("keeps to its prefix: hooks, errors and all", async () => {
    await using store = new MemoryStore();
    await fill(store, { resource: PODS }, [pod({ name: "a" })]);
    const app = Fastify();
    await app.register(krmPlugin, { prefix: "/one", store });
    await app.register(krmPlugin, { prefix: "/two", store });
    app.get("/mine", async () => {
      throw new Error("mine");
    });
    app.post("/mine", async () => ({ fine: true }));
    expect(names(await app.inject("/one/pods"))).toEqual(["a"]);
    expect(names(await app.inject("/two/pods"))).toEqual(["a"]);
    const mine = await app.inject("/mine");
    expect(mine.json()).toMatchObject({ error: "Internal Server Error", message: "mine" });
    expect(mine.headers["cache-control"]).toBeUndefined();
    expect((await app.inject({ method: "POST", url: "/mine" })).json()).toEqual({ fine: true });
    await app.close();
  });

  it("without a prefix leaves the answer to unknown paths to the application", async () => {
    await using store = new MemoryStore();
    const app = Fastify();
    app.setNotFoundHandler(async (_request, reply) => reply.code(404).send("nothing here"));
    await app.register(krmPlugin, { store });
    expect((await app.inject("/a/b/c")).body).toBe("nothing here");
    expect((await app.inject("/livez")).body).toBe("ok");
    await app.close();
  });

  it("follows what comes to be watched in several namespaces, before anybody asks, until it is closed", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      const observer = new Observed();
      await using test = testApp({ observer });
      await test.app.ready();
      const followed = (): readonly string[] => observer.read().map(({ scope }) => scopeId(scope));
      for (const namespace of ["a", "b"]) await fill(test.store, { resource: PODS, namespace }, []);
      expect(followed()).toEqual([]);
      await vi.advanceTimersByTimeAsync(5000);
      expect(followed()).toContain(scopeId({ resource: PODS }));
      await test.app.close();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("sends long lists over HTTP/2 too", async () => {
    await using store = new MemoryStore();
    const filler = "x".repeat(10_000);
    const pods = Array.from({ length: 50 }, (_, index) =>
      object({ name: `p${100 + index}`, namespace: "n" }, { filler }),
    );
    await fill(store, { resource: PODS }, pods);
    const app = Fastify({ http2: true });
    await app.register(krmPlugin as never, { store });
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    const session = connect(url);
    const stream = session.request({ ":path": "/pods" });
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream) chunks.push(chunk as Uint8Array);
    session.close();
    const body = JSON.parse(Buffer.concat(chunks).toString()) as {
      readonly items: readonly { readonly filler: string }[];
    };
    expect(body.items.map((item) => item.filler === filler)).toEqual(Array.from({ length: 50 }, () => true));
    await app.close();
  });

  it("refuses options that do not exist", async () => {
    await using store = new MemoryStore();
    const app = Fastify();
    const options = { store, stalenes: {} };
    await expect(app.register(krmPlugin, options)).rejects.toSatisfy(
      (error) => KrmError.is(error, "KRM_INVALID_ARGUMENT") && error.message === 'krmPlugin has no option "stalenes"',
    );
  });

  it("hides the inside of a fault, and logs it", async () => {
    const logged: unknown[] = [];
    const ignore = (): void => {};
    const logger = { debug: ignore, info: ignore, warn: ignore, error: (fields: object) => logged.push(fields) };
    await using test = testApp({ logger });
    const scopes = async (): Promise<never> => {
      throw new TypeError("secret inside");
    };
    Object.assign(test.store, { scopes });
    const answer = failure(await test.get("/pods"));
    expect(answer).toMatchObject({ code: 500, message: "Internal error occurred: see the server's log" });
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatchObject({ err: { message: "secret inside" }, url: "/pods" });
  });
});

const auth: Authenticator = {
  authenticate: async (token) => {
    if (token === "broken") throw new Error("the review failed");
    return token === "right" ? { user: "ada" } : undefined;
  },
};

describe("authentication", () => {
  it.each([undefined, "Bearer wrong", "Bearer ", "Basic cmlnaHQ=", "right", "Bearer right more"])(
    "refuses %s",
    async (authorization) => {
      await using test = testApp({ auth });
      await fill(test.store, { resource: PODS }, []);
      for (const url of ["/pods", "/status", "/", "/openapi.json", "/nothing", "/pods?nonsense=1"]) {
        const response = await test.get(url, authorization === undefined ? {} : { authorization });
        expect(failure(response)).toEqual({ code: 401, reason: "Unauthorized", message: "Unauthorized", causes: [] });
        expect(response.headers["www-authenticate"]).toBe('Bearer realm="krm"');
        expect(response.headers["vary"]).toBe("Authorization");
        expect(response.headers["krm-state"]).toBeUndefined();
      }
    },
  );

  it.each(["Bearer right", "bearer right", "BEARER  right"])("lets in %s", async (authorization) => {
    const users: unknown[] = [];
    const ignore = (): void => {};
    const logger = {
      info: ignore,
      warn: ignore,
      error: ignore,
      debug: (fields: Readonly<Record<string, unknown>>) => users.push(fields["user"]),
    };
    await using test = testApp({ auth, logger });
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    const response = await test.get("/pods", { authorization });
    expect(names(response)).toEqual(["a"]);
    expect(response.headers["vary"]).toBe("Authorization");
    expect(users).toEqual(["ada"]);
  });

  it("that fails lets nobody in", async () => {
    await using test = testApp({ auth });
    await fill(test.store, { resource: PODS }, []);
    expect(failure(await test.get("/pods", { authorization: "Bearer broken" })).code).toBe(500);
  });

  it("that fails for a reason with a status of its own tells nobody, and is logged", async () => {
    const logged: unknown[] = [];
    const ignore = (): void => {};
    const logger = { debug: ignore, info: ignore, warn: ignore, error: (fields: object) => logged.push(fields) };
    const refused = Object.assign(new Error("the reviewer's own token was refused"), { statusCode: 403 });
    const failing: Authenticator = { authenticate: async () => Promise.reject(refused) };
    await using test = testApp({ auth: failing, logger });
    await fill(test.store, { resource: PODS }, []);
    const response = await test.get("/pods", { authorization: "Bearer right" });
    expect(failure(response).code).toBe(500);
    expect(response.body).not.toContain("own token");
    expect(logged).toEqual([expect.objectContaining({ err: expect.objectContaining({ cause: refused }) })]);
  });

  it("that fails does not close the probes", async () => {
    await using test = testApp({ auth });
    await fill(test.store, { resource: PODS }, []);
    for (const url of ["/livez", "/readyz"]) {
      expect((await test.get(url, { authorization: "Bearer broken" })).body).toBe("ok");
    }
  });

  it.each(["/krm", "/krm/"])("leaves the probes open under the prefix %s", async (prefix) => {
    await using test = testApp({ auth, prefix });
    expect((await test.get("/krm/livez")).body).toBe("ok");
    expect((await test.get("/krm/", { authorization: "Bearer right" })).body).toContain("  /krm/status\n");
    for (const url of ["/krm/status", "/krm//livez", "/krm/livez/", "/krm/LIVEZ", "/krm/%2flivez", "/livez"]) {
      expect((await test.get(url)).statusCode, url).not.toBe(200);
    }
  });

  it("leaves the probes open, without detail", async () => {
    await using test = testApp({ auth, scopes: [{ resource: PODS, namespace: "secret-project" }] });
    expect((await test.get("/livez")).body).toBe("ok");
    const closed = await test.get("/readyz?verbose");
    expect([closed.statusCode, closed.body]).toEqual([503, "0 of 1 ready\nreadyz check failed\n"]);
    const open = await test.get("/readyz", { authorization: "Bearer right" });
    expect(open.body).toContain("v1/pods@secret-project syncing");
  });
});
