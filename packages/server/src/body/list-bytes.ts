import { type ListEnvelope, listEnvelope, type ListMeta, objectHead } from "@krm/apimachinery";
import { apiVersionOf, type ResourceType, type StoredObject } from "@krm/core";

/** A list, or another document, as it goes over the wire: its length, and its bytes in chunks, most of them the stored objects' own. */
export interface ListBytes {
  readonly length: number;
  chunks(): Generator<Uint8Array, void, undefined>;
  /** What a list of stored objects is put together from; undefined: it is another document. */
  readonly objects?: ObjectsInList | undefined;
}

/** A list of stored objects: head, then objects with a comma between any two, then tail. */
export interface ObjectsInList {
  readonly head: Uint8Array;
  readonly items: readonly StoredObject[];
  readonly tail: Uint8Array;
  /** It begins with the first object of a namespace, or of all: not where a page before it ended, or a selection left off. */
  readonly isFromStart: boolean;
  /** The bytes of some of the objects that follow each other, with the commas between them. */
  readonly pieces: (items: readonly StoredObject[]) => Generator<Uint8Array, void, undefined>;
}

const COMMA = Buffer.from(",");
const NEWLINE = Buffer.from("\n");

/**
 * Puts a Kubernetes list around the bytes of its objects; nothing is copied or parsed. Items of built-in kinds stand
 * without `kind` and `apiVersion`, those of custom resources with them, as the API server sends both.
 */
export function listBytes(resource: ResourceType, metadata: ListMeta, items: readonly StoredObject[]): ListBytes {
  const apiVersion = apiVersionOf(resource);
  const start = JSON.stringify({ kind: resource.listKind, apiVersion, metadata });
  return around(resource, { head: `${start.slice(0, -1)},"items":[`, tail: "]}\n" }, items, false);
}

/** The same in the members' order of the Kubernetes API, which differs for custom resources. */
export function kubernetesListBytes(
  resource: ResourceType,
  metadata: ListMeta,
  items: readonly StoredObject[],
  isFromStart: boolean,
): ListBytes {
  return around(resource, listEnvelope(resource, metadata), items, isFromStart);
}

/** One object on its own, with `kind` and `apiVersion`. */
export function objectBytes(resource: ResourceType, { bytes }: StoredObject): ListBytes {
  return wholeBytes([Buffer.from(objectHead(resource)), bytes.subarray(1), NEWLINE]);
}

/** What has been put together before. */
export function wholeBytes(pieces: readonly Uint8Array[]): ListBytes {
  const length = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  return { length, chunks: () => each(pieces) };
}

function* each(pieces: readonly Uint8Array[]): Generator<Uint8Array, void, undefined> {
  yield* pieces;
}

function around(
  resource: ResourceType,
  envelope: ListEnvelope,
  items: readonly StoredObject[],
  isFromStart: boolean,
): ListBytes {
  const head = Buffer.from(envelope.head);
  const tail = Buffer.from(envelope.tail);
  // It stands in for the object's own opening brace.
  const prefix = resource.custom ? Buffer.from(objectHead(resource)) : undefined;
  let length = head.length + tail.length + Math.max(0, items.length - 1) * COMMA.length;
  for (const item of items) length += item.bytes.byteLength;
  if (prefix !== undefined) length += items.length * (prefix.length - 1);
  const objects: ObjectsInList = { head, items, tail, isFromStart, pieces: (some) => pieces(some, prefix) };
  return { length, chunks: () => chunks(objects), objects };
}

function* chunks({ head, items, pieces: all, tail }: ObjectsInList): Generator<Uint8Array, void, undefined> {
  yield head;
  yield* all(items);
  yield tail;
}

function* pieces(items: readonly StoredObject[], prefix: Buffer | undefined): Generator<Uint8Array, void, undefined> {
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
}
