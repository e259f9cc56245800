import { formatDuration, type ListQuery } from "@krm/protocol";
import { invalid, refuseUnknown, timeout, wholeNumber } from "./options.ts";
import type { CallOptions } from "./request.ts";

/** What a list is asked for. Undefined means: not asked. */
export interface ListOptions extends CallOptions {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  /** Pods only: those bound to this node. */
  readonly node?: string | undefined;
  /** Kubernetes' label selector: `app=web,tier in (a,b),!canary`. */
  readonly labelSelector?: string | undefined;
  /** Kubernetes' field selector, with the fields that the API server supports for the resource. */
  readonly fieldSelector?: string | undefined;
  /** Items per page, at most. Without it the answer holds them all. */
  readonly limit?: number | undefined;
  /** `metadata._continue` (with `as: "json"`: `metadata.continue`) of the page before. */
  readonly continue?: string | undefined;
  /** The oldest answer to accept: milliseconds, or a duration such as `30s`. One that is older is `KRM_CLIENT_TOO_STALE`. */
  readonly maxStaleness?: number | string | undefined;
  /** An answer not older than this version, unless `resourceVersionMatch` says otherwise. */
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan" | undefined;
}

/** Names one object. */
export interface GetOptions extends CallOptions {
  readonly name: string;
  /** Needed where objects of this name exist in several namespaces. */
  readonly namespace?: string | undefined;
  readonly maxStaleness?: number | string | undefined;
  readonly resourceVersion?: string | undefined;
}

const CALL = ["signal", "timeoutMs"] as const satisfies readonly (keyof CallOptions)[];
const CALL_OPTIONS: ReadonlySet<string> = new Set(CALL);
const GET_OPTIONS: ReadonlySet<string> = new Set<keyof GetOptions>([
  "name",
  "namespace",
  "maxStaleness",
  "resourceVersion",
  ...CALL,
]);
const LIST_OPTIONS: ReadonlySet<string> = new Set<keyof ListOptions | "as">([
  "name",
  "namespace",
  "node",
  "labelSelector",
  "fieldSelector",
  "limit",
  "continue",
  "maxStaleness",
  "resourceVersion",
  "resourceVersionMatch",
  "as",
  ...CALL,
]);

/** The query of a list; refuses what cannot be asked. */
export function listQuery(options: ListOptions, where: string): ListQuery {
  refuseUnknown(options, LIST_OPTIONS, where);
  checkCall(options);
  return {
    name: options.name,
    namespace: options.namespace,
    node: options.node,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit === undefined ? undefined : wholeNumber("limit", options.limit, 1),
    continue: options.continue,
    maxStaleness: duration(options.maxStaleness),
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
  };
}

/** The query that finds one object; refuses what cannot be asked. */
export function getQuery(options: GetOptions): ListQuery {
  refuseUnknown(options, GET_OPTIONS, "get");
  checkCall(options);
  if (typeof options.name !== "string" || options.name === "")
    throw invalid("name is missing", "name the object to get");
  return {
    name: options.name,
    namespace: options.namespace,
    maxStaleness: duration(options.maxStaleness),
    resourceVersion: options.resourceVersion,
  };
}

/** Refuses options that a call does not have. */
export function checkCallOptions(options: CallOptions, where: string): void {
  refuseUnknown(options, CALL_OPTIONS, where);
  checkCall(options);
}

function checkCall({ timeoutMs }: CallOptions): void {
  if (timeoutMs !== undefined) timeout(timeoutMs);
}

function duration(value: number | string | undefined): string | undefined {
  if (typeof value !== "number") return value;
  return formatDuration(wholeNumber("maxStaleness", value, 0));
}
