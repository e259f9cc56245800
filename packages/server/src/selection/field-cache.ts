import { selectableFields } from "@krm/apimachinery";
import type { ResourceType, StoredObject } from "@krm/core";

const decoder = new TextDecoder();

/**
 * The values of the fields that selectors may name, read from an object's bytes at the first use and kept as long as
 * the object is: no version of an object is parsed twice.
 */
export class FieldCache {
  readonly #fields = new WeakMap<StoredObject, Readonly<Record<string, string>>>();
  #parsed = 0;

  /** How many objects have been parsed so far. */
  get parsed(): number {
    return this.#parsed;
  }

  fieldsOf(resource: ResourceType, object: StoredObject): Readonly<Record<string, string>> {
    let fields = this.#fields.get(object);
    if (fields === undefined) {
      this.#parsed += 1;
      fields = selectableFields(resource, JSON.parse(decoder.decode(object.bytes)));
      this.#fields.set(object, fields);
    }
    return fields;
  }
}
