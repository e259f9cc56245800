import { type CallOptions, KrmError } from "@krm/core";
import type { KubernetesSource } from "../kubernetes-source.ts";
import { METADATA_LIST } from "../transport/accept.ts";
import type { ApiTransport } from "../transport/api-transport.ts";
import { discoveredResource, type DiscoveredFacts, type DiscoveredResource } from "./discovered-resource.ts";
import {
  fetchJson,
  type GroupList,
  type GroupVersion,
  groupVersionPath,
  groupVersions,
  type Nullable,
  type ResourceList,
} from "./documents.ts";

const AGGREGATED = ["v2", "v2beta1"]
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(",");
/** Requests at once, where each group version must be asked for. */
const PARALLEL = 6;

interface AggregatedList {
  readonly kind?: string;
  readonly items?: Nullable<{
    readonly metadata?: { readonly name?: string };
    readonly versions?: Nullable<{
      readonly version: string;
      readonly resources?: Nullable<{
        readonly resource: string;
        readonly responseKind?: { readonly kind?: string };
        readonly scope?: string;
        readonly singularResource?: string;
        readonly shortNames?: readonly string[];
        readonly verbs?: readonly string[];
      }>;
    }>;
  }>;
}

/**
 * What the API server serves: every resource in every version, without subresources. Ordered as the server prefers: the
 * core group first, then group by group, the preferred version of each first. By aggregated discovery (two requests),
 * or group version by group version where the server does not know that. A group whose own server is down is missing.
 *
 * `custom` is told by the list of CustomResourceDefinitions; where that cannot be read, by the group.
 *
 * @throws KrmError as `ListWatch.list` does.
 */
export async function discoverResources(
  source: KubernetesSource,
  options: CallOptions = {},
): Promise<readonly DiscoveredResource[]> {
  const { transport } = source;
  const [core, groups, definitions] = await Promise.all([
    discoverRoot(transport, "/api", options),
    discoverRoot(transport, "/apis", options),
    definitionNames(transport, options),
  ]);
  return [...core, ...groups].map((facts) => discoveredResource(facts, definitions));
}

async function discoverRoot(
  transport: ApiTransport,
  path: "/api" | "/apis",
  options: CallOptions,
): Promise<readonly DiscoveredFacts[]> {
  const answer = await fetchJson<AggregatedList & GroupList>(
    transport,
    path,
    options,
    `${AGGREGATED},application/json`,
  );
  if (answer.kind === "APIGroupDiscoveryList") return aggregated(answer);
  const named = groupVersions(answer);
  const lists: (readonly DiscoveredFacts[])[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let k = next++; k < named.length; k = next++) {
      lists[k] = await legacy(transport, named[k] as GroupVersion, options);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return lists.flat();
}

function aggregated({ items }: AggregatedList): readonly DiscoveredFacts[] {
  return (items ?? []).flatMap(({ metadata, versions }) =>
    (versions ?? []).flatMap(({ version, resources }) =>
      (resources ?? []).map((one) => ({
        group: metadata?.name ?? "",
        version,
        resource: one.resource,
        kind: one.responseKind?.kind ?? "",
        singular: one.singularResource,
        shortNames: one.shortNames,
        namespaced: one.scope === "Namespaced",
        verbs: one.verbs,
      })),
    ),
  );
}

async function legacy(
  transport: ApiTransport,
  groupVersion: GroupVersion,
  options: CallOptions,
): Promise<readonly DiscoveredFacts[]> {
  const { group, version } = groupVersion;
  try {
    const { resources } = await fetchJson<ResourceList>(transport, groupVersionPath(groupVersion), options);
    return (resources ?? [])
      .filter(({ name }) => !name.includes("/"))
      .map((one) => ({
        group,
        version,
        resource: one.name,
        kind: one.kind,
        singular: one.singularName,
        shortNames: one.shortNames,
        namespaced: one.namespaced === true,
        verbs: one.verbs,
      }));
  } catch (error) {
    // The server of an aggregated API may be down: the others count all the same.
    if (group !== "" && KrmError.is(error, "KRM_API_STATUS")) return [];
    throw error;
  }
}

/** Undefined: they cannot be read, for want of permission or because the server knows none. */
async function definitionNames(
  transport: ApiTransport,
  options: CallOptions,
): Promise<ReadonlySet<string> | undefined> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  try {
    const { items } = await fetchJson<{ items?: readonly { metadata?: { name?: string } }[] | null }>(
      transport,
      path,
      options,
      METADATA_LIST,
    );
    return new Set((items ?? []).map(({ metadata }) => metadata?.name ?? ""));
  } catch (error) {
    if (KrmError.is(error, "KRM_API_STATUS")) return undefined;
    throw error;
  }
}
