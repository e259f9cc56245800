import type { IncomingHttpHeaders } from "node:http";
import {
  aggregatedContentType,
  type DiscoveryDocuments,
  discoveryDocuments,
  type DiscoveryResource,
  type DiscoverySubresource,
  goJson,
  inGroupOrder,
  negotiate,
} from "@krm/apimachinery";
import type { SimResource } from "../cluster/sim-resource.ts";
import type { Answer } from "./respond.ts";
import { REVIEWS } from "./reviews.ts";

const documents = new WeakMap<readonly SimResource[], Map<string, DiscoveryDocuments>>();

/** Answers a discovery path; undefined: it is none. `serverAddress` is `HOST:PORT`, as the client reached it. */
export function discoveryAnswer(
  resources: readonly SimResource[],
  path: string,
  headers: IncomingHttpHeaders,
): Answer | undefined {
  const { aggregated, plain } = documentsOf(resources, headers.host ?? "localhost");
  const root = aggregated.get(path);
  if (root !== undefined && negotiate(headers.accept, { endpoint: "discovery" }).type === "api-group-discovery-list") {
    return {
      status: 200,
      body: `${goJson(root)}\n`,
      contentType: aggregatedContentType("v2"),
      headers: { "cache-control": "public", vary: "Accept" },
    };
  }
  const document = plain.get(path);
  return document === undefined ? undefined : { status: 200, body: `${goJson(document)}\n` };
}

function documentsOf(resources: readonly SimResource[], serverAddress: string): DiscoveryDocuments {
  let byAddress = documents.get(resources);
  if (byAddress === undefined) documents.set(resources, (byAddress = new Map()));
  let built = byAddress.get(serverAddress);
  if (built === undefined) {
    built = discoveryDocuments(discoveryResources(resources), { serverAddress });
    byAddress.set(serverAddress, built);
  }
  return built;
}

function discoveryResources(resources: readonly SimResource[]): readonly DiscoveryResource[] {
  const kept = resources.map((type): DiscoveryResource => ({
    type,
    verbs: type.verbs,
    categories: type.categories,
    subresources: type.subresources.map((name) => subresource(type, name)),
  }));
  const reviews = REVIEWS.map((type): DiscoveryResource => ({ type, verbs: ["create"] }));
  return inGroupOrder([...kept, ...reviews]);
}

function subresource(type: SimResource, name: "status" | "scale"): DiscoverySubresource {
  const verbs = ["get", "patch", "update"];
  return name === "scale"
    ? { name, kind: "Scale", group: "autoscaling", version: "v1", verbs }
    : { name, kind: type.kind, verbs };
}
