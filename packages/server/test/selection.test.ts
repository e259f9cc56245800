import { selectableFields, supportedFields } from "@krm/apimachinery";
import { SeededRandom } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { FieldCache } from "../src/selection/field-cache.ts";
import { DEPLOYMENTS, NODES, PODS, SERVICES } from "@krm/core";
import { failure, names, testApp } from "./support/app.ts";
import { fill, object, pod } from "./support/fixtures.ts";

const PODS_OF_ALL_SORTS = [
  pod({ name: "a", labels: { app: "web" } }, "node-1", "Running"),
  pod({ name: "b", labels: { app: "web", tier: "x" } }, "node-2", "Pending"),
  pod({ name: "c", labels: { app: "db", tier: "y", weight: "5" } }, "node-1", "Running"),
  pod({ name: "d" }, "", "Running"),
];

describe("labels", () => {
  it.each([
    ["app=web", ["a", "b"]],
    ["app==web", ["a", "b"]],
    ["app!=web", ["c", "d"]],
    ["app in (web,db)", ["a", "b", "c"]],
    ["app notin (web)", ["c", "d"]],
    ["tier", ["b", "c"]],
    ["!tier", ["a", "d"]],
    ["weight>4", ["c"]],
    ["weight<5", []],
    ["app=web,!tier", ["a"]],
    ["tier in (x,y),app=db", ["c"]],
  ])("select by %s", async (selector, expected) => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, PODS_OF_ALL_SORTS);
    for (const parameter of ["labelSelector", "label_selector"]) {
      expect(names(await test.get(`/pods?${parameter}=${encodeURIComponent(selector)}`))).toEqual(expected);
    }
  });

  it.each([
    ["app in (web", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["=x", "found '=', expected: !, identifier, or 'end of string'"],
    ["app=web,", "found '', expected: identifier after ','"],
    ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ["app=we b", "found 'b', expected: ',' or 'end of string'"],
  ])("refuse %s as the API server does", async (selector, message) => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    const response = await test.get(`/pods?labelSelector=${encodeURIComponent(selector)}`);
    expect(failure(response)).toEqual({ code: 400, reason: "BadRequest", message, causes: ["InvalidParameter"] });
  });
});

describe("what is asked for again and again", () => {
  it("is answered the same, by every combination, also after changes", async () => {
    await using test = testApp();
    const scope = { resource: PODS };
    // Fewer are not looked up.
    const others = Array.from({ length: 100 }, (_, i) => pod({ name: `z${i}` }, `other-${i}`, "Unknown"));
    await fill(test.store, scope, [...PODS_OF_ALL_SORTS, ...others]);
    const asks: readonly (readonly [string, readonly string[]])[] = [
      ["labelSelector=app%3Ddb", ["c"]],
      ["labelSelector=app%3Dweb,tier%3Dx", ["b"]],
      ["labelSelector=tier%20in%20(x,y)&node=node-1", ["c"]],
      ["fieldSelector=spec.nodeName%3Dnode-2", ["b"]],
      ["fieldSelector=spec.nodeName%3Dnode-1,status.phase%3DRunning&labelSelector=app!%3Ddb", ["a"]],
      ["fieldSelector=spec.nodeName%3Dnode-3", []],
    ];
    for (let time = 0; time < 4; time++)
      for (const [query, expected] of asks) expect(names(await test.get(`/pods?${query}`)), query).toEqual(expected);
    const moved = pod({ name: "a", labels: { app: "db" }, version: "9" }, "node-2", "Running");
    await fill(test.store, scope, [moved, ...PODS_OF_ALL_SORTS.slice(1), ...others]);
    expect(names(await test.get("/pods?labelSelector=app%3Ddb"))).toEqual(["a", "c"]);
    expect(names(await test.get("/pods?fieldSelector=spec.nodeName%3Dnode-2"))).toEqual(["a", "b"]);
    expect(names(await test.get("/pods?node=node-1"))).toEqual(["c"]);
  });

  it("pages of a selection come from one moment, also where it was looked up", async () => {
    await using test = testApp();
    const scope = { resource: PODS };
    const many = Array.from({ length: 100 }, (_, i) =>
      pod({ name: i < 4 ? `p${i}` : `q${i}`, labels: { app: i < 4 ? "web" : "db" } }),
    );
    await fill(test.store, scope, many);
    for (let time = 0; time < 3; time++) await test.get("/pods?labelSelector=app%3Dweb");
    const first = await test.get("/pods?labelSelector=app%3Dweb&limit=2");
    expect(names(first)).toEqual(["p0", "p1"]);
    const token = first.json<{ metadata: { continue: string } }>().metadata.continue;
    await fill(test.store, scope, [pod({ name: "p2", labels: { app: "db" }, version: "9" })]);
    const rest = `/pods?limit=2&continue=${encodeURIComponent(token)}`;
    expect(names(await test.get(`${rest}&labelSelector=app%3Dweb`))).toEqual(["p2", "p3"]);
  });
});

