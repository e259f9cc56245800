import { goJson, goMapJson, objectHead } from "@krm/apimachinery";
import { resourceId, type ResourceType } from "@krm/core";
import type { SimObject } from "../cluster/sim-object.ts";

/**
 * The bytes of objects as the API server sends them, each encoded once for as long as the object lives. Objects of the
 * cluster are frozen, so that what was encoded stays true.
 *
 * A built-in object stands in a list without `kind` and `apiVersion`, everywhere else with them in front. What is kept is
 * the form in the list; the head of the whole object is the same for all of one resource. A custom object is the same
 * in both places: a sorted map.
 */
export class ObjectBytes {
  readonly #kept = new WeakMap<SimObject, Buffer>();
  readonly #heads = new Map<string, Buffer>();

  /** As an item of a list of its own type. */
  item(resource: ResourceType, object: SimObject): Buffer {
    let bytes = this.#kept.get(object);
    if (bytes === undefined) {
      bytes = Buffer.from(resource.custom ? goMapJson(object) : itemJson(object));
      this.#kept.set(object, bytes);
    }
    return bytes;
  }

  /** On its own, with `kind` and `apiVersion`, in two pieces to be sent one after the other. */
  whole(resource: ResourceType, object: SimObject): readonly Buffer[] {
    const item = this.item(resource, object);
    return resource.custom ? [item] : [this.#head(resource), item.subarray(1)];
  }

  #head(resource: ResourceType): Buffer {
    const id = resourceId(resource);
    let head = this.#heads.get(id);
    if (head === undefined) {
      head = Buffer.from(objectHead(resource));
      this.#heads.set(id, head);
    }
    return head;
  }
}

function itemJson(object: SimObject): string {
  const { kind: _kind, apiVersion: _apiVersion, ...item } = object;
  return goJson(item);
}
