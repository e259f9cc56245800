import type { Buffer } from "node:buffer";
import { asBuffer } from "./as-buffer.ts";
import { CLOSE_BRACE, OPEN_BRACE, QUOTE } from "./json-bytes.ts";
import { skipColon, skipSpace, skipString, skipValue } from "./json-scan.ts";

/**
 * The value at a path of members, `["spec", "nodeName"]`, out of the bytes of a stored object, which were checked when
 * they came. Only that value is parsed, and nothing behind it is looked at; of members with one name the first counts.
 * Undefined: there is none.
 */
export function readMember(bytes: Uint8Array, path: readonly string[]): unknown {
  const b = asBuffer(bytes);
  const end = b.length;
  let at = 0;
  for (const name of path) {
    if (b[at] !== OPEN_BRACE) return undefined;
    at = memberOf(b, at, end, name);
    if (at === -1) return undefined;
  }
  return JSON.parse(b.toString("utf8", at, skipValue(b, at, end)));
}

/** Where the value of a member of the object at `at` stands; -1: there is none of this name. */
function memberOf(b: Buffer, at: number, end: number, name: string): number {
  let i = skipSpace(b, at + 1, end);
  while (b[i] === QUOTE) {
    const after = skipString(b, i + 1, end);
    const isIt = isName(b, i + 1, after - 1, name);
    i = skipSpace(b, skipColon(b, after, end), end);
    if (isIt) return i;
    i = skipSpace(b, skipValue(b, i, end), end);
    if (b[i] === CLOSE_BRACE) return -1;
    i = skipSpace(b, i + 1, end);
  }
  return -1;
}

/** Names of Kubernetes' fields are ASCII, and written without escapes. */
function isName(b: Buffer, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false;
  for (let k = 0; k < name.length; k++) if (b[start + k] !== name.charCodeAt(k)) return false;
  return true;
}