it("one reader's many selections do not drive out another's next page", async () => {
  await using test = testApp();
  const scope = { resource: PODS };
  await fill(
    test.store,
    scope,
    Array.from({ length: 9 }, (_, i) => pod({ name: `p${i}`, labels: { app: "web" } })),
  );
  const selected = (selector: string): string => `/pods?labelSelector=${encodeURIComponent(selector)}`;
  const first = await test.get(`${selected("app=web")}&limit=2`);
  const token = first.json<{ metadata: { continue: string } }>().metadata.continue;
  for (let i = 0; i < 300; i++) await test.get(`${selected(`app in (web,x${i})`)}&limit=1`);
  await fill(test.store, scope, [pod({ name: "p2", labels: { app: "db" }, version: "9" })]);
  const rest = await test.get(`${selected("app=web")}&limit=2&continue=${encodeURIComponent(token)}`);
  expect(names(rest)).toEqual(["p2", "p3"]);
});

it("a field is the same, whether it is read at its place or of the whole object", () => {
  const random = new SeededRandom("fields");
  const values = ["x", "", 7, true, null, {}, ["y"], undefined, 'a\\"b'] as const;
  for (const resource of [PODS, NODES, SERVICES, DEPLOYMENTS]) {
    const fields = supportedFields(resource);
    for (let round = 0; round < 200; round++) {
      const some = (...names: readonly string[]): Record<string, unknown> =>
        Object.fromEntries(names.map((name) => [name, random.pick(values)]));
      const one = object(
        { name: "a", namespace: "team-a" },
        {
          spec: some(
            "nodeName",
            "restartPolicy",
            "schedulerName",
            "serviceAccountName",
            "clusterIP",
            "type",
            "unschedulable",
          ),
          status: random.chance(0.1) ? null : some("phase", "podIP", "nominatedNodeName"),
        },
      );
      const whole = selectableFields(resource, JSON.parse(Buffer.from(one.bytes).toString()));
      const alone = fields.map((field) => [field, new FieldCache().fieldsOf(resource, one, [field])[field]]);
      expect(Object.fromEntries(alone), `round ${round}`).toEqual(whole);
      expect(new FieldCache().fieldsOf(resource, one, random.chance(0.5) ? fields : fields.toReversed())).toEqual(
        whole,
      );
    }
  }
});

describe("owners", () => {
  it("select what they own", async () => {
    await using test = testApp();
    const owned = (name: string, ...uids: string[]): ReturnType<typeof pod> =>
      object({ namespace: "team-a", name, ownerReferences: uids.map((uid) => ({ uid })) });
    await fill(test.store, { resource: PODS }, [owned("a", "x"), owned("b", "y", "x"), owned("c", "y"), owned("d")]);
    for (let time = 0; time < 3; time++) {
      expect(names(await test.get("/pods?owner=x"))).toEqual(["a", "b"]);
      expect(names(await test.get("/pods?owner=nobody"))).toEqual([]);
    }
  });
});

