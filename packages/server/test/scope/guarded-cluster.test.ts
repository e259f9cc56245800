import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GuardedCluster, guardedCluster, namesIn, READ_PODS } from "../auth/guarded-cluster.ts";
import { Audited } from "../support/audited.ts";

const audit = new Audited();
let guarded: GuardedCluster;
beforeAll(async () => {
  guarded = await guardedCluster({ audit });
});
afterAll(async () => guarded[Symbol.asyncDispose]());

describe.each(["", "/api/v1"])("with rights of a cluster, under %j", (root) => {
  it("a ConfigMap reader never gets a Secret of the same name", async () => {
    const maps = { verbs: ["list"], apiGroups: [""], resources: ["configmaps"], namespaces: ["team-a"] };
    guarded.grant("half", maps);
    await guarded.clock.advance(10_000);
    const own = await guarded.krm("half", `${root}/configmaps?scope=accessible`);
    expect([namesIn(own), own.headers["krm-scope-namespaces"]]).toEqual([["team-a/same"], "1"]);
    for (const more of ["", "&limit=1", "&fieldSelector=metadata.name%3Dsame", "&resourceVersion=0"]) {
      const hidden = await guarded.krm("half", `${root}/secrets?scope=accessible${more}`);
      expect([hidden.status, namesIn(hidden), hidden.body.includes("czNjcmV0")]).toEqual([200, [], false]);
    }
  });

  it("answers are asked for once in ten seconds, for each namespace", async () => {
    await using fresh = await guardedCluster();
    const url = `${root}/pods?scope=accessible&limit=5`;
    for (let round = 0; round < 3; round++) expect((await fresh.krm("ada", url)).status).toBe(200);
    // Everywhere, team-a, team-b.
    expect(fresh.reviews("subjectaccessreviews")).toBe(3);
    await fresh.clock.advance(10_000);
    fresh.grant("ada", { ...READ_PODS, namespaces: ["team-b"] });
    const moved = namesIn(await fresh.krm("ada", url));
    expect(moved).toHaveLength(5);
    expect(moved.every((name) => name.startsWith("team-b/"))).toBe(true);
    await fresh.apiServer.stop();
    await fresh.clock.advance(9999);
    expect((await fresh.krm("ada", url)).status).toBe(200);
    await fresh.clock.advance(1);
    expect((await fresh.krm("ada", url)).status).toBe(503);
  });

  it("a right to single names in a namespace is none to list in it", async () => {
    const named = await guarded.krm("named", `${root}/pods?scope=accessible`);
    expect([named.status, namesIn(named)]).toEqual([200, []]);
  });

  it("the audit log tells that it was less than all", async () => {
    audit.waiting.length = 0;
    const url = `${root}/pods?scope=accessible`;
    await guarded.krm("ada", url);
    expect(await audit.next()).toMatchObject({
      requestURI: url,
      verb: "list",
      objectRef: { resource: "pods", apiVersion: "v1" },
      responseStatus: { code: 200 },
      annotations: {
        "authorization.k8s.io/decision": "allow",
        "authorization.k8s.io/reason": "scope=accessible: in 1 namespace",
      },
    });
  });
});
