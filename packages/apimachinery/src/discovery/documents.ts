import { apiVersionOf } from "@krm/core";
import type { DiscoveryVersion } from "../negotiate.ts";
import {
  type DiscoveredGroup,
  type DiscoveredVersion,
  discoverGroups,
  type DiscoveryResource,
  type DiscoverySubresource,
} from "./discovery-resource.ts";

/** The Content-Type of the aggregated form. */
export function aggregatedContentType(version: DiscoveryVersion): string {
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
}

/** An aggregated document, which is `v2`, in another version: but for its name it is the same. */
export function aggregatedAs(document: object, version: DiscoveryVersion): object {
  return { ...document, apiVersion: `apidiscovery.k8s.io/${version}` };
}

/** Everything that clients ask before they ask for objects. Each document is ready for `JSON.stringify`. */
export interface DiscoveryDocuments {
  /** By path: `/api`, `/apis`, `/api/v1`, `/apis/GROUP`, `/apis/GROUP/VERSION`. */
  readonly plain: ReadonlyMap<string, object>;
  /** The same as two APIGroupDiscoveryLists, under `/api` and `/apis`, for whom {@link negotiate} finds to want it. */
  readonly aggregated: ReadonlyMap<string, object>;
}

/** What else the documents tell. */
export interface DiscoveryOptions {
  /** `HOST:PORT` under which clients reach the server, told in `/api`; none where absent. */
  readonly serverAddress?: string | undefined;
}

/**
 * Builds all discovery documents of a set of resources. Groups, and versions within a group, come in the order of their
 * first appearance in `resources`, and the first version is the preferred one; resources are sorted by name.
 *
 * @example
 * discoveryDocuments([{ type: PODS, verbs: ["get", "list", "watch"] }]).plain.get("/api/v1")
 */
export function discoveryDocuments(
  resources: readonly DiscoveryResource[],
  options: DiscoveryOptions = {},
): DiscoveryDocuments {
  const groups = discoverGroups(resources);
  const core = groups.filter((group) => group.name === "");
  const named = groups.filter((group) => group.name !== "");
  const plain = new Map<string, object>([
    ["/api", apiVersions(core, options)],
    ["/apis", { kind: "APIGroupList", apiVersion: "v1", groups: named.map((group) => groupSummary(group)) }],
  ]);
  for (const { versions } of core)
    for (const version of versions) plain.set(`/api/${version.version}`, resourceList("", version));
  for (const group of named) {
    plain.set(`/apis/${group.name}`, { kind: "APIGroup", apiVersion: "v1", ...groupSummary(group) });
    for (const version of group.versions)
      plain.set(`/apis/${group.name}/${version.version}`, resourceList(group.name, version));
  }
  return {
    plain,
    aggregated: new Map([
      ["/api", groupDiscoveryList(core)],
      ["/apis", groupDiscoveryList(named)],
    ]),
  };
}

function apiVersions(core: readonly DiscoveredGroup[], { serverAddress }: DiscoveryOptions): object {
  return {
    kind: "APIVersions",
    versions: core.flatMap((group) => group.versions.map(({ version }) => version)),
    serverAddressByClientCIDRs: serverAddress === undefined ? [] : [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

function groupSummary(group: DiscoveredGroup): object {
  const versions = group.versions.map(({ version }) => ({
    groupVersion: apiVersionOf({ group: group.name, version }),
    version,
  }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}

/** `apiVersion` is there for a named group only: a quirk of the API server. */
function resourceList(group: string, { version, resources }: DiscoveredVersion): object {
  return {
    kind: "APIResourceList",
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion: apiVersionOf({ group, version }),
    resources: resources.flatMap((resource) => apiResources(resource)),
  };
}

function apiResources(resource: DiscoveryResource): readonly object[] {
  const { type } = resource;
  const own = {
    name: type.resource,
    singularName: type.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs: resource.verbs,
    ...names(resource),
    ...(resource.storageVersionHash === undefined ? {} : { storageVersionHash: resource.storageVersionHash }),
  };
  const subresources = resource.subresources ?? [];
  return [own, ...subresources.map((subresource) => apiSubresource(resource, subresource))];
}

function apiSubresource(
  { type }: DiscoveryResource,
  { name, group, version, kind, verbs }: DiscoverySubresource,
): object {
  return {
    name: `${type.resource}/${name}`,
    singularName: "",
    namespaced: type.namespaced,
    ...(group === undefined ? {} : { group }),
    ...(version === undefined ? {} : { version }),
    kind,
    verbs,
  };
}

function names({ type, categories = [] }: DiscoveryResource): object {
  return {
    ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
}

function groupDiscoveryList(groups: readonly DiscoveredGroup[]): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === "" ? {} : { name: group.name },
      versions: group.versions.map(({ version, resources }) => ({
        version,
        resources: resources.map((resource) => resourceDiscovery(resource)),
        freshness: "Current",
      })),
    })),
  };
}

/** Group and version of a response are told where they differ from the document's. */
function resourceDiscovery(resource: DiscoveryResource): object {
  const { type, subresources = [] } = resource;
  return {
    resource: type.resource,
    responseKind: { group: "", version: "", kind: type.kind },
    scope: type.namespaced ? "Namespaced" : "Cluster",
    singularResource: type.singular,
    verbs: resource.verbs,
    ...names(resource),
    ...(subresources.length === 0
      ? {}
      : {
          subresources: subresources.map(({ name, group = "", version = "", kind, verbs }) => ({
            subresource: name,
            responseKind: { group, version, kind },
            verbs,
          })),
        }),
  };
}
