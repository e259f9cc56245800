import { PODS, type ResourceType } from "@krm/core";
import { expect, test } from "vitest";
import {
  aggregatedAs,
  aggregatedContentType,
  categoriesOf,
  discoveryDocuments,
  type DiscoveryResource,
  inGroupOrder,
} from "../src/index.ts";
import { fixture } from "./fixtures.ts";

interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
}

const recorded = fixture("discovery") as {
  readonly plain: Readonly<
    Record<string, { readonly groupVersion?: string; readonly resources?: readonly ApiResource[] }>
  >;
  readonly aggregated: Readonly<Record<string, unknown>>;
};

/** Takes a recorded APIResourceList apart into what it was made from. */
function resourcesOf(path: string): readonly DiscoveryResource[] {
  const { groupVersion = "", resources = [] } = recorded.plain[path] ?? {};
  const [version = "", group = ""] = groupVersion.split("/").toReversed();
  const subresourcesOf = (name: string): DiscoveryResource["subresources"] =>
    resources
      .filter((resource) => resource.name.startsWith(`${name}/`))
      .map((resource) => ({
        name: resource.name.slice(name.length + 1),
        kind: resource.kind,
        verbs: resource.verbs,
        group: resource.group,
        version: resource.version,
      }));
  return resources
    .filter((resource) => !resource.name.includes("/"))
    .map((resource) => {
      const type: ResourceType = {
        group,
        version,
        resource: resource.name,
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        singular: resource.singularName,
        shortNames: resource.shortNames ?? [],
        namespaced: resource.namespaced,
        custom: false,
      };
      return {
        type,
        verbs: resource.verbs,
        subresources: subresourcesOf(resource.name) ?? [],
        categories: resource.categories,
        storageVersionHash: resource.storageVersionHash,
      };
    });
}

const documents = discoveryDocuments(
  ["/api/v1", "/apis/apps/v1", "/apis/networking.k8s.io/v1"].flatMap((path) => resourcesOf(path)),
  { serverAddress: "127.0.0.1:6443" },
);

test.for(Object.keys(recorded.plain))("%s is what kube-apiserver v1.36.2 told", (path) => {
  expect(JSON.stringify(documents.plain.get(path))).toBe(JSON.stringify(recorded.plain[path]));
});

test.for(Object.keys(recorded.aggregated))("%s aggregated is what kube-apiserver v1.36.2 told", (path) => {
  expect(JSON.stringify(documents.aggregated.get(path))).toBe(JSON.stringify(recorded.aggregated[path]));
});

test("groups come in the API server's order, and unknown ones behind", () => {
  const types = ["z.example", "coordination.k8s.io", "a.example", "apps", ""].map((group) => ({ type: { group } }));
  expect(inGroupOrder(types).map(({ type }) => type.group)).toEqual([
    "",
    "apps",
    "coordination.k8s.io",
    "z.example",
    "a.example",
  ]);
});

test("the category of what `kubectl get all` shows is the one that was recorded", () => {
  for (const path of ["/api/v1", "/apis/apps/v1", "/apis/networking.k8s.io/v1"]) {
    for (const { type, categories = [] } of resourcesOf(path))
      expect([type.resource, categoriesOf(type)]).toEqual([type.resource, categories]);
  }
});

test("the aggregated form in its beta differs by its name only", () => {
  const v2 = documents.aggregated.get("/apis") ?? {};
  expect(JSON.stringify(aggregatedAs(v2, "v2beta1"))).toBe(
    JSON.stringify(v2).replace("apidiscovery.k8s.io/v2", "apidiscovery.k8s.io/v2beta1"),
  );
  expect(aggregatedContentType("v2beta1")).toContain(";v=v2beta1;");
});

test("no resources: no groups, and still all the roots", () => {
  const { plain, aggregated } = discoveryDocuments([]);
  expect(plain.get("/api")).toEqual({ kind: "APIVersions", versions: [], serverAddressByClientCIDRs: [] });
  expect(plain.get("/apis")).toEqual({ kind: "APIGroupList", apiVersion: "v1", groups: [] });
  expect([...aggregated.keys()]).toEqual(["/api", "/apis"]);
});

test("the version named first is the preferred one", () => {
  const v1 = { type: { ...PODS, group: "example.com", version: "v1" }, verbs: ["get"] };
  const v2 = { type: { ...PODS, group: "example.com", version: "v2" }, verbs: ["get"] };
  expect(discoveryDocuments([v2, v1]).plain.get("/apis/example.com")).toEqual({
    kind: "APIGroup",
    apiVersion: "v1",
    name: "example.com",
    versions: [
      { groupVersion: "example.com/v2", version: "v2" },
      { groupVersion: "example.com/v1", version: "v1" },
    ],
    preferredVersion: { groupVersion: "example.com/v2", version: "v2" },
  });
});
