import type { MetaVersion } from "@krm/apimachinery";
import { metadataRange, type StoredObject } from "@krm/core";

const END = Buffer.from("}");

/** What stands before the metadata in the JSON of an object's PartialObjectMetadata; `}` stands behind it. */
export function metadataHead(version: MetaVersion): string {
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":`;
}

/** An object's metadata, as a part of its stored bytes: nothing is parsed, and no number changes. */
export function metadataOf(bytes: Uint8Array): Uint8Array {
  const { start, end } = metadataRange(bytes);
  return bytes.subarray(start, end);
}

/** The JSON of an object's PartialObjectMetadata. */
export function metadataBytes({ bytes }: Pick<StoredObject, "bytes">, version: MetaVersion): readonly Uint8Array[] {
  return [Buffer.from(metadataHead(version)), metadataOf(bytes), END];
}
