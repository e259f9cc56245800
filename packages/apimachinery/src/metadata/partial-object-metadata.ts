import type { MetaVersion } from "../negotiate.ts";
import { at, type Json } from "../object/json.ts";

/** An object cut down to its metadata, keys in the order in which the API server writes them. */
export interface PartialObjectMetadata {
  readonly kind: "PartialObjectMetadata";
  readonly apiVersion: `meta.k8s.io/${MetaVersion}`;
  /** The object's own, the very same value. */
  readonly metadata: Json;
}

/** The metadata of a list. */
export interface ListMeta {
  readonly resourceVersion: string;
  /** Absent on the last page. */
  readonly continue?: string | undefined;
  /** Absent on the last page, and where a selector makes it unknown. */
  readonly remainingItemCount?: number | undefined;
}

/** A list of objects cut down to their metadata. */
export interface PartialObjectMetadataList {
  readonly kind: "PartialObjectMetadataList";
  readonly apiVersion: `meta.k8s.io/${MetaVersion}`;
  readonly metadata: ListMeta;
  /** Null where there are none, as the API server answers. */
  readonly items: readonly PartialObjectMetadata[] | null;
}

/**
 * Cuts an object down to its metadata.
 *
 * @example
 * partialObjectMetadata({ metadata: { name: "a" }, spec: {} })
 * // { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: { name: "a" } }
 */
export function partialObjectMetadata(object: object, version: MetaVersion = "v1"): PartialObjectMetadata {
  return {
    kind: "PartialObjectMetadata",
    apiVersion: `meta.k8s.io/${version}`,
    metadata: at(object, "metadata") ?? {},
  };
}

/** Cuts a list of objects down to their metadata. */
export function partialObjectMetadataList(
  objects: readonly object[],
  listMeta: ListMeta,
  version: MetaVersion = "v1",
): PartialObjectMetadataList {
  return {
    kind: "PartialObjectMetadataList",
    apiVersion: `meta.k8s.io/${version}`,
    metadata: writtenListMeta(listMeta),
    items: objects.length === 0 ? null : objects.map((object) => partialObjectMetadata(object, version)),
  };
}

/** A list's metadata without what is not set, in the order in which the API server writes it. */
export function writtenListMeta(meta: ListMeta): ListMeta {
  return {
    resourceVersion: meta.resourceVersion,
    ...(meta.continue === undefined || meta.continue === "" ? {} : { continue: meta.continue }),
    ...(meta.remainingItemCount === undefined ? {} : { remainingItemCount: meta.remainingItemCount }),
  };
}
