import {
  decodeObject,
  type DecodeOptions,
  type DropPaths,
  type ListPage,
  type MetadataPage,
  type StoredObject,
} from "@krm/core";
import type { SimObject } from "../cluster/sim-object.ts";
import type { ListPage as ServedPage } from "../api-server/list.ts";

const encoder = new TextEncoder();

/** Objects of a simulated cluster as the port has them; each is decoded once. */
export class DecodedObjects {
  readonly #options: DecodeOptions;
  readonly #decoded = new WeakMap<SimObject, StoredObject>();
  readonly #metadataBytes = new WeakMap<SimObject, number>();

  constructor(drop: DropPaths | undefined) {
    this.#options = { drop };
  }

  decode(object: SimObject): StoredObject {
    let decoded = this.#decoded.get(object);
    if (decoded === undefined) {
      decoded = decodeObject(encoder.encode(JSON.stringify(object)), this.#options);
      this.#decoded.set(object, decoded);
    }
    return decoded;
  }

  page({ items, meta }: ServedPage): ListPage {
    const decoded = items.map((object) => this.decode(object));
    const bytes = decoded.reduce((sum, object) => sum + object.bytes.byteLength, 0);
    return { ...pageOf(meta), items: decoded, bytes };
  }

  /** `whole`: the bytes are those of whole objects, which were sent all the same. */
  metadataPage({ items, meta }: ServedPage, whole: boolean): MetadataPage {
    const revisions = items.map((object) => {
      const { key, uid, resourceVersion } = this.decode(object);
      return { key, uid, resourceVersion };
    });
    const size = (object: SimObject): number => (whole ? this.decode(object).bytes.byteLength : this.#metadata(object));
    const bytes = items.reduce((sum, object) => sum + size(object), 0);
    return { ...pageOf(meta), items: revisions, bytes, metadataOnly: !whole };
  }

  #metadata(object: SimObject): number {
    let bytes = this.#metadataBytes.get(object);
    if (bytes === undefined) {
      // Less what is dropped from whole objects too.
      const metadata = encoder.encode(JSON.stringify({ metadata: object.metadata }));
      bytes = decodeObject(metadata, this.#options).bytes.byteLength;
      this.#metadataBytes.set(object, bytes);
    }
    return bytes;
  }
}

function pageOf(meta: ServedPage["meta"]): Pick<ListPage, "resourceVersion" | "continue" | "remainingItemCount"> {
  return {
    resourceVersion: meta.resourceVersion,
    continue: meta.continue,
    remainingItemCount: meta.remainingItemCount,
  };
}
