/** What a path and a method ask for, before anything is looked up. Upstream: apiserver's `RequestInfo`. */
export type RequestInfo = { readonly type: "path"; readonly verb: string; readonly path: string } | ResourceRequestInfo;

/** A request for objects: of a collection, of one object, or of a subresource. */
export interface ResourceRequestInfo {
  readonly type: "resource";
  /** Kubernetes' verb: `list` and `watch` are told apart, `deletecollection` too. Lower-cased method if unknown. */
  readonly verb: string;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** `""` where the path has none. */
  readonly subresource: string;
  /** `""` for all namespaces and for cluster-scoped resources. */
  readonly namespace: string;
  /** `""` for a collection. */
  readonly name: string;
  /** The deprecated form `/api/v1/watch/…`. */
  readonly watchPath: boolean;
}

const VERBS: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };
/** Subresources of a namespace itself: `/namespaces/x/status` is not the collection `status` in the namespace x. */
const NAMESPACE_SUBRESOURCES = new Set(["status", "finalize"]);

/**
 * Reads a request line. `watching` says whether the query asks to watch (only a collection can be watched: on one
 * object the parameter is ignored, except that a field selector on `metadata.name` makes a list of one).
 */
export function requestInfo(method: string, path: string, watching: boolean): RequestInfo {
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decode);
  const root = parts[0];
  const prefix = root === "api" ? 2 : root === "apis" ? 3 : 0;
  // The root paths, and groups and versions themselves, are documents, not objects.
  if (prefix === 0 || parts.length <= prefix) {
    return { type: "path", verb: method.toLowerCase(), path };
  }
  const group = root === "api" ? "" : (parts[1] ?? "");
  const version = parts[prefix - 1] ?? "";
  let rest = parts.slice(prefix);
  const watchPath = rest[0] === "watch" && rest.length > 1;
  if (watchPath) rest = rest.slice(1);

  let namespace = "";
  if (rest[0] === "namespaces" && rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] ?? "")) {
    namespace = rest[1] ?? "";
    rest = rest.slice(2);
  }
  const [resource = "", name = "", ...sub] = rest;
  const info = { type: "resource" as const, path, group, version, resource, namespace, name, watchPath };
  return { ...info, subresource: sub.join("/"), verb: verbOf(method, name, watching, watchPath) };
}

/**
 * The query of a watch. The deprecated path of one object, `/api/v1/watch/…/pods/x`, means a field selector; `name`: of
 * {@link ResourceRequestInfo}.
 */
export function watchQuery(query: URLSearchParams, name: string): URLSearchParams {
  if (name === "") return query;
  const own = new URLSearchParams(query);
  own.set("fieldSelector", `metadata.name=${name}`);
  return own;
}

function verbOf(method: string, name: string, watching: boolean, watchPath: boolean): string {
  if (method === "GET" || method === "HEAD") {
    if (watchPath) return "watch";
    if (name !== "") return "get";
    return watching ? "watch" : "list";
  }
  if (method === "DELETE" && name === "") return "deletecollection";
  return VERBS[method] ?? method.toLowerCase();
}

/** A path segment as it was meant; one that is not valid percent-encoding stands for itself. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
