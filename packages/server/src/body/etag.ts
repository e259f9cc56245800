import { hash } from "node:crypto";
import type { ViewPart } from "../view/view.ts";

/**
 * A weak entity tag for one query of a view. It changes with what the view shows and with the version that it tells.
 *
 * @param asked All that the answer depends on besides the view.
 */
export function listEtag(asked: readonly string[], parts: readonly Pick<ViewPart, "meta">[]): string {
  const shown = parts.map(({ meta }) => `${meta.cursor} ${meta.version ?? ""}`);
  return `W/"${hash("sha256", [...asked, ...shown].join("\n"), "base64url").slice(0, 22)}"`;
}

/** Whether an `If-None-Match` header names this tag, compared weakly (RFC 9110 §13.1.2). */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const opaque = etag.slice(2);
  return header.split(",").some((one) => {
    const candidate = one.trim();
    return candidate === "*" || candidate === etag || candidate === opaque;
  });
}
