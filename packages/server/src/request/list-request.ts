import {
  badRequest,
  type FieldSelector,
  type LabelSelector,
  parseFieldSelector,
  parseListOptions,
} from "@krm/apimachinery";
import { type ResourceType, resourceId, resourceName } from "@krm/core";
import { LIST_PARAMETERS } from "@krm/protocol";
import { selectedNamespace } from "../selection/selected-namespace.ts";
import { invalidParameter, namingParameters } from "./invalid-parameter.ts";
import { readAccessible } from "./list-scope.ts";
import { readMaxStaleness } from "./max-staleness.ts";
import { readQuery, unknownParameter } from "./query-string.ts";
import { withoutZeros } from "./version-digits.ts";

/** A request for a flat list, checked. */
export interface ListRequest {
  readonly name: string | undefined;
  /** By its parameter, or by the field selector. */
  readonly namespace: string | undefined;
  /** Pods only. */
  readonly node: string | undefined;
  /** The uid of an owner. */
  readonly owner: string | undefined;
  readonly labels: LabelSelector;
  readonly fields: FieldSelector;
  /** 0: no limit. */
  readonly limit: number;
  /** The token as sent. */
  readonly continue: string | undefined;
  /** What the reader may list is enough, where that is not all. */
  readonly accessible: boolean;
  /** Milliseconds. */
  readonly maxStaleness: number | undefined;
  /** Decimal digits; undefined: whatever there is. */
  readonly resourceVersion: string | undefined;
  readonly match: "Exact" | "NotOlderThan";
}

/** The longest name of an object that Kubernetes allows. */
const LONGEST_NAME = 253;

/**
 * Reads the query of a flat list.
 *
 * @throws StatusError 400 or 422 that names the parameter at fault; selectors, `limit`, `continue`, `resourceVersion` and
 * `resourceVersionMatch` with the API server's own messages.
 */
export function readListRequest(target: string, resource: ResourceType): ListRequest {
  const known = parametersOf(resource);
  const query = readQuery(target, LIST_PARAMETERS);
  for (const name of query.keys()) if (!known.includes(name)) throw notForResource(name, resource, known);
  const old = query.get("label_selector");
  if (old !== null) {
    if (query.has("labelSelector")) {
      throw badRequest('"label_selector" and "labelSelector" are the same parameter; give one of them');
    }
    query.set("labelSelector", old);
  }
  const { options, fields } = namingParameters(query, (part) => {
    const read = parseListOptions(part, "list");
    return { options: read, fields: parseFieldSelector(read.fieldSelector, resource) };
  });
  const { resourceVersion } = options;
  return {
    name: pathSegment(query, "name"),
    namespace: pathSegment(query, "namespace") ?? selectedNamespace(fields, resource),
    node: pathSegment(query, "node"),
    owner: query.get("owner") ?? undefined,
    labels: options.labels,
    fields,
    limit: options.limit,
    continue: options.continue === "" ? undefined : options.continue,
    accessible: readAccessible(query),
    maxStaleness: readMaxStaleness(query),
    resourceVersion: resourceVersion === "" ? undefined : withoutZeros(resourceVersion),
    match: options.resourceVersionMatch === "Exact" ? "Exact" : "NotOlderThan",
  };
}

/** The parameters that make sense for a resource. */
export function parametersOf(resource: ResourceType): readonly string[] {
  const pods = resourceId(resource) === "v1/pods";
  return LIST_PARAMETERS.filter((name) => {
    if (name === "namespace" || name === "scope") return resource.namespaced;
    return name === "node" ? pods : true;
  });
}

function notForResource(name: string, resource: ResourceType, known: readonly string[]): Error {
  if (name === "namespace" || name === "scope") {
    return badRequest(`${resourceName(resource)} have no namespace; leave out the query parameter "${name}"`);
  }
  return unknownParameter(name, known);
}

/** What can be a segment of a Kubernetes path; anything else names nothing, and is most likely a mistake. */
function pathSegment(query: URLSearchParams, parameter: string): string | undefined {
  const value = query.get(parameter);
  if (value === null) return undefined;
  const problem =
    value.length > LONGEST_NAME
      ? `is longer than ${LONGEST_NAME} characters`
      : value === "." || value === ".."
        ? "may not be '.' or '..'"
        : value.includes("/") || value.includes("%")
          ? "may not contain '/' or '%'"
          : undefined;
  if (problem !== undefined) {
    throw invalidParameter(
      parameter,
      `query parameter "${parameter}": ${JSON.stringify(value.slice(0, 64))} ${problem}`,
    );
  }
  return value;
}
