import { createHash } from "node:crypto";
import type { ViewPart } from "../view/view.ts";

/**
 * A weak entity tag for one query of a view. It changes with the view: its epochs and versions, and how much it holds
 * (which tells apart what is kept of the same versions under other settings).
 */
export function listEtag(target: string, parts: readonly Pick<ViewPart, "meta">[]): string {
  const hash = createHash("sha256").update(target);
  for (const { meta } of parts) hash.update(`\n${meta.epoch} ${meta.version ?? ""} ${meta.objects} ${meta.bytes}`);
  return `W/"${hash.digest("base64url").slice(0, 22)}"`;
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
