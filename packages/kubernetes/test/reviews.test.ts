import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { DEFAULT_USERS, ManualClock, SimApiServer, SimCluster, type SimUser } from "@krm/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KubernetesReviews, KubernetesSource, loadKubeConfig, type ReviewedAttributes } from "../src/index.ts";
import { failure, TestServer } from "./support/test-server.ts";

/** The rights of the ClusterRole `system:auth-delegator`. */
const DELEGATOR = [
  { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"] },
  { verbs: ["create"], apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"] },
];

const USERS: readonly SimUser[] = [
  ...DEFAULT_USERS,
  { name: "krm", token: "krm-token", rules: DELEGATOR },
  {
    name: "ada",
    token: "ada-token",
    uid: "u-1",
    groups: ["readers"],
    rules: [
      {
        verbs: ["list"],
        apiGroups: ["apps"],
        resources: ["deployments"],
        namespaces: ["team-a"],
        resourceNames: ["web"],
      },
      { verbs: ["get"], nonResourceURLs: ["/metrics"] },
    ],
  },
];

const LIST: ReviewedAttributes = {
  type: "resource",
  verb: "list",
  group: "apps",
  version: "v1",
  resource: "deployments",
  subresource: "",
  namespace: "team-a",
  name: "web",
};

const server = new SimApiServer({ cluster: new SimCluster({ clock: new ManualClock() }), users: USERS });
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "krm-reviews-"));
  await server.listen();
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function sourceOf(user: string): KubernetesSource {
  const file = join(folder, user);
  writeFileSync(file, server.kubeconfig({ user }));
  return new KubernetesSource({ kubeConfig: loadKubeConfig({ file }) });
}

/** What a server that answers `status` and `body` makes of a review. */
async function answered(body: unknown, ask: (reviews: KubernetesReviews) => Promise<unknown>): Promise<unknown> {
  await using fake = await TestServer.start((_request, response) => {
    response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await using source = new KubernetesSource({ kubeConfig: fake.config() });
  return await ask(new KubernetesReviews(source)).catch((error: unknown) => error);
}

describe("reviews, over TLS", () => {
  it("tell who a token belongs to, and for whom it was issued", async () => {
    await using source = sourceOf("krm");
    const reviews = new KubernetesReviews(source);
    const known = {
      identity: { user: "ada", uid: "u-1", groups: ["readers", "system:authenticated"], extra: undefined },
      audiences: ["https://kubernetes.default.svc"],
    };
    expect(await reviews.reviewToken("ada-token", [])).toEqual(known);
    expect(await reviews.reviewToken("ada-token", ["krm", "https://kubernetes.default.svc"])).toEqual(known);
    expect(await reviews.reviewToken("ada-token", ["krm"])).toBeUndefined();
    expect(await reviews.reviewToken("wrong-token", [])).toBeUndefined();
  });

  it("tell what a user may do, by every attribute", async () => {
    await using source = sourceOf("krm");
    const reviews = new KubernetesReviews(source);
    const may = async (
      user: string,
      attributes: ReviewedAttributes,
      groups: readonly string[] = [],
    ): Promise<boolean> => (await reviews.reviewAccess({ user, groups }, attributes)).allowed;
    expect(await may("ada", LIST)).toBe(true);
    for (const other of [
      { verb: "get" },
      { group: "" },
      { resource: "replicasets" },
      { subresource: "status" },
      { namespace: "" },
      { name: "" },
    ]) {
      expect(await may("ada", { ...LIST, ...other }), JSON.stringify(other)).toBe(false);
    }
    expect(await may("bob", LIST)).toBe(false);
    expect(await may("bob", LIST, ["system:masters"])).toBe(true);
    expect(await may("ada", { type: "path", verb: "get", path: "/metrics" })).toBe(true);
    expect(await may("ada", { type: "path", verb: "get", path: "/status" })).toBe(false);
  });

  it("tell everybody who they are, and what they may do themselves", async () => {
    await using source = sourceOf("ada");
    const reviews = new KubernetesReviews(source);
    expect(await reviews.reviewSelf()).toEqual({
      user: "ada",
      uid: "u-1",
      groups: ["readers", "system:authenticated"],
    });
    expect((await reviews.reviewOwnAccess(LIST)).allowed).toBe(true);
    expect((await reviews.reviewOwnAccess({ ...LIST, verb: "watch" })).allowed).toBe(false);
    expect((await reviews.reviewOwnAccess({ type: "path", verb: "get", path: "/metrics" })).allowed).toBe(true);
  });

  it("that KRM may not ask for fail, and name the role that is missing", async () => {
    await using source = sourceOf("viewer");
    const reviews = new KubernetesReviews(source);
    for (const asked of [reviews.reviewToken("ada-token", []), reviews.reviewAccess({ user: "ada" }, LIST)]) {
      const error = await failure(asked);
      expect(error).toMatchObject({
        code: "KRM_API_STATUS",
        status: { code: 403 },
        message: expect.stringContaining('User "viewer" cannot create resource'),
        hint: expect.stringContaining("system:auth-delegator"),
      });
      expect(inspect(error)).not.toContain("ada-token");
    }
  });

  it("are given up with their signal", async () => {
    await using source = sourceOf("krm");
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await expect(new KubernetesReviews(source).reviewToken("ada-token", [], { signal })).rejects.toBe(reason);
  });
});

describe("who one is", () => {
  it.each([404, 403])("of an API server that answers %i", async (code) => {
    await using fake = await TestServer.start((_request, response) => {
      const status = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "", code, message: "" };
      response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(status));
    });
    await using source = new KubernetesSource({ kubeConfig: fake.config() });
    const asked = new KubernetesReviews(source).reviewSelf();
    if (code === 404) expect(await asked).toBeUndefined();
    else expect(await failure(asked)).toMatchObject({ hint: expect.stringContaining("system:basic-user") });
  });

  it("of one that does not say", async () => {
    expect(await answered({ status: { userInfo: {} } }, async (reviews) => reviews.reviewSelf())).toBeUndefined();
  });
});

