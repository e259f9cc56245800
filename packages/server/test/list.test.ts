import { describe, expect, it } from "vitest";
import {
  decodeObject,
  DEPLOYMENTS,
  INGRESSES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  type ResourceType,
} from "@krm/core";
import { failure, names, testApp } from "./support/app.ts";
import { fill, metaAt, object, pod } from "./support/fixtures.ts";

const WIDGETS: ResourceType = {
  group: "example.dev",
  version: "v1",
  resource: "widgets",
  kind: "Widget",
  listKind: "WidgetList",
  singular: "widget",
  shortNames: ["wd"],
  namespaced: true,
  custom: true,
};

describe("a flat list", () => {
  it("is a Kubernetes list of the stored bytes, unchanged", async () => {
    await using test = testApp();
    const text =
      '{"metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"7"},"x":9007199254740993,"y":1.0,"é":"\\u00e9"}';
    await fill(test.store, { resource: PODS }, [decodeObject(Buffer.from(text))], metaAt("9007199254740993"));
    const response = await test.get("/pods");
    expect(response.statusCode).toBe(200);
    expect(response.headers["content-type"]).toBe("application/json");
    expect(response.body).toBe(
      `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"9007199254740993"},"items":[${text}]}\n`,
    );
    expect(response.headers["content-length"]).toBe(String(Buffer.byteLength(response.body)));
  });

  it("is empty, not null, when nothing is there", async () => {
    await using test = testApp();
    await fill(test.store, { resource: DEPLOYMENTS }, []);
    expect((await test.get("/deployments")).body).toBe(
      '{"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{"resourceVersion":"100"},"items":[]}\n',
    );
  });

  it("gives items of custom resources their kind and apiVersion, in the API server's order", async () => {
    await using test = testApp();
    const widget = (name: string): string =>
      `{"metadata":{"name":"${name}","namespace":"n","resourceVersion":"7","uid":"u"},"spec":{"n":1.0}}`;
    const all = ["a", "b"].map((name) => decodeObject(Buffer.from(widget(name))));
    await fill(test.store, { resource: WIDGETS }, all);
    const response = await test.get("/widgets");
    const items = ["a", "b"].map((name) => `{"apiVersion":"example.dev/v1","kind":"Widget",${widget(name).slice(1)}`);
    expect(response.body).toBe(
      `{"kind":"WidgetList","apiVersion":"example.dev/v1","metadata":{"resourceVersion":"100"},"items":[${items.join(",")}]}\n`,
    );
  });

  it.each(["pods", "po"])("answers under %s", async (name) => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    expect(names(await test.get(`/${name}`))).toEqual(["a"]);
  });

  it.each([
    ["ingress", INGRESSES],
    ["ingresses", INGRESSES],
    ["ingresses.networking.k8s.io", INGRESSES],
    ["ing", INGRESSES],
    ["pvcs", PERSISTENT_VOLUME_CLAIMS],
    ["pvc", PERSISTENT_VOLUME_CLAIMS],
    ["persistentvolumeclaims", PERSISTENT_VOLUME_CLAIMS],
    ["deployments.apps", DEPLOYMENTS],
    ["wd", WIDGETS],
  ])("answers under %s", async (name, resource) => {
    await using test = testApp();
    await fill(test.store, { resource }, [object({ name: "a", namespace: "n" })]);
    expect(names(await test.get(`/${name}`))).toEqual(["a"]);
  });

  it("narrows by name and namespace", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, [
      pod({ name: "a", namespace: "n1" }),
      pod({ name: "a", namespace: "n2" }),
      pod({ name: "b", namespace: "n2" }),
    ]);
    expect(names(await test.get("/pods?namespace=n2"))).toEqual(["a", "b"]);
    expect(names(await test.get("/pods?name=a"))).toEqual(["a", "a"]);
    expect(names(await test.get("/pods?name=b&namespace=n2"))).toEqual(["b"]);
    expect(names(await test.get("/pods?name=b&namespace=n1"))).toEqual([]);
    expect(names(await test.get("/pods?namespace=elsewhere"))).toEqual([]);
    expect(names(await test.get("/pods?name=&namespace="))).toHaveLength(3);
  });

  it("finds a cluster-scoped object by its name", async () => {
    await using test = testApp();
    await fill(test.store, { resource: NODES }, [object({ name: "n1" }), object({ name: "n2" })]);
    expect(names(await test.get("/nodes?name=n2"))).toEqual(["n2"]);
    expect(failure(await test.get("/nodes?namespace=x"))).toMatchObject({
      code: 400,
      message: 'nodes have no namespace; leave out the query parameter "namespace"',
    });
  });

  it("stands in the order of the keys, also over many pieces", async () => {
    await using test = testApp();
    const filler = "x".repeat(50_000);
    const pods = Array.from({ length: 60 }, (_, index) =>
      object({ name: `p${String(index).padStart(3, "0")}`, namespace: index % 2 ? "b" : "b-c" }, { filler }),
    );
    await fill(test.store, { resource: PODS }, [
      ...pods,
      object({ name: "huge", namespace: "c" }, { filler: filler.repeat(50) }),
    ]);
    const response = await test.get("/pods");
    expect(response.headers["content-length"]).toBe(String(Buffer.byteLength(response.body)));
    const keys = response
      .json<{ items: { metadata: { namespace: string; name: string } }[] }>()
      .items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    expect(keys).toEqual(keys.toSorted());
    expect(keys).toHaveLength(61);
  });

  it("answers HEAD with the headers of GET and no body", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    const get = await test.get("/pods");
    const head = await test.app.inject({ method: "HEAD", url: "/pods" });
    expect(head.statusCode).toBe(200);
    expect(head.body).toBe("");
    const { date: _get, connection: _gc, ...expected } = get.headers;
    const { date: _head, connection: _hc, ...told } = head.headers;
    expect(told).toEqual(expected);
  });
});

