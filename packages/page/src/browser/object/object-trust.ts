import type { Freshness } from "@krm/protocol";
import { compareVersions } from "../text/version.ts";

/** How far one object, as it was answered, can be trusted. */
export type ObjectTrust =
  /** A verification has seen this very version, or that nothing newer was there. */
  | { readonly type: "verified" }
  /** The watch told it after the last verification; nothing has checked it yet. */
  | { readonly type: "streamed" }
  | { readonly type: "unknown" };

/** Pure: by the object's version and the trust headers that came with it. */
export function objectTrust(resourceVersion: string, freshness: Freshness | undefined): ObjectTrust {
  const horizon = freshness?.verifiedResourceVersion;
  if (horizon === undefined) return { type: "unknown" };
  const order = compareVersions(resourceVersion, horizon);
  if (order === undefined) return { type: "unknown" };
  return { type: order <= 0 ? "verified" : "streamed" };
}
