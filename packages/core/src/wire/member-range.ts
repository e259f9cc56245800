import { asBuffer } from "./as-buffer.ts";
import { COMMA, QUOTE } from "./json-bytes.ts";
import { skipColon, skipSpace, skipString, skipValue } from "./json-scan.ts";

/** From the first byte of a value to the one after its last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The value of a member of the object that begins at `at`, in bytes that were checked when they came; undefined: there is
 * none. Nothing behind it is looked at: of members with one name, which no API server writes, the first counts.
 */
export function memberRange(b: Uint8Array, at: number, name: string): ByteRange | undefined {
  const last = b.length;
  let i = skipSpace(b, at + 1, last);
  while (b[i] === QUOTE) {
    const nameEnd = skipString(b, i + 1, last);
    const isIt = isName(b, i + 1, nameEnd - 1, name);
    const start = skipSpace(b, skipColon(b, nameEnd, last), last);
    const end = skipValue(b, start, last);
    if (isIt) return { start, end };
    i = skipSpace(b, end, last);
    if (b[i] !== COMMA) break;
    i = skipSpace(b, i + 1, last);
  }
  return undefined;
}

const BACKSLASH = 0x5c;

/** A name may be written with escapes: `"\u006dame"` is a `name` too. */
function isName(b: Uint8Array, start: number, end: number, name: string): boolean {
  for (let i = start, k = 0; i < end; i++, k++) {
    if (b[i] === name.charCodeAt(k)) continue;
    while (i < end && b[i] !== BACKSLASH) i++;
    return i < end && JSON.parse(`"${asBuffer(b).toString("utf8", start, end)}"`) === name;
  }
  return end - start === name.length;
}