describe("an answer to a review", () => {
  it.each([
    [{ status: { allowed: true } }, true],
    [{ status: { allowed: true, denied: true } }, false],
    [{ status: { allowed: "true" } }, false],
    [{ status: { denied: false } }, false],
    [{ status: {} }, false],
  ])("of an access: %j", async (body, allowed) => {
    expect(await answered(body, async (reviews) => reviews.reviewAccess({ user: "ada" }, LIST))).toMatchObject({
      allowed,
    });
  });

  it("of an access says why", async () => {
    const body = { status: { allowed: false, reason: "no" } };
    expect(await answered(body, async (reviews) => reviews.reviewAccess({ user: "ada" }, LIST))).toEqual({
      allowed: false,
      reason: "no",
    });
  });

  it.each([
    { status: { authenticated: true } },
    { status: { authenticated: true, user: { username: "" } } },
    { kind: "Status" },
    { status: "Failure" },
    [],
    null,
  ])("of a token that names nobody is a failure: %j", async (body) => {
    const answer = await answered(body, async (reviews) => reviews.reviewToken("ada-token", []));
    expect(answer).toMatchObject({ code: "KRM_DECODE" });
  });

  it("of a token brings what else is known of the user", async () => {
    const extra = { "authentication.kubernetes.io/pod-name": ["web"] };
    const body = { status: { authenticated: true, user: { username: "ada", extra }, audiences: ["krm"] } };
    const answer = await answered(body, async (reviews) => reviews.reviewToken("ada-token", ["krm"]));
    expect(answer).toMatchObject({ identity: { user: "ada", extra }, audiences: ["krm"] });
  });

  it("that repeats the token is not told", async () => {
    const token = 'a "secret" token';
    for (const message of [`cannot read {"token":${JSON.stringify(token)}}`, `who is ${token}?`]) {
      await using fake = await TestServer.start((_request, response) => {
        const status = {
          kind: "Status",
          apiVersion: "v1",
          status: "Failure",
          reason: "BadRequest",
          code: 400,
          message,
        };
        response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify(status));
      });
      await using source = new KubernetesSource({ kubeConfig: fake.config() });
      const error = await failure(new KubernetesReviews(source).reviewToken(token, []));
      expect(error).toMatchObject({ code: "KRM_API_STATUS", status: { code: 400, reason: "BadRequest" } });
      expect(inspect(error, { depth: 10 })).not.toContain("secret");
    }
  });
});
