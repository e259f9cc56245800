import type { Buffer } from "node:buffer";
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, SMALL_N } from "./json-bytes.ts";
import { expected, JsonSyntaxError, skipSpace, skipValue } from "./json-scan.ts";
import { type NameFound, planNames, readName } from "./member-plan.ts";

const LIST = planNames("metadata", "items", "kind");

/** Reads one item of a list. `at`: at its first byte. Gives the position after it. */
export type ReadItem = (b: Buffer, at: number, end: number) => number;

/** What a list says of itself. */
export interface ListFacts {
  /** `""` where it gave none, or none that is text. */
  readonly kind: string;
  /** As `kind`. */
  readonly resourceVersion: string;
  readonly continue: string | undefined;
  readonly remainingItemCount: number | undefined;
}

/** One pass over the bytes of a list, checked from the first byte to the last. Throws {@link JsonSyntaxError}. */
export function scanList(b: Buffer, readItem: ReadItem): ListFacts {
  const end = b.length;
  let kind = "";
  let items = false;
  let meta: Record<string, unknown> | undefined;
  let i = skipSpace(b, 0, end);
  const start = i;
  if (b[i] !== OPEN_BRACE) throw expected('"{"', b, i, end);
  const found: NameFound = { member: undefined, valueStart: 0 };
  i = skipSpace(b, i + 1, end);
  if (b[i] === CLOSE_BRACE) throw new JsonSyntaxError("metadata is missing", start);
  for (;;) {
    readName(LIST, b, i, end, found);
    const name = found.member?.name;
    const from = found.valueStart;
    if (name === "items") {
      if (items) throw new JsonSyntaxError("a second items", from);
      items = true;
      i = scanItems(b, from, end, readItem);
    } else if (name === "metadata") {
      if (meta !== undefined) throw new JsonSyntaxError("a second metadata", from);
      if (b[from] !== OPEN_BRACE) throw new JsonSyntaxError("metadata is not an object", from);
      i = skipValue(b, from, end);
      meta = JSON.parse(b.toString("utf8", from, i)) as Record<string, unknown>;
    } else {
      i = skipValue(b, from, end);
      if (name === "kind") kind = b[from] === QUOTE ? (JSON.parse(b.toString("utf8", from, i)) as string) : "";
    }
    i = skipSpace(b, i, end);
    if (b[i] === CLOSE_BRACE) break;
    if (b[i] !== COMMA) throw expected('"," or "}"', b, i, end);
    i++;
  }
  i = skipSpace(b, i + 1, end);
  if (i < end) throw new JsonSyntaxError("the list has ended, but the text goes on", i);
  if (meta === undefined) throw new JsonSyntaxError("metadata is missing", start);
  if (!items) throw new JsonSyntaxError("items are missing", start);
  const { resourceVersion, continue: token, remainingItemCount } = meta;
  return {
    kind,
    resourceVersion: typeof resourceVersion === "string" ? resourceVersion : "",
    continue: typeof token === "string" && token !== "" ? token : undefined,
    remainingItemCount: typeof remainingItemCount === "number" ? remainingItemCount : undefined,
  };
}

/** `at`: at the value of `items`; `null` holds none. */
function scanItems(b: Buffer, at: number, end: number, readItem: ReadItem): number {
  if (b[at] === SMALL_N) return skipValue(b, at, end);
  if (b[at] !== OPEN_BRACKET) throw new JsonSyntaxError("items are not an array", at);
  let i = skipSpace(b, at + 1, end);
  if (b[i] === CLOSE_BRACKET) return i + 1;
  for (;;) {
    i = readItem(b, skipSpace(b, i, end), end);
    i = skipSpace(b, i, end);
    if (b[i] === CLOSE_BRACKET) return i + 1;
    if (b[i] !== COMMA) throw expected('"," or "]"', b, i, end);
    i++;
  }
}
