import { type KrmError, KrmError as Errors, PODS } from "@krm/core";
import { describe, expect, it } from "vitest";
import { type DiscoveredResource, discoverResources, KubernetesSource, resolveResource } from "../src/index.ts";
import { editDistance } from "../src/discovery/nearest-names.ts";
import { failure, json, TestServer } from "./support/test-server.ts";

const VERBS = ["get", "list", "watch"];

function known(
  group: string,
  version: string,
  resource: string,
  kind: string,
  ...shortNames: string[]
): DiscoveredResource {
  return {
    group,
    version,
    resource,
    kind,
    listKind: `${kind}List`,
    singular: kind.toLowerCase(),
    shortNames,
    namespaced: true,
    custom: group.includes("example"),
    verbs: VERBS,
  };
}

const KNOWN = [
  known("", "v1", "pods", "Pod", "po"),
  known("", "v1", "services", "Service", "svc"),
  known("", "v1", "events", "Event", "ev"),
  { ...known("", "v1", "bindings", "Binding"), verbs: ["create"] },
  known("apps", "v1", "deployments", "Deployment", "deploy"),
  known("apps", "v1beta1", "deployments", "Deployment", "deploy"),
  known("events.k8s.io", "v1", "events", "Event", "ev"),
  known("serving.example.dev", "v1", "services", "Service", "ksvc"),
  known("a.example.com", "v1", "gadgets", "Gadget", "ga"),
  known("b.example.com", "v2", "gadgets", "Gadget", "po"),
  known("b.example.com", "v2", "widgets", "Widget"),
];

function refusal(text: string): KrmError {
  try {
    resolveResource(text, KNOWN);
  } catch (error) {
    if (Errors.is(error, "KRM_UNKNOWN_RESOURCE")) return error;
    throw error;
  }
  throw new Error("it was found");
}

describe("resolveResource", () => {
  it.each([
    ["pods", "v1/pods"],
    ["po", "v1/pods"],
    ["pod", "v1/pods"],
    ["Pod", "v1/pods"],
    ["PODS", "v1/pods"],
    ["v1/pods", "v1/pods"],
    ["deploy", "apps/v1/deployments"],
    ["deployments.apps", "apps/v1/deployments"],
    ["deployment.apps", "apps/v1/deployments"],
    ["apps/v1/deployments", "apps/v1/deployments"],
    ["apps/v1beta1/deployments", "apps/v1beta1/deployments"],
    ["deployments.v1.apps", "apps/v1/deployments"],
    ["deployments.v1beta1.apps", "apps/v1beta1/deployments"],
    ["widgets", "b.example.com/v2/widgets"],
    ["gadgets.b.example.com", "b.example.com/v2/gadgets"],
    ["gadgets.v2.b.example.com", "b.example.com/v2/gadgets"],
    ["services", "v1/services"],
    ["ksvc", "serving.example.dev/v1/services"],
    ["events", "v1/events"],
    ["events.events.k8s.io", "events.k8s.io/v1/events"],
  ])("finds %s", (text, id) => {
    const { group, version, resource } = resolveResource(text, KNOWN);
    expect([group, version, resource].filter((part) => part !== "").join("/")).toBe(id);
  });

  it.each([
    ["pdos", 'the API server has no resource "pdos": did you mean pods?'],
    ["deploymnet", 'the API server has no resource "deploymnet": did you mean deployments.apps?'],
    ["deployments.v2", 'the API server has no resource "deployments.v2": did you mean deployments.apps?'],
    ["apps/v2/deployments", 'the API server has no resource "apps/v2/deployments": did you mean deployments.apps?'],
    ["zzz", 'the API server has no resource "zzz"'],
    ["a/b/c/d", 'the API server has no resource "a/b/c/d"'],
    ["", 'the API server has no resource ""'],
    ["gadgets", '"gadgets" could be gadgets.a.example.com or gadgets.b.example.com'],
    [
      "bindings",
      '"bindings" (v1/bindings) cannot be listed, so it cannot be monitored: the API server offers only create',
    ],
  ])("refuses %j", (text, message) => {
    expect(refusal(text).message).toBe(message);
  });

  it("counts what it takes to turn one name into another", () => {
    expect(editDistance("pods", "pods")).toBe(0);
    expect(editDistance("pdos", "pods")).toBe(1);
    expect(editDistance("", "pods")).toBe(4);
    expect(editDistance("nodes", "pods")).toBe(2);
  });
});

const resourceList = (...resources: object[]): object => ({ kind: "APIResourceList", resources });
const api = (name: string, kind: string, more: object = {}): object => ({
  name,
  kind,
  singularName: "",
  namespaced: true,
  verbs: VERBS,
  ...more,
});

describe("discoverResources", () => {
  it("asks group by group where the server knows no other way", async () => {
    const answers: Record<string, object> = {
      "/api": { kind: "APIVersions", versions: ["v1"] },
      "/apis": {
        kind: "APIGroupList",
        groups: [
          { name: "apps", versions: [{ version: "v1beta1" }, { version: "v1" }], preferredVersion: { version: "v1" } },
          { name: "metrics.k8s.io", versions: [{ version: "v1" }], preferredVersion: { version: "v1" } },
          { name: "empty.example.com", versions: [{ version: "v1" }], preferredVersion: { version: "v1" } },
          { name: "example.com", versions: [{ version: "v1" }], preferredVersion: { version: "v1" } },
        ],
      },
      "/api/v1": resourceList(api("pods", "Pod", { shortNames: ["po"] }), api("pods/status", "Pod")),
      "/apis/apps/v1": resourceList(api("deployments", "Deployment")),
      "/apis/apps/v1beta1": resourceList(api("deployments", "Deployment")),
      "/apis/empty.example.com/v1": { kind: "APIResourceList", resources: null },
      "/apis/example.com/v1": resourceList(api("widgets", "Widget", { singularName: "widget", namespaced: false })),
    };
    await using server = await TestServer.start((request, response) => {
      const answer = answers[request.url ?? ""];
      if (answer === undefined) json(response, { kind: "Status", code: 503, message: "down" }, 503);
      else json(response, answer);
    });
    await using source = new KubernetesSource({ kubeConfig: server.config() });
    const found = await discoverResources(source);
    expect(found.map(({ group, version, resource, custom }) => [group, version, resource, custom])).toEqual([
      ["", "v1", "pods", false],
      ["apps", "v1", "deployments", false],
      ["apps", "v1beta1", "deployments", false],
      ["example.com", "v1", "widgets", true],
    ]);
    const { verbs, ...pods } = resolveResource("po", found);
    expect(pods).toEqual(PODS);
    expect(verbs).toEqual(VERBS);
    expect(resolveResource("widget", found).namespaced).toBe(false);
  });

  it("fails as a list does", async () => {
    await using server = await TestServer.start((_request, response) => {
      json(response, { kind: "Status", code: 403, reason: "Forbidden", message: "no" }, 403);
    });
    await using source = new KubernetesSource({ kubeConfig: server.config() });
    expect(await failure(discoverResources(source))).toMatchObject({ code: "KRM_API_STATUS", status: { code: 403 } });
    const reason = new Error("enough");
    expect(await failure(discoverResources(source, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});
