import { isDnsSubdomain } from "./dns-name.ts";
import { formatListQuery, type ListQuery } from "./list-query.ts";

/** The port of a KRM server, unless another is named. */
export const DEFAULT_PORT = 8003;

/** The paths that are not resources. All are relative to where the server is mounted. */
export const PATHS: {
  readonly status: "/status";
  readonly livez: "/livez";
  readonly readyz: "/readyz";
  /** Only where the process measures itself. */
  readonly metrics: "/metrics";
  readonly openapi: "/openapi.json";
} = { status: "/status", livez: "/livez", readyz: "/readyz", metrics: "/metrics", openapi: "/openapi.json" };

/** The roots of the Kubernetes API; below the first two come groups, versions and resources. */
export const KUBERNETES_PATHS: {
  readonly core: "/api";
  readonly groups: "/apis";
  readonly version: "/version";
  /** Only where reads of what is not watched are sent on to the API server. */
  readonly schemas: "/openapi";
} = { core: "/api", groups: "/apis", version: "/version", schemas: "/openapi" };

/**
 * Names of the flat API that are neither the plural nor a short name of a resource: those of the original KRM.
 * The value is the plural.
 */
export const RESOURCE_ALIASES: Readonly<Record<string, string>> = {
  ingress: "ingresses",
  pvcs: "persistentvolumeclaims",
};

/**
 * Path and query of a flat list, relative to where the server is mounted.
 *
 * @param resource A plural (`pods`), one with its group (`deployments.apps`), a short name (`po`) or an alias of
 * {@link RESOURCE_ALIASES}.
 * @throws RangeError for what can be no such name: `..` would be another path.
 * @example
 * listPath("pods", { namespace: "team-a", labelSelector: "app=web" }) // "/pods?namespace=team-a&labelSelector=app%3Dweb"
 */
export function listPath(resource: string, query: ListQuery = {}): string {
  if (!isDnsSubdomain(resource))
    throw new RangeError(
      `resource is ${JSON.stringify(resource)}: give a name such as "pods", "po" or "deployments.apps"`,
    );
  const search = formatListQuery(query).toString();
  return `/${resource}${search === "" ? "" : `?${search}`}`;
}
