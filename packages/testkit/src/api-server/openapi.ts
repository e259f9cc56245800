import { apiVersionOf, resourcePath } from "@krm/core";
import type { SimResource } from "../cluster/sim-resource.ts";

/** The groups and versions of some resources, as OpenAPI names their documents: `api/v1`, `apis/apps/v1`. */
export function openApiIndex(resources: readonly SimResource[]): object {
  const paths: Record<string, object> = {};
  for (const resource of resources) {
    const id = documentId(resource);
    paths[id] = { serverRelativeURL: `/openapi/v3/${id}` };
  }
  return { paths };
}

/**
 * The OpenAPI v3 document of one group and version; undefined: none such. It has no schemas: what clients look up in it
 * before a write is whether the server validates fields itself (kubectl does), and that is said here.
 */
export function openApiDocument(resources: readonly SimResource[], id: string): object | undefined {
  const own = resources.filter((resource) => documentId(resource) === id);
  if (own.length === 0) return undefined;
  const paths = own.flatMap((resource) => [
    [collectionPath(resource), { post: operation(resource, "post") }],
    [`${collectionPath(resource)}/{name}`, { put: operation(resource, "put"), patch: operation(resource, "patch") }],
  ]);
  return {
    openapi: "3.0.0",
    info: { title: "Simulated Kubernetes", version: "v1.36.2" },
    paths: Object.fromEntries(paths) as object,
    components: { schemas: {} },
  };
}

function documentId(resource: SimResource): string {
  return resource.group === "" ? `api/${resource.version}` : `apis/${apiVersionOf(resource)}`;
}

function collectionPath(resource: SimResource): string {
  // The braces of the template must stay.
  return decodeURIComponent(resourcePath(resource, resource.namespaced ? "{namespace}" : undefined));
}

function operation(resource: SimResource, action: string): object {
  const { group, kind, version } = resource;
  return {
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group, version, kind },
    parameters: ["fieldManager", "fieldValidation"].map((name) => ({
      name,
      in: "query",
      schema: { type: "string", uniqueItems: true },
    })),
    responses: { 200: { description: "OK" } },
  };
}
