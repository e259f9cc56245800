import { goJson, objectHead, type TableOptions, toTable } from "@krm/apimachinery";
import type { ResourceType, StoredObject } from "@krm/core";

const COMMA = Buffer.from(",");
const ROW_END = Buffer.from("}");

const decoder = new TextDecoder();

/** The JSON of a Table's rows, with commas in between. Whole objects in them are the stored bytes: no number changes. */
export function tableRows(
  resource: ResourceType,
  objects: readonly Pick<StoredObject, "bytes">[],
  options: TableOptions,
): readonly Uint8Array[] {
  const parsed = objects.map(({ bytes }) => JSON.parse(decoder.decode(bytes)) as object);
  if (options.includeObject !== "Object") {
    return [Buffer.from(goJson(toTable(resource, parsed, options).rows).slice(1, -1))];
  }
  const head = objectHead(resource);
  const { rows } = toTable(resource, parsed, { ...options, includeObject: "None" });
  return rows.flatMap((row, at) => {
    const bytes = objects[at]?.bytes ?? new Uint8Array();
    // The object is a row's last member, and its head the object's opening brace.
    const before = Buffer.from(`${goJson(row).slice(0, -"null}".length)}${head}`);
    return [...(at === 0 ? [] : [COMMA]), before, bytes.subarray(1), ROW_END];
  });
}
