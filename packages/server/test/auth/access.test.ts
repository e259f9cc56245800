import { serviceUnavailable } from "@krm/apimachinery";
import { PODS } from "@krm/core";
import { accessRefused, type Authorizer, createServer, type Identity } from "@krm/server";
import type { FastifyRequest } from "fastify";
import { describe, expect, it } from "vitest";
import { Access } from "../../src/auth/access.ts";
import { failure, names, testApp } from "../support/app.ts";
import { fill, pod } from "../support/fixtures.ts";

const LIST_PODS = {
  type: "resource",
  verb: "list",
  group: "",
  version: "v1",
  resource: "pods",
  subresource: "",
  namespace: "",
  name: "",
} as const;

const request = { headers: { authorization: "Bearer right" }, signal: new AbortController().signal };
const asked = request as unknown as FastifyRequest;

describe("an answer that goes on is checked again", () => {
  it("for the token and the right with which it began", async () => {
    let user: Identity | undefined = { user: "ada", groups: ["readers"] };
    let failing: Error | undefined;
    const seen: unknown[] = [];
    const authorizer: Authorizer = {
      async authorize(who, attributes) {
        seen.push([who, attributes]);
        if (failing !== undefined) throw failing;
        if (who.groups?.includes("readers") !== true) throw accessRefused(who, attributes);
      },
    };
    const access = new Access({ auth: { authenticate: async () => user }, authorizer });
    await access.identify(asked);
    await access.allow(asked, LIST_PODS);
    const recheck = access.recheck(asked);
    await recheck();
    expect(seen).toEqual([
      [user, LIST_PODS],
      [user, LIST_PODS],
    ]);

    failing = serviceUnavailable("not now", 1);
    await expect(recheck()).rejects.toMatchObject({ status: { code: 503 } });
    failing = undefined;
    // Out of the group since.
    user = { user: "ada" };
    await expect(recheck()).rejects.toMatchObject({ status: { code: 403 } });
    user = { user: "bob", groups: ["readers"] };
    await expect(recheck()).rejects.toMatchObject({ status: { code: 401 } });
    user = undefined;
    await expect(recheck()).rejects.toMatchObject({ status: { code: 401 } });
  });

  it("for the token alone where no one decides by right, and for nothing where nobody is asked", async () => {
    let user: Identity | undefined = { user: "ada" };
    const access = new Access({ auth: { authenticate: async () => user } });
    await access.identify(asked);
    const recheck = access.recheck(asked);
    await recheck();
    user = undefined;
    await expect(recheck()).rejects.toMatchObject({ status: { code: 401 } });
    await new Access({}).recheck(asked)();
  });

  it("and never holds without having been allowed", async () => {
    const authorizer: Authorizer = { authorize: async () => {} };
    const access = new Access({ auth: { authenticate: async () => ({ user: "ada" }) }, authorizer });
    await expect(access.recheck(asked)()).rejects.toMatchObject({ status: { code: 401 } });
    await access.identify(asked);
    await expect(access.recheck(asked)()).rejects.toMatchObject({ status: { code: 401 } });
  });
});

describe("an authorizer", () => {
  const auth = { authenticate: async (token: string) => ({ user: token }) };

  it("is not asked for where there is none: whoever may read reads everything", async () => {
    await using test = testApp({ auth });
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    expect(names(await test.get("/pods", { authorization: "Bearer x" }))).toEqual(["a"]);
    expect(names(await test.get("/api/v1/pods", { authorization: "Bearer x", "impersonate-user": "y" }))).toEqual([
      "a",
    ]);
  });

  it("that fails lets nobody read, and its error is told to nobody", async () => {
    const authorizer = { authorize: async () => Promise.reject(new Error("inside")) };
    await using test = testApp({ auth, authorizer });
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    for (const url of ["/pods", "/api/v1/pods", "/status"]) {
      const response = await test.get(url, { authorization: "Bearer x" });
      expect(failure(response).code).toBe(500);
      expect(response.body).not.toContain("inside");
    }
  });

  it("is asked under a prefix as without one", async () => {
    const seen: unknown[] = [];
    const authorizer: Authorizer = {
      async authorize(_user, attributes) {
        seen.push(attributes.type === "path" ? attributes.path : attributes.resource);
      },
    };
    await using test = testApp({ auth, authorizer, prefix: "/krm" });
    await fill(test.store, { resource: PODS }, []);
    for (const url of ["/krm/pods", "/krm/api/v1/pods", "/krm/status", "/krm/"]) {
      await test.get(url, { authorization: "Bearer x" });
    }
    expect(seen).toEqual(["pods", "pods", "/status", "/"]);
  });

  it("without authentication is refused", async () => {
    await using test = testApp({ authorizer: { authorize: async () => {} } });
    await expect(test.get("/pods")).rejects.toMatchObject({ code: "KRM_INVALID_ARGUMENT" });
  });

  it("comes with a server of its own", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    const reviews = {
      reviewToken: async (token: string) => ({ identity: { user: token }, audiences: [] }),
      reviewAccess: async ({ user }: Identity) => ({ allowed: user === "ada" }),
    };
    const { clock, store } = test;
    const listen = { host: "127.0.0.1", port: 0 };
    await using server = await createServer({ store, clock, listen, auth: { type: "tokenreview", reviews } });
    const get = async (token: string): Promise<number> =>
      (await server.app.inject({ url: "/pods", headers: { authorization: `Bearer ${token}` } })).statusCode;
    expect([await get("ada"), await get("bob")]).toEqual([200, 403]);
  });
});
