import { type BookmarkObject, bookmarkObject, goJson, objectHead, type Status, toTable } from "@krm/apimachinery";
import { type Clock, type ResourceType, type ResourceVersion, type StoredObject, withResourceVersion } from "@krm/core";
import { LAST_CONTACT_ANNOTATION } from "@krm/protocol";
import { metadataHead, metadataOf } from "../body/metadata-bytes.ts";
import { tableRows } from "../body/table-rows.ts";
import type { FrameCache } from "./frame-cache.ts";
import { type Shape, shapeId } from "./shape.ts";
import type { RingEvent, SeenEvent } from "./watch-event.ts";

const END = Buffer.from("}\n");
const TWICE_END = Buffer.from("}}\n");
const ROWS_END = Buffer.from("]}}\n");

/**
 * The lines of the watches of one resource. What many readers are told alike is made once: JSON around the stored bytes,
 * which are not parsed; metadata as the part of them that it is. Only Tables, whose ages depend on the moment, are made
 * at each asking.
 */
export class Frames {
  readonly #resource: ResourceType;
  readonly #clock: Clock;
  readonly #objectHead: string;
  readonly #heads = new Map<string, Buffer>();
  readonly #kept: FrameCache;
  #made = 0;

  constructor(resource: ResourceType, clock: Clock, kept: FrameCache) {
    this.#resource = resource;
    this.#clock = clock;
    this.#kept = kept;
    this.#objectHead = objectHead(resource);
  }

  /** How many frames of events were made. */
  get made(): number {
    return this.#made;
  }

  /** The line of an event. `first`: it is the first of its stream, which is where a Table names its columns. */
  event(event: RingEvent, seen: SeenEvent, shape: Shape, first: boolean): Buffer {
    const pieces = (): readonly Uint8Array[] => this.pieces(seen.type, seen.object, event.version, shape, first);
    if (shape.type === "table") return this.#make(pieces());
    const id = `${seen.type} ${shapeId(shape)}`;
    const known = this.#kept.get(event, id);
    if (known !== undefined) return known;
    const made = this.#make(pieces());
    this.#kept.keep(event, id, made);
    return made;
  }

  /** The line of an object under a version, in pieces to be sent one after the other. */
  pieces(
    type: RingEvent["type"],
    object: StoredObject,
    version: ResourceVersion,
    shape: Shape,
    first: boolean,
  ): readonly Uint8Array[] {
    const own = object.bytes;
    const bytes = version === object.resourceVersion ? own : withResourceVersion(own, version);
    switch (shape.type) {
      case "json":
        return [this.#head(type, "", this.#objectHead), bytes.subarray(1), END];
      case "partial-object-metadata": {
        const head = this.#head(type, shape.version, metadataHead(shape.version));
        return [head, metadataOf(bytes), TWICE_END];
      }
      case "table": {
        const options = {
          now: this.#clock.now(),
          includeObject: shape.includeObject,
          listMeta: { resourceVersion: version },
          version: shape.version,
          columnDefinitions: first,
        };
        const empty = frame(type, toTable(this.#resource, [], options));
        return [empty.subarray(0, -ROWS_END.length), ...tableRows(this.#resource, [{ bytes }], options), ROWS_END];
      }
      default:
        return shape satisfies never;
    }
  }

  /**
   * A bookmark; `initialEventsEnd` marks the end of the initial events. `lastContact` is told besides, where it is given.
   */
  bookmark(version: string, shape: Shape, initialEventsEnd: boolean, lastContact?: number): Buffer {
    const whole = bookmarkObject(this.#resource, version, initialEventsEnd);
    const metadata = lastContact === undefined ? whole.metadata : withContact(whole.metadata, lastContact);
    switch (shape.type) {
      case "json":
        return frame("BOOKMARK", { ...whole, metadata });
      case "partial-object-metadata":
        return frame("BOOKMARK", {
          kind: "PartialObjectMetadata",
          apiVersion: `meta.k8s.io/${shape.version}`,
          metadata,
        });
      case "table": {
        const apiVersion = `meta.k8s.io/${shape.version}`;
        return frame("BOOKMARK", {
          kind: "Table",
          apiVersion,
          metadata: { resourceVersion: version },
          columnDefinitions: null,
          rows: [{ cells: [], object: { kind: "PartialObjectMetadata", apiVersion, metadata } }],
        });
      }
      default:
        return shape satisfies never;
    }
  }

  /** An error inside a stream that began well. */
  error(status: Status): Buffer {
    return frame("ERROR", status);
  }

  #head(type: string, id: string, object: string): Buffer {
    const known = this.#heads.get(`${type} ${id}`);
    if (known !== undefined) return known;
    const made = Buffer.from(`{"type":"${type}","object":${object}`);
    this.#heads.set(`${type} ${id}`, made);
    return made;
  }

  #make(pieces: readonly Uint8Array[]): Buffer {
    this.#made++;
    return Buffer.concat(pieces);
  }
}

function withContact(metadata: BookmarkObject["metadata"], at: number): BookmarkObject["metadata"] {
  const annotations = { ...metadata.annotations, [LAST_CONTACT_ANNOTATION]: new Date(at).toISOString() };
  return { ...metadata, annotations };
}

function frame(type: string, object: unknown): Buffer {
  return Buffer.from(`{"type":"${type}","object":${goJson(object)}}\n`);
}
