import { bookmarkObject, goJson, type ObjectView, type Status } from "@krm/apimachinery";
import type { ClusterEvent, SimObject } from "../cluster/sim-object.ts";
import type { SimResource } from "../cluster/sim-resource.ts";
import type { Representer } from "./representer.ts";

const END = Buffer.from("}\n");

/** What a watch is told of an event: the type that it sees, and which object goes with it. */
export type SeenEvent =
  | { readonly type: "ADDED" | "MODIFIED"; readonly of: "object" }
  | { readonly type: "DELETED"; readonly of: "object" | "left" };

/**
 * Lines of watch streams. The line of an event is made once and shared by all watches that are told the same of it;
 * only Tables, whose ages depend on the moment, are made anew.
 */
export class WatchFrames {
  readonly #representer: Representer;
  readonly #shared = new WeakMap<ClusterEvent, Map<string, Buffer>>();

  constructor(representer: Representer) {
    this.#representer = representer;
  }

  /** The line of an event. `first`: it is the first of its stream. */
  event(resource: SimResource, event: ClusterEvent, seen: SeenEvent, view: ObjectView, first: boolean): Buffer {
    if (view.representation.type === "table")
      return this.#line(resource, seen.type, objectOf(event, seen), view, first);
    const id = `${seen.type} ${seen.of} ${view.representation.type}`;
    let lines = this.#shared.get(event);
    if (lines === undefined) this.#shared.set(event, (lines = new Map()));
    let line = lines.get(id);
    if (line === undefined) {
      line = this.#line(resource, seen.type, objectOf(event, seen), view, first);
      lines.set(id, line);
    }
    return line;
  }

  /** A synthetic ADDED for an object that exists as the watch starts. */
  initial(resource: SimResource, object: SimObject, view: ObjectView, first: boolean): Buffer {
    return this.#line(resource, "ADDED", object, view, first);
  }

  /** A bookmark; `initialEventsEnd` marks the end of the initial events. */
  bookmark(resource: SimResource, version: string, view: ObjectView, initialEventsEnd: boolean): Buffer {
    const whole = bookmarkObject(resource, version, initialEventsEnd);
    const { metadata } = whole;
    switch (view.representation.type) {
      case "table":
        return frame("BOOKMARK", {
          kind: "Table",
          apiVersion: "meta.k8s.io/v1",
          metadata: { resourceVersion: version },
          columnDefinitions: null,
          rows: [{ cells: [], object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata } }],
        });
      case "partial-object-metadata":
        return frame("BOOKMARK", { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata });
      case "json":
      case "yaml":
      case "partial-object-metadata-list":
      case "api-group-discovery-list":
        return frame("BOOKMARK", whole);
    }
  }

  /** An error inside a stream that began well. */
  error(status: Status): Buffer {
    return frame("ERROR", status);
  }

  #line(resource: SimResource, type: string, object: SimObject, view: ObjectView, first: boolean): Buffer {
    const pieces = this.#representer.event(resource, object, view, first);
    return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), ...pieces, END]);
  }
}

/** An object that left a selector is shown as it was, under the version of the event. */
function objectOf(event: ClusterEvent, seen: SeenEvent): SimObject {
  if (seen.of === "object" || event.previous === undefined) return event.object;
  const { previous } = event;
  return { ...previous, metadata: { ...previous.metadata, resourceVersion: event.resourceVersion } };
}

function frame(type: string, object: unknown): Buffer {
  return Buffer.from(`{"type":"${type}","object":${goJson(object)}}\n`);
}
