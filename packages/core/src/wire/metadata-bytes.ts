import { Buffer } from "node:buffer";
import type { ResourceVersion } from "../model/resource-version.ts";
import { asBuffer } from "./as-buffer.ts";
import { CLOSE_BRACE, COMMA, QUOTE } from "./json-bytes.ts";
import { skipColon, skipSpace, skipString, skipValue } from "./json-scan.ts";

/** From the first byte of a value to the one after its last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Where `metadata` stands in the bytes of a stored object.
 *
 * @throws TypeError where there is none. What is no JSON was refused when the object was read: not all of it is noticed here.
 */
export function metadataRange(bytes: Uint8Array): ByteRange {
  const range = member(bytes, 0, "metadata");
  if (range === undefined) throw new TypeError("a stored object without metadata");
  return range;
}

/** A stored object's bytes under another version; nothing else of them is touched. */
export function withResourceVersion(bytes: Uint8Array, version: ResourceVersion): Uint8Array {
  const { start } = metadataRange(bytes);
  const range = member(bytes, start, "resourceVersion");
  if (range !== undefined) return spliced(bytes, range, `"${version}"`);
  const first = skipSpace(bytes, start + 1, bytes.length);
  const comma = bytes[first] === CLOSE_BRACE ? "" : ",";
  return spliced(bytes, { start: first, end: first }, `"resourceVersion":"${version}"${comma}`);
}

function spliced(bytes: Uint8Array, { start, end }: ByteRange, text: string): Uint8Array {
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(text), bytes.subarray(end)]);
}

/** The value of a member of the object that begins at `at`; undefined: there is none. */
function member(b: Uint8Array, at: number, name: string): ByteRange | undefined {
  const last = b.length;
  let i = skipSpace(b, at + 1, last);
  while (b[i] === QUOTE) {
    const nameEnd = skipString(b, i + 1, last);
    const found = isName(b, i + 1, nameEnd - 1, name);
    const start = skipSpace(b, skipColon(b, nameEnd, last), last);
    const end = skipValue(b, start, last);
    if (found) return { start, end };
    i = skipSpace(b, end, last);
    if (b[i] !== COMMA) break;
    i = skipSpace(b, i + 1, last);
  }
  return undefined;
}

/** A name may be written with escapes: `"\u006dame"` is a `name` too. */
function isName(b: Uint8Array, start: number, end: number, name: string): boolean {
  const raw = asBuffer(b).toString("latin1", start, end);
  return raw === name || (raw.includes("\\") && JSON.parse(`"${raw}"`) === name);
}