describe("fields", () => {
  it.each([
    ["metadata.name=a", ["a"]],
    ["metadata.name!=a", ["b", "c", "d"]],
    ["metadata.namespace=team-a,metadata.name=c", ["c"]],
    ["status.phase=Pending", ["b"]],
    ["spec.nodeName=node-1", ["a", "c"]],
    ["spec.nodeName=", ["d"]],
    ["spec.nodeName=node-1,status.phase!=Running", []],
    ["spec.host=node-2", ["b"]],
  ])("select by %s", async (selector, expected) => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, PODS_OF_ALL_SORTS);
    const url = `/pods?fieldSelector=${encodeURIComponent(selector)}`;
    expect(names(await test.get(url))).toEqual(expected);
    expect(names(await test.get(url))).toEqual(expected);
  });

  it("are those of the kind", async () => {
    await using test = testApp();
    await fill(test.store, { resource: NODES }, [
      object({ name: "n1" }, { spec: { unschedulable: true } }),
      object({ name: "n2" }, { spec: {} }),
    ]);
    await fill(test.store, { resource: SERVICES }, [
      object({ name: "s", namespace: "n" }, { spec: { type: "ClusterIP" } }),
    ]);
    await fill(test.store, { resource: DEPLOYMENTS }, []);
    expect(names(await test.get("/nodes?fieldSelector=spec.unschedulable%3Dtrue"))).toEqual(["n1"]);
    expect(names(await test.get("/nodes?fieldSelector=spec.unschedulable!%3Dtrue"))).toEqual(["n2"]);
    expect(names(await test.get("/services?fieldSelector=spec.type%3DClusterIP"))).toEqual(["s"]);
    expect(failure(await test.get("/deployments?fieldSelector=status.replicas%3D1"))).toMatchObject({
      code: 400,
      message: '"status.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
  });

  it.each([
    ["spec.nope=1", "field label not supported: spec.nope"],
    ["metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
  ])("refuse %s as the API server does", async (selector, message) => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    expect(failure(await test.get(`/pods?fieldSelector=${encodeURIComponent(selector)}`))).toMatchObject({
      code: 400,
      message,
    });
  });
});

describe("node", () => {
  it("narrows pods to those bound to it, together with all else", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, PODS_OF_ALL_SORTS);
    expect(names(await test.get("/pods?node=node-1"))).toEqual(["a", "c"]);
    expect(
      names(await test.get("/pods?node=node-1&labelSelector=app%3Ddb&fieldSelector=status.phase%3DRunning")),
    ).toEqual(["c"]);
    expect(names(await test.get("/pods?node=node-9"))).toEqual([]);
  });

  it("is for pods only", async () => {
    await using test = testApp();
    await fill(test.store, { resource: SERVICES }, []);
    const answer = failure(await test.get("/services?node=node-1"));
    expect(answer).toMatchObject({ code: 400, causes: ["UnknownParameter"] });
    expect(answer.message).toContain(
      'unknown query parameter "node"; known ones: name, namespace, owner, label_selector',
    );
  });
});

describe("many objects that were never parsed", () => {
  it("are selected right, with others served in between", async () => {
    await using test = testApp();
    const pods = Array.from({ length: 500 }, (_, index) => pod({ name: `p${1000 + index}` }, `node-${index % 10}`));
    await fill(test.store, { resource: PODS }, pods);
    const order: string[] = [];
    const slow = test.get("/pods?node=node-3").then((response) => {
      order.push("selected");
      return response;
    });
    const quick = test.get("/livez").then(() => order.push("livez"));
    await Promise.all([slow, quick]);
    expect(names(await slow)).toHaveLength(50);
    expect(order).toEqual(["livez", "selected"]);
  });
});
