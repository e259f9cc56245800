import type { ListOptions } from "@krm/apimachinery";
import { withoutZeros } from "../request/version-digits.ts";

/** What a watch begins with. */
export type WatchStart =
  /** All that there is, as soon as the view is not older than `atLeast` (undefined: as it is). */
  | { readonly type: "initial"; readonly atLeast: string | undefined }
  /** What happens from now on. */
  | { readonly type: "now" }
  /** What happened after a version. */
  | { readonly type: "after"; readonly version: string };

/** What checked options ask for; the API server's defaults are in them. */
export function startOf({ resourceVersion, sendInitialEvents }: ListOptions): WatchStart {
  const version = withoutZeros(resourceVersion);
  if (sendInitialEvents === true) return { type: "initial", atLeast: version };
  return version === undefined ? { type: "now" } : { type: "after", version };
}
