import type { ResourceVersion } from "@krm/core";

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** From the first byte of a value to the one after its last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Where `metadata` stands in the bytes of a stored object, which were checked when they were read: what is no JSON is
 * not noticed here.
 */
export function metadataRange(bytes: Buffer): ByteRange {
  const range = member(bytes, 0, "metadata");
  if (range === undefined) throw new TypeError("a stored object without metadata");
  return range;
}

/** The same object under another version; nothing else of its bytes is touched. */
export function withResourceVersion(bytes: Buffer, version: ResourceVersion): Buffer {
  const { start } = metadataRange(bytes);
  const text = Buffer.from(`"${version}"`);
  const range = member(bytes, start, "resourceVersion");
  if (range !== undefined) return Buffer.concat([bytes.subarray(0, range.start), text, bytes.subarray(range.end)]);
  const first = skipSpace(bytes, start + 1);
  const comma = bytes[first] === CLOSE_BRACE ? "" : ",";
  const added = Buffer.from(`"resourceVersion":${text.toString()}${comma}`);
  return Buffer.concat([bytes.subarray(0, first), added, bytes.subarray(first)]);
}

/** The value of a member of the object that begins at `at`; undefined: there is none. */
function member(b: Buffer, at: number, name: string): ByteRange | undefined {
  let i = skipSpace(b, at + 1);
  while (b[i] === QUOTE) {
    const nameEnd = skipString(b, i);
    const found = isName(b, i, nameEnd, name);
    i = skipSpace(b, nameEnd);
    if (b[i] !== COLON) break;
    const start = skipSpace(b, i + 1);
    const end = skipValue(b, start);
    if (found) return { start, end };
    i = skipSpace(b, end);
    if (b[i] !== COMMA) break;
    i = skipSpace(b, i + 1);
  }
  return undefined;
}

/** A name may be written with escapes: `"\u006dame"` is a `name` too. */
function isName(b: Buffer, start: number, end: number, name: string): boolean {
  const raw = b.toString("utf8", start + 1, end - 1);
  return raw === name || (raw.includes("\\") && JSON.parse(`"${raw}"`) === name);
}

function skipSpace(b: Buffer, at: number): number {
  let i = at;
  while (i < b.length && (b[i] as number) <= SPACE) i++;
  return i;
}

/** `at`: at the opening quote. */
function skipString(b: Buffer, at: number): number {
  let i = at + 1;
  while (i < b.length && b[i] !== QUOTE) i += b[i] === BACKSLASH ? 2 : 1;
  return i + 1;
}

function skipValue(b: Buffer, at: number): number {
  let depth = 0;
  let i = at;
  while (i < b.length) {
    const c = b[i] as number;
    if (c === QUOTE) {
      i = skipString(b, i);
      if (depth === 0) return i;
      continue;
    }
    if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
      if (depth === 0) return i;
      depth--;
      if (depth === 0) return i + 1;
    } else if (depth === 0 && (c === COMMA || c <= SPACE)) return i;
    i++;
  }
  return i;
}
