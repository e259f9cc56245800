import { describe, expect, it } from "vitest";
import { guardedCluster, READ_PODS, refusal, tokenOf } from "./guarded-cluster.ts";

const OWN = "/api/v1/namespaces/team-a/pods";
const ALL = "/api/v1/pods";

describe("a right that is taken away", () => {
  it("is gone within ten seconds, whatever is cached anywhere", async () => {
    await using guarded = await guardedCluster();
    const { etag } = (await guarded.krm("ada", "/pods?namespace=team-a")).headers;
    const unless = { "if-none-match": String(etag) };
    await guarded.krm("ada", OWN);
    guarded.grant("ada");
    await guarded.clock.advance(9999);
    // Asked for meanwhile, an answer does not hold longer.
    expect((await guarded.krm("ada", OWN)).status).toBe(200);
    await guarded.clock.advance(1);
    const [krm, upstream] = await Promise.all([guarded.krm("ada", OWN), guarded.upstream("ada", OWN)]);
    expect([krm.status, krm.body.trim()]).toEqual([403, upstream.body.trim()]);
    expect((await guarded.krm("ada", "/pods?namespace=team-a", unless)).status).toBe(403);
  });

  it("is there within ten seconds of being given", async () => {
    await using guarded = await guardedCluster();
    expect((await guarded.krm("ada", ALL)).status).toBe(403);
    guarded.grant("ada", READ_PODS);
    await guarded.clock.advance(10_000);
    expect((await guarded.krm("ada", ALL)).status).toBe(200);
  });

  it("and a token too: its reader is nobody within ten seconds", async () => {
    await using guarded = await guardedCluster();
    expect((await guarded.krm("ada", OWN)).status).toBe(200);
    guarded.apiServer.users.delete("ada");
    await guarded.clock.advance(9999);
    expect((await guarded.krm("ada", OWN)).status).toBe(200);
    await guarded.clock.advance(1);
    expect((await guarded.krm("ada", OWN)).status).toBe(401);
  });

  it("while a token that was not known is asked for again after two seconds", async () => {
    await using guarded = await guardedCluster();
    expect((await guarded.krm("new", OWN)).status).toBe(401);
    guarded.grant("new", READ_PODS);
    await guarded.clock.advance(1999);
    expect((await guarded.krm("new", OWN)).status).toBe(401);
    expect(guarded.reviews("tokenreviews")).toBe(1);
    await guarded.clock.advance(1);
    expect((await guarded.krm("new", OWN)).status).toBe(200);
  });
});

describe("many requests", () => {
  it("with one token share one review of it, and one of each access", async () => {
    await using guarded = await guardedCluster();
    const answers = await Promise.all(Array.from({ length: 30 }, async () => guarded.krm("ada", OWN)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect([guarded.reviews("tokenreviews"), guarded.reviews("subjectaccessreviews")]).toEqual([1, 1]);
    await guarded.krm("ada", `${OWN}/web`);
    await guarded.krm("ada", OWN);
    expect([guarded.reviews("tokenreviews"), guarded.reviews("subjectaccessreviews")]).toEqual([1, 2]);
  });
});

describe("while the API server is away", () => {
  it("nobody is let in who was not asked about in the last ten seconds", async () => {
    await using guarded = await guardedCluster();
    expect((await guarded.krm("ada", OWN)).status).toBe(200);
    await guarded.apiServer.stop();
    const unknown = await guarded.krm("bob", ALL);
    expect(refusal(unknown)).toEqual([503, expect.stringContaining("who asks")]);
    expect(unknown.headers["retry-after"]).toBe("1");
    expect(unknown.headers).not.toHaveProperty("krm-state");
    // Who is known by token alone is refused what they were not asked about.
    expect(refusal(await guarded.krm("ada", `${OWN}/web`))).toEqual([503, expect.stringContaining("what may be read")]);
    expect((await guarded.krm("ada", OWN)).status).toBe(200);
    await guarded.clock.advance(10_000);
    for (const url of [OWN, ALL, "/pods?namespace=team-a", "/status", "/api", "/version"]) {
      const { body, status } = await guarded.krm("ada", url);
      expect(status, url).toBe(503);
      expect(body).not.toContain("web");
    }
    expect((await guarded.krm("ada", "/livez")).body).toBe("ok");
    expect((await guarded.krm("ada", "/readyz")).body).toBe("ok");
    expect((await guarded.krm(undefined, OWN)).status).toBe(401);

    await guarded.apiServer.start();
    expect((await guarded.krm("ada", OWN)).status).toBe(200);
    const told = guarded.log.filter(({ level }) => level !== "debug").map(({ level, message }) => [level, message]);
    expect(told).toEqual([
      ["warn", expect.stringContaining("readers cannot be authenticated and get 503: ")],
      ["warn", expect.stringContaining("readers cannot be authorized and get 503: ")],
      ["info", "readers are authenticated again"],
      ["info", "readers are authorized again"],
    ]);
  });

  it("or silent: within ten seconds they get 503, and no answer of before counts", async () => {
    await using guarded = await guardedCluster();
    expect((await guarded.krm("ada", OWN)).status).toBe(200);
    await guarded.clock.advance(10_000);
    guarded.apiServer.pause();
    const sleepers = guarded.clock.pending;
    const asked = guarded.krm("ada", OWN);
    const live = guarded.krm("ada", "/livez");
    await guarded.clock.untilSleeping(sleepers + 1);
    expect((await live).body).toBe("ok");
    await guarded.clock.advance(10_000);
    expect((await asked).status).toBe(503);
    guarded.apiServer.resume();
    expect((await guarded.krm("ada", OWN)).status).toBe(200);
    expect(guarded.clock.pending).toBe(sleepers);
  });
});

describe("where KRM may not ask", () => {
  it("nobody is let in, and the log says which right is missing", async () => {
    await using guarded = await guardedCluster({ reviewer: "viewer" });
    expect((await guarded.krm("ops", ALL)).status).toBe(503);
    expect((await guarded.krm("ops", ALL)).status).toBe(503);
    expect(guarded.log.filter(({ level }) => level === "warn")).toEqual([
      {
        level: "warn",
        fields: { code: "KRM_API_STATUS", hint: "bind system:auth-delegator" },
        message: expect.stringContaining('User "viewer" cannot create resource "tokenreviews"'),
      },
    ]);
  });
});

describe("audiences", () => {
  it("are those that tokens must have been issued for", async () => {
    await using right = await guardedCluster({ audiences: ["krm", "https://kubernetes.default.svc"] });
    expect((await right.krm("ada", OWN)).status).toBe(200);
    await using wrong = await guardedCluster({ audiences: ["krm"] });
    expect((await wrong.krm("ada", OWN)).status).toBe(401);
  });
});

describe("a token", () => {
  it("goes into no line of the log and no answer", async () => {
    await using guarded = await guardedCluster();
    const answers = [];
    for (const user of ["ada", "viewer", "token:wrong-token"]) answers.push(await guarded.krm(user, OWN));
    await guarded.apiServer.stop();
    await guarded.clock.advance(10_000);
    answers.push(await guarded.krm("ada", OWN));
    const written = JSON.stringify([guarded.log, answers]);
    expect(guarded.log.length).toBeGreaterThan(3);
    for (const user of ["ada", "viewer", "token:wrong-token", "reviewer"]) expect(written).not.toContain(tokenOf(user));
  });
});
