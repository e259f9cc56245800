import { Validator } from "@seriousme/openapi-schema-validator";
import Fastify, { type LightMyRequestResponse } from "fastify";
import { DEPLOYMENTS, NODES, PODS } from "@krm/core";
import { LIST_PARAMETERS } from "@krm/protocol";
import { krmPlugin, type KrmPluginOptions } from "@krm/server";
import { describe, expect, it } from "vitest";
import { RecordingUpstream } from "./forwarding/recording-upstream.ts";
import { type TestApp, testApp } from "./support/app.ts";
import { fill, object, pod } from "./support/fixtures.ts";

const METRICS = { contentType: "text/plain", metrics: async () => "up 1\n" };

interface Parameter {
  readonly name: string;
  readonly in: string;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly get: {
          readonly operationId: string;
          readonly parameters?: readonly Parameter[];
          readonly responses: Readonly<Record<string, { readonly headers?: object; readonly content?: object }>>;
        };
      }
    >
  >;
}

const documentOf = async (test: TestApp): Promise<Document> => (await test.get("/openapi.json")).json<Document>();

/** Everything on: whatever can be in the document is. */
const EVERYTHING: Partial<KrmPluginOptions> = { metrics: METRICS, upstream: new RecordingUpstream() };

describe("/openapi.json", () => {
  it.each([
    ["with everything", EVERYTHING],
    ["with nothing beside", {}],
  ])("is OpenAPI, %s", async (_, options) => {
    await using test = testApp(options);
    const document = await documentOf(test);
    expect(document.openapi).toBe("3.1.0");
    const validator = new Validator();
    expect(await validator.validate({ ...document })).toEqual({ valid: true });
    const ids = Object.values(document.paths).map(({ get }) => get.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("names every parameter of its paths, and no other", async () => {
    await using test = testApp(EVERYTHING);
    for (const [path, { get }] of Object.entries((await documentOf(test)).paths)) {
      const named = (get.parameters ?? []).filter((one) => one.in === "path").map(({ name }) => name);
      expect({ path, named }).toEqual({ path, named: [...path.matchAll(/\{(\w+)\}/gu)].map(([, name]) => name) });
    }
  });

  it("tells every route that there is, and no other", async () => {
    const routes = new Set<string>();
    const app = Fastify();
    app.addHook("onRoute", ({ url }) => void routes.add(url));
    await using test = testApp(EVERYTHING);
    app.register(krmPlugin, { store: test.store, ...EVERYTHING });
    await app.ready();
    expect(routes.size).toBeGreaterThan(10);
    const paths = Object.keys((await documentOf(test)).paths);
    const tells = (route: string): boolean =>
      route.endsWith("/*")
        ? paths.some((path) => path.startsWith(route.slice(0, -1)))
        : paths.includes(route.replaceAll(/:(\w+)/gu, "{$1}"));
    expect([...routes].filter((route) => !tells(route))).toEqual([]);
    const own = [...routes].map((route) => route.replaceAll(/:(\w+)/gu, "{$1}"));
    const answers = (path: string): boolean =>
      own.some((route) => (route.endsWith("/*") ? path.startsWith(route.slice(0, -1)) : path === route));
    expect(paths.filter((path) => !answers(path))).toEqual([]);
    await app.close();
  });

  it("tells of the flat list every parameter", async () => {
    await using test = testApp();
    const list = (await documentOf(test)).paths["/{resource}"]?.get.parameters ?? [];
    expect(list.filter((one) => one.in === "query").map(({ name }) => name)).toEqual(LIST_PARAMETERS);
  });

  it("has of every path the answer that it gives, in the form that it is given in", async () => {
    await using test = testApp({ metrics: METRICS });
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    await fill(test.store, { resource: DEPLOYMENTS }, [object({ name: "a", namespace: "team-a" })]);
    await fill(test.store, { resource: NODES }, [object({ name: "a", namespace: "" })]);
    const document = await documentOf(test);
    for (const path of Object.keys(document.paths)) {
      const url = concrete(path);
      // A watch would go on; what it refuses is an answer too.
      const asked = /\/watch\//u.test(path) ? `${url}?timeoutSeconds=x` : url;
      expect({ path, wrong: unexpected(document, path, await test.get(asked)) }).toEqual({ path, wrong: [] });
    }
  });

  it.each([
    ["/pods?nonsense=1", "/{resource}"],
    ["/nothing", "/{resource}"],
    ["/pods?resourceVersion=1&resourceVersionMatch=Exact", "/{resource}"],
    ["/status?nonsense=1", "/status"],
    ["/livez?nonsense=1", "/livez"],
    ["/openapi.json?nonsense=1", "/openapi.json"],
    ["/api/v1/secrets", "/api/{version}/{resource}"],
    ["/api/v1/pods?limit=x", "/api/{version}/{resource}"],
    ["/api/v1/pods?resourceVersionMatch=Exact", "/api/{version}/{resource}"],
    ["/api/v1/namespaces/team-a/pods/none", "/api/{version}/namespaces/{namespace}/{resource}/{name}"],
    ["/api/v1/namespaces/team-a", "/api/{version}/{resource}/{name}"],
  ])("has the refusal of %s", async (url, path) => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    const response = await test.get(url);
    expect(response.statusCode).toBeGreaterThanOrEqual(400);
    const document = await documentOf(test);
    expect(unexpected(document, path, response)).toEqual([]);
    expect(Object.keys(document.paths[path]?.get.responses ?? {})).toContain(String(response.statusCode));
  });

  it("tells where reads are sent on, and only there", async () => {
    await using test = testApp();
    await using sending = testApp({ upstream: new RecordingUpstream() });
    const [kept, sent] = [JSON.stringify(await documentOf(test)), JSON.stringify(await documentOf(sending))];
    expect(kept).not.toMatch(/KRM-Forwarded|"\/openapi\/v3"|"502"/u);
    expect(sent).toMatch(/KRM-Forwarded.*"502".*"\/openapi\/v3"/u);
  });

  it("tells /metrics only where there is one", async () => {
    await using test = testApp();
    expect(Object.keys((await documentOf(test)).paths)).not.toContain("/metrics");
  });
});

/** A path with something that is there in it. */
function concrete(path: string): string {
  const isGroup = path.startsWith("/apis/");
  const isNamespaced = path.includes("{namespace}");
  const values: Readonly<Record<string, string>> = {
    group: "apps",
    version: "v1",
    namespace: "team-a",
    name: "a",
    resource: isGroup ? "deployments" : !isNamespaced && path.includes("{name}") ? "nodes" : "pods",
  };
  return path.replaceAll(/\{(\w+)\}/gu, (_, name: string) => values[name] ?? "");
}

/** What of an answer the document does not have. */
function unexpected(document: Document, path: string, response: LightMyRequestResponse): readonly string[] {
  const told = document.paths[path]?.get.responses[response.statusCode];
  if (told === undefined) return [`no answer ${response.statusCode}`];
  const type = (response.headers["content-type"] ?? "").split(";")[0] ?? "";
  const wrong = Object.keys(told.content ?? {}).includes(type) ? [] : [`no ${type} in ${response.statusCode}`];
  const headers = Object.keys(told.headers ?? {}).map((name) => name.toLowerCase());
  const own = Object.keys(response.headers).filter((name) => /^krm-|^etag$|^retry-after$/u.test(name));
  // Every error about a view says how far it can be trusted: the contract has it, once for all.
  if (response.statusCode >= 400) return wrong;
  return [...wrong, ...own.filter((name) => !headers.includes(name)).map((name) => `no header ${name}`)];
}
