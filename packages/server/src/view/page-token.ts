import { hash } from "node:crypto";
import { decodeContinue, encodeContinue } from "@krm/apimachinery";

/** Where a list goes on. */
export interface PagePoint {
  /** The version that the first page told; undefined: whatever is newest (an inconsistent list). */
  readonly version: string | undefined;
  /** {@link fingerprint} of the view; undefined in a token of the API server: any view at the version. */
  readonly view: string | undefined;
  /** The name of the namespaces that the pages are of, as {@link fingerprint} makes it; undefined: all that there are. */
  readonly within: string | undefined;
  /** The key of the last item that came. */
  readonly after: string;
}

const FINGERPRINT_LENGTH = 16;
const SEAL_LENGTH = 8;

/** A short name for the identity of a view, or for some namespaces in the order of their keys. */
export function fingerprint(identity: readonly string[]): string {
  return hash("sha256", identity.join("\n"), "base64url").slice(0, FINGERPRINT_LENGTH);
}

function sealOf(version: string, view: string, within: string): string {
  const sealed = within === "" ? [view, version] : [view, version, within];
  return hash("sha256", sealed.join("\n"), "base64url").slice(0, SEAL_LENGTH);
}

/**
 * Writes a continue token in the API server's own form. The version alone does not name a view (a repair leaves it as it
 * is, and the union of several scopes has only the oldest), so its fingerprint stands behind the key, and the name
 * of the namespaces where it is not of all, sealed with the version: later pages tell what the token says. Only for versions that can be ordered: others go into no token.
 */
export function writePageToken(
  version: string,
  { after, view, within = "" }: Required<Pick<PagePoint, "after" | "within">> & { readonly view: string },
): string {
  return encodeContinue({
    resourceVersion: version,
    start: `/${after}\0${view}${sealOf(version, view, within)}${within}`,
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
  if (resourceVersion === "-1") return { version: undefined, view: undefined, within: undefined, after };
  const sealed = end < 0 ? "" : start.slice(end + 1);
  if (sealed === "") return { version: resourceVersion, view: undefined, within: undefined, after };
  const view = sealed.slice(0, FINGERPRINT_LENGTH);
  const within = sealed.slice(FINGERPRINT_LENGTH + SEAL_LENGTH);
  const isWhole = sealed === view + sealOf(resourceVersion, view, within) + within;
  return { version: resourceVersion, view: isWhole ? view : sealed, within: within === "" ? undefined : within, after };
}
