import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { goYaml } from "@krm/apimachinery";
import { decodeObject, PODS } from "@krm/core";
import { krmPlugin } from "@krm/server";
import { WIDGETS } from "@krm/testkit";
import Fastify from "fastify";
import { describe, expect, it } from "vitest";
import { failure, testApp } from "../support/app.ts";
import { fill, object, pod } from "../support/fixtures.ts";

const as = (form: string, version = "v1"): string => `application/json;as=${form};v=${version};g=meta.k8s.io`;

describe("the form of an answer", () => {
  it.each([
    ["/api/v1/pods", as("PartialObjectMetadata"), "partial-object-metadata is for one object"],
    ["/api/v1/namespaces/team-a/pods/a", as("PartialObjectMetadataList"), "is for a list"],
    ["/api/v1/pods", "text/html", "406: Not Acceptable"],
    ["/api/v1/pods", "application/vnd.kubernetes.protobuf", "406: Not Acceptable"],
    ["/api", "text/html", "406: Not Acceptable"],
    ["/api/v1", "text/html", "406: Not Acceptable"],
  ])("%s as %s is a 406", async (path, accept, message) => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    const answer = failure(await test.get(path, { accept }));
    expect(answer.code).toBe(406);
    expect(answer.message).toContain(message);
  });

  it("falls back as its reader says", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    const accept = `application/vnd.kubernetes.protobuf, ${as("Table", "v9")}, application/json`;
    expect((await test.get("/api/v1/pods", { accept })).json()).toMatchObject({ kind: "PodList" });
  });

  it("is a Table of the version asked for, with what is to be in its rows", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    const table = async (query: string): Promise<unknown> =>
      (await test.get(`/api/v1/pods${query}`, { accept: as("Table", "v1beta1") })).json();
    expect(await table("")).toMatchObject({
      kind: "Table",
      apiVersion: "meta.k8s.io/v1beta1",
      rows: [{ object: { kind: "PartialObjectMetadata", metadata: { name: "a" } } }],
    });
    expect(await table("?includeObject=None")).toMatchObject({ rows: [{ object: null }] });
    expect(await table("?includeObject=Object")).toMatchObject({
      rows: [{ object: { kind: "Pod", apiVersion: "v1" } }],
    });
    const wrong = await test.get("/api/v1/pods?includeObject=All", { accept: as("Table") });
    expect(failure(wrong)).toMatchObject({ code: 400 });
  });

  it("metadata alone is a part of the stored bytes: no number changes", async () => {
    await using test = testApp();
    const metadata = (name: string): string =>
      `{"name":"${name}","namespace":"n","uid":"u-${name}","resourceVersion":"5","generation":9007199254740993}`;
    const objects = ["a", "b"].map((name) => decodeObject(Buffer.from(`{"metadata":${metadata(name)},"spec":{}}`)));
    await fill(test.store, { resource: PODS }, objects);
    const shown = (name: string): string =>
      `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":${metadata(name)}}`;
    const list = await test.get("/api/v1/pods", { accept: as("PartialObjectMetadataList") });
    expect(list.body).toContain(`"items":[${shown("a")},${shown("b")}]}\n`);
    const one = await test.get("/api/v1/namespaces/n/pods/b", { accept: as("PartialObjectMetadata") });
    expect(one.body).toBe(`${shown("b")}\n`);
  });

  it("of a custom resource is a Table of names and ages, or YAML with kinds", async () => {
    await using test = testApp();
    await fill(test.store, { resource: WIDGETS }, [object({ namespace: "team-a", name: "w" })]);
    const accept = as("Table");
    expect((await test.get("/apis/example.krm.dev/v1/widgets", { accept })).json()).toMatchObject({
      columnDefinitions: [{ name: "Name" }, { name: "Age" }],
      rows: [{ cells: ["w", "<unknown>"] }],
    });
    const yaml = await test.get("/apis/example.krm.dev/v1/widgets", { accept: "application/yaml" });
    expect(yaml.headers["content-type"]).toBe("application/yaml");
    expect(yaml.body).toContain("items:\n- apiVersion: example.krm.dev/v1\n  kind: Widget\n");
  });

  it("of an empty list is empty in every way", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    const get = async (accept: string): Promise<string> => (await test.get("/api/v1/pods", { accept })).body;
    expect(await get(as("PartialObjectMetadataList"))).toContain('"items":null}');
    expect(await get(as("Table"))).toContain('"rows":[]}');
    expect(await get("application/yaml")).toBe(
      'apiVersion: v1\nitems: []\nkind: PodList\nmetadata:\n  resourceVersion: "100"\n',
    );
  });
});

