import { apiVersionOf, type ResourceType, type StoredObject } from "@krm/core";
import type { ListMetadata } from "@krm/protocol";

/** A list as it goes over the wire: its length, and its bytes in pieces. */
export interface ListBytes {
  readonly length: number;
  /** Makes the pieces, one at a time; each call makes them anew. */
  pieces(): Generator<Buffer, void, undefined>;
}

/** The most bytes that are put together at once. A longer list goes out piece by piece, as the reader takes it. */
const PIECE = 1 << 20;

const COMMA = 0x2c;

/**
 * Assembles a Kubernetes list from the bytes of its objects: each is copied once, none is parsed. Items of built-in kinds
 * stand without `kind` and `apiVersion`, those of custom resources with them, as the API server sends both.
 */
export function listBytes(resource: ResourceType, metadata: ListMetadata, items: readonly StoredObject[]): ListBytes {
  const apiVersion = apiVersionOf(resource);
  const head = Buffer.from(
    `${JSON.stringify({ kind: resource.listKind, apiVersion, metadata }).slice(0, -1)},"items":[`,
  );
  const tail = Buffer.from("]}\n");
  const prefix = resource.custom
    ? Buffer.from(`${JSON.stringify({ apiVersion, kind: resource.kind }).slice(0, -1)},`)
    : undefined;
  let length = head.length + tail.length + Math.max(0, items.length - 1);
  const added = prefix === undefined ? 0 : prefix.length - 1;
  for (const item of items) length += item.bytes.byteLength + added;
  return { length, pieces: () => pieces(head, items, prefix, tail, length) };
}

function* pieces(
  head: Buffer,
  items: readonly StoredObject[],
  prefix: Buffer | undefined,
  tail: Buffer,
  length: number,
): Generator<Buffer, void, undefined> {
  // With a prefix the object's own opening brace falls away.
  const skip = prefix === undefined ? 0 : 1;
  let left = length;
  let piece = room(left, head.length);
  let at = head.copy(piece);
  for (let index = 0; index < items.length; index += 1) {
    const { bytes } = items[index] as StoredObject;
    const comma = index === 0 ? 0 : 1;
    const size = comma + (prefix?.length ?? 0) + bytes.byteLength - skip;
    if (at + size > piece.length) {
      yield piece.subarray(0, at);
      left -= at;
      piece = room(left, size);
      at = 0;
    }
    if (comma === 1) piece[at++] = COMMA;
    if (prefix !== undefined) at += prefix.copy(piece, at);
    piece.set(skip === 0 ? bytes : bytes.subarray(skip), at);
    at += bytes.byteLength - skip;
  }
  if (at + tail.length > piece.length) {
    yield piece.subarray(0, at);
    yield tail;
    return;
  }
  at += tail.copy(piece, at);
  yield piece.subarray(0, at);
}

/** A piece for what is left, of the usual size at most, but large enough for `atLeast`. */
function room(left: number, atLeast: number): Buffer {
  return Buffer.allocUnsafeSlow(Math.max(atLeast, Math.min(left, PIECE)));
}
