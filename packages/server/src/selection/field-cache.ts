import { fieldPath, selectableFields } from "@krm/apimachinery";
import { type ResourceType, type StoredObject, valuesOf } from "@krm/core";

const decoder = new TextDecoder();

/**
 * The values of the fields that selectors name, read from an object's bytes at the first use and kept as long as the object
 * is. What stands at one place is read there; for any other field the whole object is parsed.
 */
export class FieldCache {
  readonly #fields = new WeakMap<StoredObject, Record<string, string>>();
  #parsed = 0;

  /** How many times an object has been looked through so far. */
  get parsed(): number {
    return this.#parsed;
  }

  /** These fields, and others that happen to be known. Each must be one that the resource has. */
  fieldsOf(resource: ResourceType, object: StoredObject, wanted: readonly string[]): Readonly<Record<string, string>> {
    const fields = this.#fields.get(object) ?? {};
    const missing = wanted.filter((field) => fields[field] === undefined);
    if (missing.length === 0) return fields;
    this.#parsed += 1;
    for (const field of missing) {
      const path = fieldPath(resource, field);
      if (path === undefined) {
        Object.assign(fields, selectableFields(resource, JSON.parse(decoder.decode(object.bytes))));
        break;
      }
      fields[field] = valuesOf({ by: "field", path }, object)[0] ?? "";
    }
    this.#fields.set(object, fields);
    return fields;
  }
}
