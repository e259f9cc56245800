import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { DEPLOYMENTS, NODES, PODS } from "@krm/core";
import { WIDGETS } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { failure, names, testApp } from "../support/app.ts";
import { fill, metaAt, object, pod } from "../support/fixtures.ts";

const ALL = { resource: PODS };
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

describe("lists and objects", () => {
  it("are the stored bytes, with what the place asks for around them", async () => {
    await using test = testApp();
    const a = pod({ name: "a" });
    const odd = pod({ name: "odd", labels: { "x\u2028": "<&>" } });
    await fill(test.store, ALL, [a, odd]);
    const list = await test.get("/api/v1/pods");
    expect(list.headers["content-type"]).toBe("application/json");
    expect(list.body).toBe(
      `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"100"},"items":[${text(a.bytes)},${text(odd.bytes)}]}\n`,
    );
    const one = await test.get("/api/v1/namespaces/team-a/pods/odd");
    expect(one.body).toBe(`{"kind":"Pod","apiVersion":"v1",${text(odd.bytes).slice(1)}\n`);
  });

  it("of custom resources are sorted maps", async () => {
    await using test = testApp();
    const widget = object({ namespace: "team-a", name: "w" }, { spec: { size: 1 } });
    await fill(test.store, { resource: WIDGETS }, [widget]);
    const whole = `{"apiVersion":"example.krm.dev/v1","kind":"Widget",${text(widget.bytes).slice(1)}`;
    expect((await test.get("/apis/example.krm.dev/v1/widgets")).body).toBe(
      `{"apiVersion":"example.krm.dev/v1","items":[${whole}],"kind":"WidgetList","metadata":{"continue":"","resourceVersion":"100"}}\n`,
    );
    expect((await test.get("/apis/example.krm.dev/v1/namespaces/team-a/widgets/w")).body).toBe(`${whole}\n`);
  });

  it("are found by their paths", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" }), pod({ name: "a", namespace: "team-b" })]);
    await fill(test.store, { resource: NODES }, [object({ name: "node-1" })]);
    await fill(test.store, { resource: DEPLOYMENTS }, [object({ namespace: "team-a", name: "web" })]);
    expect(names(await test.get("/api/v1/pods"))).toEqual(["a", "a"]);
    expect(names(await test.get("/api/v1/pods/"))).toEqual(["a", "a"]);
    expect(names(await test.get("/api/v1/namespaces/team-b/pods"))).toEqual(["a"]);
    expect(names(await test.get("/api/v1/namespaces/none/pods"))).toEqual([]);
    expect(names(await test.get("/apis/apps/v1/namespaces/team-a/deployments"))).toEqual(["web"]);
    expect((await test.get("/api/v1/nodes/node-1")).json()).toMatchObject({ kind: "Node" });
  });

  it.each([
    ["/api/v1/pods/a", "the server could not find the requested resource"],
    ["/api/v1/namespaces/team-a/nodes", "the server could not find the requested resource"],
    ["/api/v1/namespaces/team-a/pods/a/status", "the server could not find the requested resource"],
    ["/api/v1/namespaces/team-a/pods/a/log", "the server could not find the requested resource"],
    ["/api/v1/po", "the server could not find the requested resource"],
    ["/api/v1/namespaces/team-a/pods/none", 'pods "none" not found'],
    ["/api/v1/nodes/none", 'nodes "none" not found'],
  ])("%s is a 404", async (path, message) => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    await fill(test.store, { resource: NODES }, []);
    expect(failure(await test.get(path))).toMatchObject({ code: 404, reason: "NotFound", message });
  });

  it.each(["/api/v2/pods", "/apis/apps/v1/deployments", "/apis/apps", "/apis/apps/v1", "/api/v2"])(
    "%s, of a group that is not watched, is the API server's text",
    async (path) => {
      await using test = testApp();
      await fill(test.store, ALL, []);
      const response = await test.get(path);
      expect([response.statusCode, response.body]).toEqual([404, "404 page not found\n"]);
    },
  );

  it("do not say that a namespace is not there where namespaces are not watched", async () => {
    await using test = testApp();
    await fill(test.store, ALL, []);
    expect(failure(await test.get("/api/v1/namespaces/team-a"))).toMatchObject({
      code: 405,
      message: "namespaces are not watched here",
    });
  });

  it("pass over unknown parameters, and all but the first of those that are given twice", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a", labels: { x: "1" } }), pod({ name: "b" })]);
    const query = "pretty=true&nothing=never&labelSelector=x&labelSelector=y&%zz";
    expect(names(await test.get(`/api/v1/pods?${query}`))).toEqual(["a"]);
  });

  it("answer HEAD with the headers alone", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    for (const url of ["/api/v1/pods", "/api/v1/namespaces/team-a/pods/a", "/api", "/version"]) {
      const [head, get] = await Promise.all([test.app.inject({ method: "HEAD", url }), test.get(url)]);
      expect(head.statusCode).toBe(200);
      expect(head.body).toBe("");
      expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
    }
  });

  it.each(["POST", "PUT", "PATCH", "DELETE"] as const)("%s is a 405", async (method) => {
    await using test = testApp();
    await fill(test.store, ALL, []);
    for (const url of ["/api/v1/namespaces/team-a/pods", "/api/v1/namespaces/team-a/pods/a", "/apis", "/version"]) {
      const response = await test.app.inject({ method, url, payload: "{}" });
      expect(failure(response)).toMatchObject({ code: 405, reason: "MethodNotAllowed" });
    }
  });

  it("have names of any length", async () => {
    await using test = testApp();
    const name = "n".repeat(253);
    await fill(test.store, ALL, [pod({ name })]);
    expect((await test.get(`/api/v1/namespaces/team-a/pods/${name}`)).json()).toMatchObject({ metadata: { name } });
  });

  it("are found by a target in absolute form, and below slashes that say nothing", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    await test.app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = test.app.server.address() as AddressInfo;
    const ask = async (path: string): Promise<number | undefined> => {
      const sent = request({ host: "127.0.0.1", port, path });
      sent.end();
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    const paths = ["/api/v1/namespaces/team-a/pods/a", "/api//v1/pods//", "/api//v1", "/version"];
    for (const path of [...paths, ...paths.map((each) => `http://krm.example:8003${each}?x=/`)])
      expect([path, await ask(path)]).toEqual([path, 200]);
  });

  it("are below a prefix that holds a parameter", async () => {
    await using test = testApp({ prefix: "/clusters/:cluster" });
    await fill(test.store, ALL, [pod({ name: "a" })]);
    expect(names(await test.get("/clusters/a-long-name/api/v1/pods"))).toEqual(["a"]);
  });

  it("are below the prefix where there is one", async () => {
    await using test = testApp({ prefix: "/cluster" });
    await fill(test.store, ALL, [pod({ name: "a" })]);
    expect(names(await test.get("/cluster/api/v1/namespaces/team-a/pods"))).toEqual(["a"]);
    expect((await test.get("/cluster/api/v1")).json()).toMatchObject({ groupVersion: "v1" });
    expect((await test.get("/api/v1/pods")).statusCode).toBe(404);
  });
});

