import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GuardedCluster, guardedCluster, namesIn, refusal } from "./guarded-cluster.ts";

let guarded: GuardedCluster;
beforeAll(async () => {
  guarded = await guardedCluster();
});
afterAll(async () => guarded[Symbol.asyncDispose]());

describe("a user without rights gets exactly what the API server gives", () => {
  it.each([
    "/api/v1/namespaces/team-a/pods",
    "/api/v1/pods",
    "/api/v1/pods?limit=5",
    "/api/v1/pods?fieldSelector=metadata.name%3Dweb",
    "/api/v1/pods?fieldSelector=nonsense",
    "/api/v1/pods?limit=nonsense",
    "/api/v1/namespaces/team-a/pods/web",
    "/api/v1/namespaces/team-a/pods/missing",
    "/api/v1/namespaces/team-a/pods/web/log",
    "/api/v1/namespaces/missing/pods",
    "/api/v1/namespaces/missing/pods/web",
    "/api/v1/nothings",
    "/api/v1/namespaces/team-a/secrets/same",
    "/api/v1/namespaces/team-a/services",
    "/apis/apps/v1/deployments",
    "/apis/nope.example/v1/things",
    "/api/v1/pods?watch=1",
    "/api/v1/watch/namespaces/team-a/pods/web",
    "/api/v1/namespaces/team-%C3%A4%22/pods",
  ])("for %s", async (url) => {
    const [krm, upstream] = await Promise.all([guarded.krm("viewer", url), guarded.upstream("viewer", url)]);
    expect(upstream.status).toBe(403);
    expect([krm.status, krm.body.trim()]).toEqual([upstream.status, upstream.body.trim()]);
    expect(krm.headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-cache, private" });
    // Nothing of the view either.
    expect(krm.headers).not.toHaveProperty("krm-state");
    expect(krm.headers).not.toHaveProperty("etag");
  });

  it("and so does a token that is nobody's", async () => {
    const url = "/api/v1/pods";
    const [krm, upstream] = await Promise.all([guarded.krm("token:none", url), guarded.upstream("token:none", url)]);
    expect([krm.status, krm.body.trim()]).toEqual([upstream.status, upstream.body.trim()]);
    expect(krm.headers["www-authenticate"]).toBe('Bearer realm="krm"');
  });

  it("for a namespace itself, in which it counts to be: as RBAC has it", async () => {
    expect(refusal(await guarded.krm("viewer", "/api/v1/namespaces/team-a"))).toEqual([
      403,
      'namespaces "team-a" is forbidden: User "viewer" cannot get resource "namespaces" in API group "" in the namespace "team-a"',
    ]);
  });

  it("whether or not there is a view", async () => {
    await using unwatched = await guardedCluster({ unwatched: true });
    for (const url of ["/api/v1/namespaces/team-a/pods", "/api/v1/namespaces/team-a/pods/web", "/api/v1/things"]) {
      const [with_, without] = await Promise.all([guarded.krm("viewer", url), unwatched.krm("viewer", url)]);
      expect([without.status, without.body]).toEqual([with_.status, with_.body]);
      expect(without.headers).not.toHaveProperty("krm-state");
    }
    expect((await unwatched.krm("ops", "/api/v1/pods")).status).toBe(503);
  });
});

describe("a user reads what the cluster lets them", () => {
  it("by namespace", async () => {
    const own = await guarded.krm("ada", "/api/v1/namespaces/team-a/pods");
    expect(namesIn(own)).toEqual(namesIn(await guarded.upstream("ada", "/api/v1/namespaces/team-a/pods")));
    expect((await guarded.krm("ada", "/api/v1/namespaces/team-b/pods")).status).toBe(403);
    expect((await guarded.krm("ada", "/api/v1/pods")).status).toBe(403);
    expect((await guarded.krm("ada", "/api/v1/namespaces/team-a/pods/web")).status).toBe(200);
    expect((await guarded.krm("ada", "/api/v1/namespaces/team-a/pods/missing")).status).toBe(404);
  });

  it("by verb: who may list may not therefore watch", async () => {
    expect((await guarded.krm("maps", "/api/v1/configmaps")).status).toBe(200);
    expect(refusal(await guarded.krm("maps", "/api/v1/configmaps?watch=1"))[1]).toContain('"maps" cannot watch');
  });

  it("by name, where a field selector asks for just that one, as upstream", async () => {
    const list = "/api/v1/namespaces/team-a/pods?fieldSelector=";
    for (const selector of [
      "metadata.name=web",
      "metadata.name==web,status.phase!=Failed",
      "metadata.name=web,metadata.name=x",
    ]) {
      const url = `${list}${encodeURIComponent(selector)}`;
      const [krm, upstream] = await Promise.all([guarded.krm("named", url), guarded.upstream("named", url)]);
      expect([krm.status, namesIn(krm)], selector).toEqual([upstream.status, namesIn(upstream)]);
    }
    for (const selector of ["metadata.name!=web", "metadata.name=web-1", "metadata.name=", "spec.nodeName=web", ""]) {
      const url = `${list}${encodeURIComponent(selector)}`;
      const [krm, upstream] = await Promise.all([guarded.krm("named", url), guarded.upstream("named", url)]);
      expect([krm.status, krm.body.trim()], selector).toEqual([403, upstream.body.trim()]);
    }
    // The first counts, for the answer as for the right.
    const twice = `${list}metadata.name%3Dweb&fieldSelector=metadata.name%3Dweb-1`;
    expect(namesIn(await guarded.krm("named", twice))).toEqual(["team-a/web"]);
  });

  it("by resource: a ConfigMap reader never gets a Secret of the same name", async () => {
    for (const url of ["/api/v1/namespaces/team-a/configmaps/same", "/configmaps?name=same", "/api/v1/configmaps"]) {
      const { body, status } = await guarded.krm("maps", url);
      expect([status, body.includes("shown"), body.includes("hidden")], url).toEqual([200, true, false]);
    }
    for (const url of [
      "/api/v1/namespaces/team-a/secrets/same",
      "/api/v1/secrets?fieldSelector=metadata.name%3Dsame",
      "/secrets?name=same",
      "/secrets?namespace=team-a",
      "/api/v1/namespaces/team-a/configmaps/same/../../secrets/same",
      "/api/v1/namespaces/team-a/configmaps%2Fsame/../secrets/same",
    ]) {
      const { body, status } = await guarded.krm("maps", url);
      expect([status, body.includes("hidden"), body.includes("czNjcmV0")], url).toEqual([
        url.includes("..") ? expect.any(Number) : 403,
        false,
        false,
      ]);
    }
  });

  it("of the flat API: a list in the namespace that is asked for, or in all", async () => {
    expect(namesIn(await guarded.krm("ada", "/pods?namespace=team-a&name=web"))).toEqual(["team-a/web"]);
    expect(namesIn(await guarded.krm("named", "/po?namespace=team-a&name=web"))).toEqual(["team-a/web"]);
    expect(namesIn(await guarded.krm("named", "/pods?namespace=team-a&fieldSelector=metadata.name%3Dweb"))).toEqual([
      "team-a/web",
    ]);
    expect(
      namesIn(await guarded.krm("named", "/pods?namespace=team-a&name=web&fieldSelector=metadata.name%3Dweb-1")),
    ).toEqual([]);
    const all = 'pods is forbidden: User "ada" cannot list resource "pods" in API group "" at the cluster scope';
    expect(refusal(await guarded.krm("ada", "/pods"))).toEqual([403, all]);
    expect(refusal(await guarded.krm("ada", "/pods?node=node-1"))).toEqual([403, all]);
    expect(refusal(await guarded.krm("ada", "/pods?namespace="))).toEqual([403, all]);
    for (const url of ["/pods?namespace=team-b", "/pods?namespace=missing", "/pods?namespace=team-b&name=web"]) {
      const { headers, status } = await guarded.krm("ada", url);
      expect([status, headers["krm-state"]], url).toEqual([403, undefined]);
    }
    expect((await guarded.krm("named", "/pods?namespace=team-a&name=web-1")).status).toBe(403);
  });

  it("and hears what is wrong with a request only with the right to what it seems to mean", async () => {
    for (const [url, status] of [
      ["/pods?namespace=team-a&limit=many", 400],
      ["/pods?namespace=team-a&nonsense=1", 400],
      ["/pods?namespace=team-a&namespace=team-b", 400],
      ["/pods?namespace=team-b&namespace=team-a", 403],
      ["/pods?namespace=team-b&nonsense=1", 403],
      ["/pods?nonsense=1", 403],
      ["/pods?namespace=%zz", 403],
    ] as const) {
      expect((await guarded.krm("ada", url)).status, url).toBe(status);
    }
  });

  it("of paths that are no resources: by nonResourceURLs", async () => {
    for (const path of ["/", "/status", "/metrics", "/openapi.json"]) {
      expect((await guarded.krm("ops", path)).status, path).toBe(200);
      expect(refusal(await guarded.krm("ada", path))).toEqual([403, `forbidden: User "ada" cannot get path "${path}"`]);
      expect((await guarded.krm(undefined, path)).status).toBe(401);
    }
  });

  it("of discovery: everything that is watched, as every user who is known", async () => {
    for (const path of ["/version", "/api", "/apis", "/api/v1"]) {
      expect((await guarded.krm("viewer", path)).status, path).toBe(200);
      expect((await guarded.krm(undefined, path)).status).toBe(401);
      expect((await guarded.krm("token:none", path)).status).toBe(401);
    }
  });

  it("of the probes: whether it is ready is open to all, with details for who is known", async () => {
    for (const user of [undefined, "token:none", "viewer"]) {
      expect((await guarded.krm(user, "/livez")).body).toBe("ok");
      expect((await guarded.krm(user, "/readyz")).body).toBe("ok");
    }
    expect((await guarded.krm("token:none", "/readyz?verbose")).body).not.toContain("v1/pods");
    expect((await guarded.krm("viewer", "/readyz?verbose")).body).toContain("v1/pods");
  });

  it("and as nobody else: to impersonate is refused, and not passed over", async () => {
    const headers = { "impersonate-user": "viewer" };
    expect(refusal(await guarded.krm("ops", "/api/v1/pods", headers))).toEqual([
      400,
      expect.stringContaining("impersonated"),
    ]);
    expect((await guarded.krm("ops", "/pods", { "impersonate-group": "system:masters" })).status).toBe(400);
  });
});

describe("two users never share an answer", () => {
  it("to the same request, at the same time", async () => {
    const url = "/api/v1/namespaces/team-a/pods";
    for (let round = 0; round < 5; round++) {
      const users = ["ada", "bob", "ops", "viewer", "named", "maps"];
      const answers = await Promise.all(users.map(async (user) => guarded.krm(user, url)));
      expect(answers.map(({ status }) => status)).toEqual([200, 403, 200, 403, 403, 403]);
      for (const { headers } of answers) {
        expect(headers["vary"]).toContain("Authorization");
        expect(headers["cache-control"]).toBe("no-cache, private");
      }
      for (const [index, user] of users.entries()) {
        if (answers[index]!.status === 403) expect(answers[index]!.body).toContain(`User \\"${user}\\"`);
      }
    }
  });

  it("by an entity tag: 304 comes after the right", async () => {
    const url = "/pods?namespace=team-a";
    const { etag } = (await guarded.krm("ada", url)).headers;
    const unless = { "if-none-match": String(etag) };
    expect((await guarded.krm("ada", url, unless)).status).toBe(304);
    expect((await guarded.krm("ops", url, unless)).status).toBe(304);
    for (const user of ["bob", "viewer"]) expect((await guarded.krm(user, url, unless)).status).toBe(403);
    expect((await guarded.krm("bob", url, { "if-none-match": "*" })).status).toBe(403);
    expect((await guarded.krm("token:none", url, unless)).status).toBe(401);
  });

  it("by compression", async () => {
    const url = "/api/v1/namespaces/team-a/pods";
    const gzip = { "accept-encoding": "gzip" };
    const packed = await guarded.krm("ada", url, gzip);
    expect(packed.headers).toMatchObject({ "content-encoding": "gzip", vary: "Authorization, Accept-Encoding" });
    const refused = await guarded.krm("bob", url, gzip);
    expect([refused.status, refused.headers["content-encoding"]]).toEqual([403, undefined]);
  });

  it.each(["/api/v1", ""])("by a continue token: it is authorized anew under %j", async (root) => {
    const all = `${root}/pods?limit=50`;
    const token = (body: string): string =>
      encodeURIComponent((JSON.parse(body) as { readonly metadata: { readonly continue: string } }).metadata.continue);
    const first = await guarded.krm("ops", all);
    const next = token(first.body);
    expect(namesIn(await guarded.krm("ops", `${all}&continue=${next}`))).toHaveLength(32);
    for (const user of ["ada", "bob", "viewer"]) {
      expect((await guarded.krm(user, `${all}&continue=${next}`)).status, user).toBe(403);
    }
    // In a namespace of one's own it brings nothing of another.
    const mine = root === "" ? "/pods?namespace=team-a&limit=50" : "/api/v1/namespaces/team-a/pods?limit=50";
    const own = await guarded.krm("ada", `${mine}&continue=${next}`);
    expect(own.body).not.toContain("team-b/");
    if (own.status === 200) expect(namesIn(own).filter((name) => !name.startsWith("team-a/"))).toEqual([]);
    const page = await guarded.krm("ada", mine.replace("50", "10"));
    expect((await guarded.krm("bob", `${mine}&continue=${token(page.body)}`)).status).toBe(403);
    expect(namesIn(await guarded.krm("ops", `${mine}&continue=${token(page.body)}`))).toHaveLength(31);
  });
});
