import { asBuffer } from "./as-buffer.ts";
import { OPEN_BRACE } from "./json-bytes.ts";
import { memberRange } from "./member-range.ts";

/**
 * The value at a path of members, `["spec", "nodeName"]`, out of the bytes of a stored object: see {@link memberRange}. Only
 * that value is parsed. Undefined: there is none.
 */
export function readMember(bytes: Uint8Array, path: readonly string[]): unknown {
  let range = { start: 0, end: bytes.length };
  for (const name of path) {
    const found = bytes[range.start] === OPEN_BRACE ? memberRange(bytes, range.start, name) : undefined;
    if (found === undefined) return undefined;
    range = found;
  }
  return JSON.parse(asBuffer(bytes).toString("utf8", range.start, range.end));
}