describe("the tag of a list", () => {
  const METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

  it("stands for what the view shows: nothing new is a 304, of the same trust", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    for (const accept of ["application/json", METADATA, "application/yaml"]) {
      const first = await test.get("/api/v1/pods", { accept });
      const tag = first.headers["etag"] as string;
      const again = await test.get("/api/v1/pods", { accept, "if-none-match": tag });
      expect([again.statusCode, again.body, again.headers["etag"]], accept).toEqual([304, "", tag]);
      expect(again.headers["krm-state"]).toBe("synced");
    }
  });

  it("is another one after a change, for another form, for another question", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    const tag = async (path: string, accept = "application/json"): Promise<unknown> =>
      (await test.get(path, { accept })).headers["etag"];
    const before = await tag("/api/v1/pods");
    const others = [
      await tag("/api/v1/pods", METADATA),
      await tag("/api/v1/pods", "application/yaml"),
      await tag("/api/v1/namespaces/team-a/pods"),
      await tag("/api/v1/pods?labelSelector=app%3Dweb"),
      await tag("/pods"),
    ];
    expect(new Set([before, ...others]).size).toBe(6);
    await fill(test.store, ALL, [pod({ name: "a", version: "9" })]);
    const changed = await test.get("/api/v1/pods", { "if-none-match": before as string });
    expect(changed.statusCode).toBe(200);
    expect(changed.headers["etag"]).not.toBe(before);
  });

  it("is not on Tables, whose ages go on, nor on what could not be answered", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    const table = await test.get("/api/v1/pods", { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
    expect(table.headers["etag"]).toBeUndefined();
    const gone = "/api/v1/pods?resourceVersion=5&resourceVersionMatch=Exact";
    const refused = await test.get(gone, { "if-none-match": "*" });
    expect(refused.statusCode).toBe(410);
    expect(refused.headers["etag"]).toBeUndefined();
  });
});

describe("long answers", () => {
  const many = Array.from({ length: 400 }, (_, at) => pod({ name: `pod-${at}`, labels: { long: "x".repeat(600) } }));
  const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

  it.each(["application/json", TABLE, "application/yaml"])("are compressed for whom takes gzip: %s", async (accept) => {
    await using test = testApp();
    await fill(test.store, ALL, many);
    const headers = { accept };
    const plain = await test.get("/api/v1/pods", headers);
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(plain.headers["vary"]).toBe("Accept-Encoding");
    const packed = await test.get("/api/v1/pods", { ...headers, "accept-encoding": "deflate, gzip;q=0.5" });
    expect(packed.headers["content-encoding"]).toBe("gzip");
    expect(packed.headers["content-length"]).toBeUndefined();
    expect(packed.headers["krm-state"]).toBe("synced");
    expect(gunzipSync(packed.rawPayload).toString("utf8")).toBe(plain.body);
  });

  it("are told apart from short ones, which are not worth it", async () => {
    await using test = testApp();
    await fill(test.store, ALL, many.slice(0, 10));
    const response = await test.get("/api/v1/pods", { "accept-encoding": "gzip" });
    expect(response.headers["content-encoding"]).toBeUndefined();
    expect(response.headers["vary"]).toBeUndefined();
  });

  it("come whole in every form, though they are written in parts", async () => {
    await using test = testApp();
    await fill(test.store, ALL, many, metaAt("100"));
    const table = (await test.get("/api/v1/pods", { accept: TABLE })).json<{
      readonly rows: readonly { readonly cells: readonly unknown[] }[];
    }>();
    expect(table.rows.map(({ cells }) => cells[0])).toEqual(names(await test.get("/api/v1/pods")));
    const accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    expect(names(await test.get("/api/v1/pods", { accept }))).toHaveLength(400);
    const yaml = (await test.get("/api/v1/pods", { accept: "application/yaml" })).body;
    expect(yaml.match(/^- metadata:$/gmu)).toHaveLength(400);
    expect(yaml).toMatch(/^apiVersion: v1\nitems:\n- metadata:\n/u);
    expect(yaml).toMatch(/\nkind: PodList\nmetadata:\n {2}resourceVersion: "100"\n$/u);
  });
});
