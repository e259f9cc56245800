import { DEPLOYMENTS, type KrmError, PODS, type ResourceType } from "@krm/core";
import { describe, expect, it } from "vitest";
import { KubernetesSource } from "../src/index.ts";
import { failure, json, TestServer } from "./support/test-server.ts";

type Answer = readonly [status: number, body: string | object];
/** By path: the body of a 200, or status and body. What is left out is not found. */
type Answers = Readonly<Record<string, object | Answer>>;

const NOT_FOUND: Answer = [404, "404 page not found\n"];
const resources = (...names: string[]): object => ({
  kind: "APIResourceList",
  resources: names.map((name) => ({ name, kind: "X", namespaced: true, verbs: ["list"] })),
});
const groups = (...named: (readonly [name: string, ...versions: string[]])[]): object => ({
  kind: "APIGroupList",
  groups: named.map(([name, ...versions]) => ({
    name,
    versions: versions.map((version) => ({ groupVersion: `${name}/${version}`, version })),
    preferredVersion: { groupVersion: `${name}/${versions[0]}`, version: versions[0] },
  })),
});
const status = (code: number, reason: string): Answer => [code, { kind: "Status", code, reason, message: reason }];

/** The answer, or the error, and what was asked for. */
async function ask(
  resource: ResourceType,
  answers: Answers,
): Promise<{ served: boolean | KrmError; asked: readonly string[] }> {
  await using server = await TestServer.start((request, response) => {
    const answer = answers[request.url ?? ""] ?? NOT_FOUND;
    const [code, body]: Answer = Array.isArray(answer) ? (answer as unknown as Answer) : [200, answer];
    if (typeof body === "string") response.writeHead(code, { "content-type": "text/plain" }).end(body);
    else json(response, body, code);
  });
  await using source = new KubernetesSource({ kubeConfig: server.config() });
  const work = source.listWatch({ resource }).served();
  const served = await work.catch((error: unknown) => error as KrmError);
  return { served, asked: server.requests.map(({ url }) => url.pathname) };
}

describe("served", () => {
  it("is true where discovery names the resource", async () => {
    expect(await ask(PODS, { "/api/v1": resources("nodes", "pods", "pods/status") })).toEqual({
      served: true,
      asked: ["/api/v1"],
    });
    expect(await ask(DEPLOYMENTS, { "/apis/apps/v1": resources("deployments") })).toEqual({
      served: true,
      asked: ["/apis/apps/v1"],
    });
  });

  it.each([
    ["other resources", resources("nodes", "pods/status")],
    ["none", { kind: "APIResourceList", resources: null }],
  ])("is false where discovery names %s", async (_what, list) => {
    expect((await ask(PODS, { "/api/v1": list })).served).toBe(false);
    expect((await ask(DEPLOYMENTS, { "/apis/apps/v1": list })).served).toBe(false);
  });

  it.each([
    ["other groups", groups(["batch", "v1"])],
    ["other versions of the group", groups(["apps", "v2", "v1beta1"], ["batch", "v1"])],
    ["no groups at all", { kind: "APIGroupList", groups: null }],
  ])("is false where the group version is not found, and the list of groups names %s", async (_what, list) => {
    const { served, asked } = await ask(DEPLOYMENTS, { "/apis": list });
    expect([served, asked]).toEqual([false, ["/apis/apps/v1", "/apis"]]);
  });

  it("asks the core group's own list where that is the group", async () => {
    const versions = (...all: string[]): object => ({ kind: "APIVersions", versions: all });
    expect(await ask(PODS, { "/api": versions("v2"), "/apis": groups(["apps", "v1"]) })).toEqual({
      served: false,
      asked: ["/api/v1", "/api"],
    });
    expect((await ask(PODS, { "/api": versions("v1") })).served).toMatchObject({ status: { code: 404 } });
  });

  it.each([
    ["is found in the list of groups", { "/apis": groups(["apps", "v1beta1", "v1"]) }, 404],
    ["is not found, and neither is the list of groups", {}, 404],
    ["is not found, and the list of groups is forbidden", { "/apis": status(403, "Forbidden") }, 403],
    ["is not found, and the list of groups fails", { "/apis": status(500, "InternalError") }, 500],
    ["cannot be reached", { "/apis/apps/v1": status(503, "ServiceUnavailable"), "/apis": groups() }, 503],
    ["is forbidden", { "/apis/apps/v1": status(403, "Forbidden"), "/apis": groups() }, 403],
    ["is gone in between", { "/apis/apps/v1": status(410, "Gone"), "/apis": groups() }, 410],
  ] as const)("does not say where the group version %s", async (_what, answers, code) => {
    expect((await ask(DEPLOYMENTS, answers)).served).toMatchObject({ code: "KRM_API_STATUS", status: { code } });
  });

  it.each([
    ["an empty object", { "/apis/apps/v1": {} }],
    ["a list without resources", { "/apis/apps/v1": { kind: "APIResourceList" } }],
    ["another kind", { "/apis/apps/v1": { kind: "DeploymentList", resources: [] } }],
    ["a page", { "/apis/apps/v1": [200, "<html>"] }],
    ["an empty object for the groups", { "/apis": {} }],
    ["versions for the groups", { "/apis": { kind: "APIVersions", versions: ["v1"], groups: [] } }],
  ] as const)("does not take %s for an answer", async (_what, answers) => {
    expect((await ask(DEPLOYMENTS, answers as Answers)).served).toMatchObject({ code: "KRM_DECODE" });
  });

  it("tells a connection that fails, and rejects with the signal's reason when aborted", async () => {
    const server = await TestServer.start(() => {});
    const kubeConfig = server.config();
    await server[Symbol.asyncDispose]();
    await using source = new KubernetesSource({ kubeConfig });
    const pods = source.listWatch({ resource: PODS });
    expect(await failure(pods.served())).toMatchObject({ code: "KRM_CONNECTION" });
    const reason = new Error("enough");
    expect(await failure(pods.served({ signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});
