import { Buffer } from "node:buffer";
import type { ResourceVersion } from "../model/resource-version.ts";
import { CLOSE_BRACE } from "./json-bytes.ts";
import { skipSpace } from "./json-scan.ts";
import { type ByteRange, memberRange } from "./member-range.ts";

/**
 * Where `metadata` stands in the bytes of a stored object.
 *
 * @throws TypeError where there is none. What is no JSON was refused when the object was read: not all of it is noticed here.
 */
export function metadataRange(bytes: Uint8Array): ByteRange {
  const range = memberRange(bytes, 0, "metadata");
  if (range === undefined) throw new TypeError("a stored object without metadata");
  return range;
}

/** A stored object's bytes under another version; nothing else of them is touched. */
export function withResourceVersion(bytes: Uint8Array, version: ResourceVersion): Uint8Array {
  const { start } = metadataRange(bytes);
  const range = memberRange(bytes, start, "resourceVersion");
  if (range !== undefined) return spliced(bytes, range, `"${version}"`);
  const first = skipSpace(bytes, start + 1, bytes.length);
  const comma = bytes[first] === CLOSE_BRACE ? "" : ",";
  return spliced(bytes, { start: first, end: first }, `"resourceVersion":"${version}"${comma}`);
}

function spliced(bytes: Uint8Array, { start, end }: ByteRange, text: string): Uint8Array {
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(text), bytes.subarray(end)]);
}
