import { parseFieldSelector, type ResourceRequestInfo } from "@krm/apimachinery";
import type { ResourceType } from "@krm/core";
import type { ListRequest } from "../request/list-request.ts";
import type { ResourceAttributes } from "./authorizer.ts";

/** What a request to the Kubernetes API asks to do, as the API server's own authorizers are asked. */
export function requestAttributes(info: ResourceRequestInfo, query: URLSearchParams): ResourceAttributes {
  const { group, name, resource, subresource, verb, version } = info;
  // A namespace is in itself, to RBAC: who has a role in it may get it.
  const namespace = resource === "namespaces" && info.namespace === "" ? name : info.namespace;
  const all = name === "" && (verb === "list" || verb === "watch");
  return {
    type: "resource",
    verb,
    group,
    version,
    resource,
    subresource,
    namespace,
    name: all ? selectedName(query.get("fieldSelector") ?? "", info) : name,
  };
}

/**
 * What a flat list asks to do: a list in its namespace, or in all of them. One that cannot be understood (`asked` is
 * undefined) is judged by the namespace that it seems to mean: all that it can get is to hear what is wrong with it.
 */
export function flatListAttributes(
  resource: ResourceType,
  asked: ListRequest | undefined,
  target: string,
): ResourceAttributes {
  const { group, resource: plural, version } = resource;
  const namespace = asked === undefined ? namespaceIn(target, resource) : (asked.namespace ?? "");
  const name = asked?.name ?? (asked === undefined ? "" : onlyName(asked.fields.requirements));
  return { type: "resource", verb: "list", group, version, resource: plural, subresource: "", namespace, name };
}

/** The namespace that the query of a flat list names first; `""` where it names none. */
export function namespaceIn(target: string, { namespaced }: Pick<ResourceType, "namespaced">): string {
  const mark = target.indexOf("?");
  if (!namespaced || mark < 0) return "";
  return new URLSearchParams(target.slice(mark + 1)).get("namespace") ?? "";
}

/** Upstream reads the selector before it knows the resource; one that cannot be read selects no name. */
function selectedName(text: string, { group, resource, version }: ResourceRequestInfo): string {
  try {
    return onlyName(parseFieldSelector(text, { group, resource, version, kind: "" }).requirements);
  } catch {
    return "";
  }
}

function onlyName(
  requirements: readonly { readonly field: string; readonly operator: string; readonly value: string }[],
): string {
  const name = requirements.find(({ field, operator }) => field === "metadata.name" && operator === "=")?.value ?? "";
  // Upstream: a name is one segment of a path.
  return name === "." || name === ".." || /[/%]/u.test(name) ? "" : name;
}