describe("numbers", () => {
  const big = { spec: { size: 9_007_199_254_740_993n, share: "1.0" } };
  const json = `{"metadata":{"name":"w","namespace":"team-a","uid":"u","resourceVersion":"1"},"spec":{"size":${big.spec.size},"share":${big.spec.share}}}`;

  it.each(["/apis/example.krm.dev/v1/widgets", "/apis/example.krm.dev/v1/namespaces/team-a/widgets/w"])(
    "stay as they are in every form: %s",
    async (path) => {
      await using test = testApp();
      await fill(test.store, { resource: WIDGETS }, [
        decodeObject(Buffer.from(json)),
        object({ name: "x", namespace: "team-a" }),
      ]);
      const yaml = await test.get(path, { accept: "application/yaml" });
      expect(yaml.body).toContain("share: 1.0\n");
      expect(yaml.body).toContain("size: 9007199254740993\n");
      const table = await test.get(`${path}?includeObject=Object`, { accept: as("Table") });
      expect(table.body).toContain(`"object":{"apiVersion":"example.krm.dev/v1","kind":"Widget",${json.slice(1)}}`);
      const { rows } = table.json<{ rows: { cells: string[]; object: { metadata: { name: string } } }[] }>();
      expect(rows.map(({ cells, object: { metadata } }) => [cells[0], metadata.name])).toEqual(
        path.endsWith("/w")
          ? [["w", "w"]]
          : [
              ["w", "w"],
              ["x", "x"],
            ],
      );
    },
  );
});

it.each([as("Table"), as("PartialObjectMetadataList"), "application/yaml"])(
  "HEAD writes no body, and tells no length of it: %s",
  async (accept) => {
    await using test = testApp();
    // What cannot be shown makes any writing of it fail.
    await fill(test.store, { resource: PODS }, [{ ...pod({ name: "a" }), bytes: Buffer.from("{") }]);
    const head = await test.app.inject({ method: "HEAD", url: "/api/v1/pods", headers: { accept } });
    expect([head.statusCode, head.headers["content-length"], head.body]).toEqual([200, undefined, ""]);
    expect(head.headers["content-type"]).toContain(accept.split(";")[0]);
    expect(head.headers["krm-state"]).toBe("synced");
  },
);

describe("discovery", () => {
  it("is YAML too", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    for (const path of ["/api", "/apis", "/api/v1"]) {
      const response = await test.get(path, { accept: "application/yaml" });
      expect(response.headers["content-type"]).toBe("application/yaml");
      expect(response.body).toBe(goYaml((await test.get(path)).json()));
    }
  });

  it("tells in every version what is watched, and only that", async () => {
    await using test = testApp();
    await fill(test.store, { resource: WIDGETS }, []);
    await fill(test.store, { resource: PODS }, []);
    const aggregated = (version: string): string =>
      `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    for (const version of ["v2", "v2beta1"]) {
      const response = await test.get("/apis", { accept: `${aggregated(version)},application/json` });
      expect(response.headers["content-type"]).toBe(aggregated(version));
      expect(response.headers["vary"]).toBe("Accept");
      expect(response.json()).toMatchObject({
        apiVersion: `apidiscovery.k8s.io/${version}`,
        items: [{ metadata: { name: "example.krm.dev" }, versions: [{ resources: [{ resource: "widgets" }] }] }],
      });
    }
    expect((await test.get("/apis/example.krm.dev/v1")).json()).toMatchObject({
      resources: [{ name: "widgets", kind: "Widget", shortNames: ["wd"], verbs: ["get", "list", "watch"] }],
    });
    expect((await test.get("/api/v1")).json()).toMatchObject({ resources: [{ name: "pods", categories: ["all"] }] });
  });

  it("tells where the server is", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    expect((await test.get("/api", { host: "krm.example:8003" })).json()).toEqual({
      kind: "APIVersions",
      versions: ["v1"],
      serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: "krm.example:8003" }],
    });
  });

  it("tells over HTTP/2 where the server is", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    const app = Fastify({ http2: true });
    app.register(krmPlugin, { store: test.store, clock: test.clock });
    const client = connect(await app.listen({ host: "127.0.0.1", port: 0 }));
    const answer = await text(client.request({ ":path": "/api", ":authority": "krm.example:8003" }));
    client.close();
    await app.close();
    expect(JSON.parse(answer)).toMatchObject({
      serverAddressByClientCIDRs: [{ serverAddress: "krm.example:8003" }],
    });
  });

  it("waits for the first that is watched: clients remember for hours what it says", async () => {
    await using test = testApp();
    for (const path of ["/api", "/apis", "/api/v1", "/api/v1/pods"]) {
      const response = await test.get(path);
      expect(failure(response)).toMatchObject({ code: 503, causes: ["ViewSyncing"] });
      expect(response.headers["retry-after"]).toBe("1");
    }
  });
});
