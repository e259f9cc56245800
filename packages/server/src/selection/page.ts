import type { StoredObject } from "@krm/core";
import { Turns } from "../answer/turns.ts";
import type { FieldCache } from "./field-cache.ts";
import type { Wanted } from "./selection.ts";

/** A part of a list. */
export interface Page {
  readonly items: readonly StoredObject[];
  /** The key behind which the next page starts; undefined: this is the last one. */
  readonly last: string | undefined;
  /** Items after this page; undefined where a selection makes it unknown, and on the last page. */
  readonly remaining: number | undefined;
}

/** Bytes parsed in one go before others get a turn: a few milliseconds of work. */
const PARSED_IN_A_TURN = 256 * 1024;

/**
 * Takes the wanted objects after `after`, `limit` at most (0: all). Where objects have to be parsed for that, the event
 * loop turns in between; the list given does not change meanwhile. Rejects then when the signal is aborted.
 */
export async function takePage(
  objects: readonly StoredObject[],
  query: {
    readonly after: string | undefined;
    readonly limit: number;
    readonly wanted: Wanted | undefined;
    readonly cache: FieldCache;
    readonly signal?: AbortSignal;
  },
): Promise<Page> {
  const { after, limit, wanted, cache, signal } = query;
  const start = after === undefined ? 0 : firstAfter(objects, after);
  if (wanted === undefined) return slice(objects, start, limit);
  const items: StoredObject[] = [];
  const turns = new Turns(PARSED_IN_A_TURN, signal);
  for (let at = start; at < objects.length; at += 1) {
    const object = objects[at];
    if (object === undefined) continue;
    const { parsed } = cache;
    const isWanted = wanted(object);
    if (cache.parsed > parsed && turns.spend(object.bytes.byteLength)) await turns.next();
    if (!isWanted) continue;
    if (limit > 0 && items.length === limit) return { items, last: items.at(-1)?.key, remaining: undefined };
    items.push(object);
  }
  return { items, last: undefined, remaining: undefined };
}

function slice(objects: readonly StoredObject[], start: number, limit: number): Page {
  const remaining = limit === 0 ? 0 : Math.max(0, objects.length - start - limit);
  if (remaining === 0) {
    return { items: start === 0 ? objects : objects.slice(start), last: undefined, remaining: undefined };
  }
  const items = objects.slice(start, start + limit);
  return { items, last: items.at(-1)?.key, remaining };
}

/** The index of the first object whose key comes after `key`. Objects are in the order of their keys. */
function firstAfter(objects: readonly StoredObject[], key: string): number {
  let low = 0;
  let high = objects.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((objects[middle]?.key ?? "") <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
