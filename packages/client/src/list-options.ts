import { formatDuration, formatListQuery, LIST_PARAMETERS, type ListQuery } from "@krm/protocol";
import { invalid, refuseUnknown, timeout, wholeNumber } from "./options.ts";
import type { CallOptions } from "./request.ts";

/** What a list is asked for. Undefined means: not asked. */
export interface ListOptions extends Omit<ListQuery, "maxStaleness">, CallOptions {
  /** The oldest answer to accept: milliseconds, or a duration such as `30s`. One that is older is `KRM_CLIENT_TOO_STALE`. */
  readonly maxStaleness?: number | string | undefined;
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
const GET_OPTIONS: ReadonlySet<string> = new Set<keyof GetOptions | "as">([
  "name",
  "namespace",
  "maxStaleness",
  "resourceVersion",
  "as",
  ...CALL,
]);
const LIST_OPTIONS: ReadonlySet<string> = new Set<string>([
  ...LIST_PARAMETERS.filter((name) => name !== "label_selector"),
  "as",
  ...CALL,
]);

/** The query of a list; refuses what cannot be asked. */
export function listQuery(options: ListOptions, where: string): ListQuery {
  refuseUnknown(options, LIST_OPTIONS, where);
  checkCall(options);
  if (options.scope !== undefined && options.scope !== "accessible")
    throw invalid(`scope is ${JSON.stringify(options.scope)}`, 'give "accessible", or leave it out');
  return {
    ...options,
    limit: options.limit === undefined ? undefined : wholeNumber("limit", options.limit, 1),
    maxStaleness: duration(options.maxStaleness),
  };
}

/** The query that finds one object; refuses what cannot be asked. */
export function getQuery(options: GetOptions, where: string): ListQuery & { readonly name: string } {
  refuseUnknown(options, GET_OPTIONS, where);
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

/** The query of one object in the Kubernetes API, with its question mark. */
export function formatGetQuery(query: Pick<ListQuery, "maxStaleness" | "resourceVersion">): string {
  const search = formatListQuery(query).toString();
  return search === "" ? "" : `?${search}`;
}
