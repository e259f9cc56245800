import type { StoredObject } from "@krm/core";
import { causedError } from "../answer/caused-error.ts";

/**
 * Refuses to answer with more at once than one answer may hold. Counted are the stored bytes of the objects: what another
 * form of them weighs is known only when it has been made.
 *
 * @param maxListSize 0: any number.
 * @throws StatusError 413
 */
export function refuseLarge(items: readonly Pick<StoredObject, "bytes">[], maxListSize: number): void {
  // Of one object there is no smaller page.
  if (maxListSize === 0 || items.length <= 1) return;
  let size = 0;
  for (const { bytes } of items) size += bytes.byteLength;
  if (size <= maxListSize) return;
  throw causedError("ListTooLarge", {
    code: 413,
    message:
      `Request entity is too large: the ${items.length} objects of the list are ${size} bytes, and an answer may hold ` +
      `${maxListSize} here (--max-list-size): ask for pages (limit=${fitting(items.length, size, maxListSize)}, and then ` +
      "continue), or for less by a selector or a namespace",
  });
}

/** Objects of the size that these have on average, of which a page would be half full. */
function fitting(count: number, size: number, maxListSize: number): number {
  return Math.max(1, Math.floor((count / size) * (maxListSize / 2)));
}
