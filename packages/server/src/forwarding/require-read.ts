import type { ResourceRequestInfo } from "@krm/apimachinery";
import { causedError } from "../answer/caused-error.ts";

/** What opens a connection into a pod, a service or a node: a GET by its method only. */
const CONNECTING: ReadonlySet<string> = new Set(["exec", "attach", "portforward", "proxy"]);

/**
 * Refuses what is no read, whatever its method.
 *
 * @throws StatusError 403
 */
export function requireRead({ resource, subresource }: ResourceRequestInfo): void {
  const [first = ""] = subresource.split("/");
  // The old paths: /api/v1/proxy/…
  const connects = CONNECTING.has(first) || resource === "proxy";
  if (!connects) return;
  const what = first === "" ? resource : `${resource}/${first}`;
  throw causedError("NotForwarded", {
    code: 403,
    message: `${what} is not a read, and KRM sends on nothing else: ask the API server itself`,
    kind: resource,
  });
}