describe("a path that is no resource", () => {
  it("is a 404 that lists what is watched", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    await fill(test.store, { resource: DEPLOYMENTS }, []);
    expect(failure(await test.get("/secrets"))).toEqual({
      code: 404,
      reason: "NotFound",
      message: '"secrets" is not watched here; watched resources: deployments.apps, pods',
      causes: ["ResourceNotWatched"],
    });
  });

  it("is a 400 where it could be several", async () => {
    await using test = testApp();
    await fill(test.store, { resource: { ...WIDGETS, group: "a.dev" } }, []);
    await fill(test.store, { resource: { ...WIDGETS, group: "b.dev" } }, []);
    expect(failure(await test.get("/widgets"))).toMatchObject({
      code: 400,
      message: '"widgets" names several resources; write one of widgets.a.dev, widgets.b.dev',
    });
    expect((await test.get("/widgets.a.dev")).statusCode).toBe(200);
  });

  it.each(["constructor", "__proto__", "toString"])("is a 404 under the name %s too", async (name) => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    expect(failure(await test.get(`/${name}`)).code).toBe(404);
  });

  it("is a 503 while nothing is watched at all", async () => {
    await using test = testApp();
    const response = await test.get("/pods");
    expect(failure(response)).toMatchObject({ code: 503, causes: ["ViewSyncing"] });
    expect(response.headers["krm-state"]).toBe("syncing");
    expect(response.headers["retry-after"]).toBe("1");
  });
});

describe("several namespaces of one resource", () => {
  it("are one list, in order, at the oldest of their versions", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS, namespace: "b" }, [pod({ name: "x", namespace: "b" })], metaAt("100"));
    await fill(test.store, { resource: PODS, namespace: "a" }, [pod({ name: "z", namespace: "a" })], metaAt("99"));
    const response = await test.get("/pods");
    expect(names(response)).toEqual(["z", "x"]);
    expect(response.json<{ metadata: object }>().metadata).toEqual({ resourceVersion: "99" });
    expect(response.headers["krm-streamed-through"]).toBe("99");
    expect(names(await test.get("/pods?namespace=b"))).toEqual(["x"]);
  });

  it("do not answer for another namespace", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS, namespace: "b" }, []);
    await fill(test.store, { resource: PODS, namespace: "a" }, []);
    for (const query of ["namespace=c", "fieldSelector=metadata.namespace%3Dc"])
      expect(failure(await test.get(`/pods?${query}`))).toEqual({
        code: 404,
        reason: "NotFound",
        message: 'pods of namespace "c" are not watched here; /status tells which are',
        causes: ["NamespaceNotWatched"],
      });
  });
});

describe("entity tags", () => {
  it("save the body while the view stays, and change with it", async () => {
    await using test = testApp();
    const scope = { resource: PODS };
    await fill(test.store, scope, [pod({ name: "a" })]);
    const first = await test.get("/pods");
    const etag = String(first.headers["etag"]);
    expect(etag).toMatch(/^W\/"/);
    const again = await test.get("/pods", { "if-none-match": `"other", ${etag}` });
    expect(again.statusCode).toBe(304);
    expect(again.body).toBe("");
    expect(again.headers["krm-state"]).toBe("synced");
    expect((await test.get("/pods?limit=5", { "if-none-match": etag })).statusCode).toBe(200);
    await fill(test.store, scope, [pod({ name: "a", version: "101" })], metaAt("101"));
    expect((await test.get("/pods", { "if-none-match": etag })).statusCode).toBe(200);
  });

  it("do not stand on a list that could not be made", async () => {
    await using test = testApp();
    const broken = { ...pod({ name: "a" }), labels: {}, bytes: Buffer.from(`{"spec":{"nodeName":n}}`) };
    await fill(test.store, { resource: PODS }, [broken]);
    const response = await test.get("/pods?node=n");
    expect(failure(response).code).toBe(500);
    expect(response.headers["etag"]).toBeUndefined();
  });

  it("tell another history apart", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    const etag = String((await test.get("/pods")).headers["etag"]);
    await fill(test.store, { resource: PODS }, [pod({ name: "b" })], metaAt("100", { epoch: 1 }));
    expect((await test.get("/pods", { "if-none-match": etag })).statusCode).toBe(200);
  });
});
