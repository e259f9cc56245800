import { apiVersionOf, type ResourceType, type StoredObject } from "@krm/core";
import type { ListMetadata } from "@krm/protocol";

/** A list as it goes over the wire: its length, and its bytes in chunks, most of them the stored objects' own. */
export interface ListBytes {
  readonly length: number;
  chunks(): Generator<Uint8Array, void, undefined>;
}

const COMMA = Buffer.from(",");
const TAIL = Buffer.from("]}\n");

/**
 * Puts a Kubernetes list around the bytes of its objects; nothing is copied or parsed. Items of built-in kinds stand
 * without `kind` and `apiVersion`, those of custom resources with them, as the API server sends both.
 */
export function listBytes(resource: ResourceType, metadata: ListMetadata, items: readonly StoredObject[]): ListBytes {
  const apiVersion = apiVersionOf(resource);
  const head = Buffer.from(openEnded({ kind: resource.listKind, apiVersion, metadata }, `"items":[`));
  // It stands in for the object's own opening brace.
  const prefix = resource.custom ? Buffer.from(openEnded({ apiVersion, kind: resource.kind }, "")) : undefined;
  let length = head.length + TAIL.length + Math.max(0, items.length - 1) * COMMA.length;
  for (const item of items) length += item.bytes.byteLength;
  if (prefix !== undefined) length += items.length * (prefix.length - 1);
  return { length, chunks: () => chunks(head, items, prefix) };
}

/** JSON of an object that goes on with `next`. */
function openEnded(start: object, next: string): string {
  return `${JSON.stringify(start).slice(0, -1)},${next}`;
}

function* chunks(
  head: Buffer,
  items: readonly StoredObject[],
  prefix: Buffer | undefined,
): Generator<Uint8Array, void, undefined> {
  yield head;
  let first = true;
  for (const { bytes } of items) {
    if (!first) yield COMMA;
    first = false;
    if (prefix === undefined) {
      yield bytes;
    } else {
      yield prefix;
      yield bytes.subarray(1);
    }
  }
  yield TAIL;
}
