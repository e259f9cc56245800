import type { Buffer } from "node:buffer";
import { isResourceVersion } from "../model/resource-version.ts";
import type { ListPage } from "../ports/list-watch.ts";
import { decodeError, type DecodeOptions, dropOf } from "./decode-options.ts";
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, SMALL_N } from "./json-bytes.ts";
import { expected, JsonSyntaxError, skipSpace, skipValue } from "./json-scan.ts";
import { type MemberPlan, type NameFound, planNames, readName } from "./member-plan.ts";
import { ObjectScan } from "./object-scan.ts";
import { asBuffer } from "./as-buffer.ts";
import { ordered, WireObject } from "./wire-object.ts";

const LIST = planNames("metadata", "items");

/**
 * Decodes the body of a LIST. Items are decoded as by `decodeObject`, in order; `items: null` is an empty list.
 *
 * A list whose own resourceVersion cannot be ordered is given as it is, its items too: that is for the caller to judge
 * (law 8). In a list with a version that can be ordered, an item with one that cannot is an error.
 *
 * @throws KrmError `KRM_DECODE` with what is wrong and at which byte; a body without `items` or `metadata` is not a
 * list, and not an empty one either. `KRM_INVALID_RESOURCE_VERSION` for an item.
 */
export function decodeListPage(body: Uint8Array, options: DecodeOptions = {}): ListPage {
  const b = asBuffer(body);
  try {
    const { items, meta } = readList(b, dropOf(options).plan);
    const { resourceVersion, continue: token, remainingItemCount } = meta;
    const version = typeof resourceVersion === "string" ? resourceVersion : "";
    if (isResourceVersion(version)) for (const item of items) ordered(item);
    return {
      resourceVersion: version,
      items,
      continue: typeof token === "string" && token !== "" ? token : undefined,
      remainingItemCount: typeof remainingItemCount === "number" ? remainingItemCount : undefined,
      bytes: b.length,
    };
  } catch (error) {
    throw decodeError(error, "the list", 0, b.length);
  }
}

function readList(b: Buffer, plan: MemberPlan): { items: WireObject[]; meta: Record<string, unknown> } {
  const end = b.length;
  let items: WireObject[] | undefined;
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
    i = found.valueStart;
    if (name === "items") {
      if (items !== undefined) throw new JsonSyntaxError("a second items", i);
      items = [];
      i = readItems(b, i, end, plan, items);
    } else if (name === "metadata") {
      if (meta !== undefined) throw new JsonSyntaxError("a second metadata", i);
      if (b[i] !== OPEN_BRACE) throw new JsonSyntaxError("metadata is not an object", i);
      const from = i;
      i = skipValue(b, i, end);
      meta = JSON.parse(b.toString("utf8", from, i)) as Record<string, unknown>;
    } else {
      i = skipValue(b, i, end);
    }
    i = skipSpace(b, i, end);
    if (b[i] === CLOSE_BRACE) break;
    if (b[i] !== COMMA) throw expected('"," or "}"', b, i, end);
    i++;
  }
  i = skipSpace(b, i + 1, end);
  if (i < end) throw new JsonSyntaxError("the list has ended, but the text goes on", i);
  if (meta === undefined) throw new JsonSyntaxError("metadata is missing", start);
  if (items === undefined) throw new JsonSyntaxError("items are missing", start);
  return { items, meta };
}

/** `at`: at the value of `items`. */
function readItems(b: Buffer, at: number, end: number, plan: MemberPlan, items: WireObject[]): number {
  if (b[at] === SMALL_N) return skipValue(b, at, end);
  if (b[at] !== OPEN_BRACKET) throw new JsonSyntaxError("items are not an array", at);
  const scan = new ObjectScan();
  let i = skipSpace(b, at + 1, end);
  if (b[i] === CLOSE_BRACKET) return i + 1;
  for (;;) {
    const start = skipSpace(b, i, end);
    i = scan.scan(b, start, end, plan);
    items.push(new WireObject(b, start, i, scan));
    i = skipSpace(b, i, end);
    if (b[i] === CLOSE_BRACKET) return i + 1;
    if (b[i] !== COMMA) throw expected('"," or "]"', b, i, end);
    i++;
  }
}
