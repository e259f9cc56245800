import { hash } from "node:crypto";
import { badRequest, decodeContinue, encodeContinue } from "@krm/apimachinery";

/** Where a list goes on. */
export interface PagePoint {
  /** The version that the first page told; undefined with `view`. */
  readonly version: string | undefined;
  /** {@link fingerprint} of the view; undefined: whatever is newest (an inconsistent list). */
  readonly view: string | undefined;
  /** The key of the last item that came. */
  readonly after: string;
}

/** A short name for the identity of a view. */
export function fingerprint(identity: readonly string[]): string {
  return hash("sha256", identity.join("\n"), "base64url").slice(0, 16);
}

/**
 * Writes a continue token in the API server's own form. The version alone does not name the union of several scopes,
 * so the fingerprint of the view stands before the key. Only for versions that can be ordered: others go into no token.
 */
export function writePageToken(version: string, point: { readonly view: string; readonly after: string }): string {
  return encodeContinue({ resourceVersion: version, start: `/${point.view}/${point.after}\0` });
}

/** A token for the rest of a list after `key`, from whatever view is newest then. */
export function writeInconsistentToken(key: string): string {
  return encodeContinue({ resourceVersion: "-1", start: `${key}\0` });
}

/** @throws StatusError 400 for a token that this server did not write. */
export function readPageToken(token: string): PagePoint {
  const { resourceVersion, start } = decodeContinue(token);
  const end = start.indexOf("\0");
  const path = end < 0 ? start : start.slice(0, end);
  if (resourceVersion === "-1") return { version: undefined, view: undefined, after: path };
  const slash = path.indexOf("/");
  if (slash < 0) throw badRequest("invalid continue token: it is not one of this list");
  return { version: resourceVersion, view: path.slice(0, slash), after: path.slice(slash + 1) };
}
