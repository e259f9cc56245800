import { hash } from "node:crypto";
import { decodeContinue, encodeContinue } from "@krm/apimachinery";

/** Where a list goes on. */
export interface PagePoint {
  /** The version that the first page told; undefined: whatever is newest (an inconsistent list). */
  readonly version: string | undefined;
  /** {@link fingerprint} of the view; undefined in a token of the API server: any view at the version. */
  readonly view: string | undefined;
  /** The key of the last item that came. */
  readonly after: string;
}

const FINGERPRINT_LENGTH = 16;
const SEAL_LENGTH = 8;

/** A short name for the identity of a view. */
export function fingerprint(identity: readonly string[]): string {
  return hash("sha256", identity.join("\n"), "base64url").slice(0, FINGERPRINT_LENGTH);
}

function sealOf(version: string, view: string): string {
  return hash("sha256", `${view}\n${version}`, "base64url").slice(0, SEAL_LENGTH);
}

/**
 * Writes a continue token in the API server's own form. The version alone does not name a view (a repair leaves it as it
 * is, and the union of several scopes has only the oldest), so its fingerprint stands behind the key, sealed with the
 * version: later pages tell what the token says. Only for versions that can be ordered: others go into no token.
 */
export function writePageToken(version: string, point: { readonly view: string; readonly after: string }): string {
  return encodeContinue({
    resourceVersion: version,
    start: `/${point.after}\0${point.view}${sealOf(version, point.view)}`,
  });
}

/** A token for the rest of a list after `key`, from whatever view is newest then. */
export function writeInconsistentToken(key: string): string {
  return encodeContinue({ resourceVersion: "-1", start: `${key}\0` });
}

/**
 * Reads a token. One whose version is not the one that it was written with names a view that never was, and so has expired.
 *
 * @throws StatusError 400 for what is no token.
 */
export function readPageToken(token: string): PagePoint {
  const { resourceVersion, start } = decodeContinue(token);
  const end = start.indexOf("\0");
  const after = end < 0 ? start : start.slice(0, end);
  if (resourceVersion === "-1") return { version: undefined, view: undefined, after };
  const sealed = end < 0 ? "" : start.slice(end + 1);
  if (sealed === "") return { version: resourceVersion, view: undefined, after };
  const view = sealed.slice(0, FINGERPRINT_LENGTH);
  return { version: resourceVersion, view: sealed === view + sealOf(resourceVersion, view) ? view : sealed, after };
}
