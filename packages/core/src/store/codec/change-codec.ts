import type { ViewChange } from "../../merge/view-change.ts";
import type { ObjectKey, Uid } from "../../model/object-key.ts";
import type { ResourceVersion } from "../../model/resource-version.ts";
import { decodeObjectRecord, encodeObject } from "./object-codec.ts";

/** A change in two parts: what is small, as JSON text, and the record of the object that it carries, if any. */
export interface EncodedChange {
  readonly header: string;
  readonly record: Uint8Array | undefined;
}

type Replaced = readonly [uid: string, resourceVersion: string];

/** `[key, origin, observedAt, previous?]` for a set, `[key, origin, observedAt, uid, version]` for a removal. */
type Header =
  | readonly ["s", string, ViewChange["origin"], number, Replaced?]
  | readonly ["r", string, ViewChange["origin"], number, string, string];

/** Writes a change. */
export function encodeChange(change: ViewChange): EncodedChange {
  const { origin, observedAt } = change;
  if (change.type === "set") {
    const { object, previous } = change;
    const replaced: Replaced | undefined = previous && [previous.uid, previous.resourceVersion];
    const header: Header =
      replaced === undefined ? ["s", object.key, origin, observedAt] : ["s", object.key, origin, observedAt, replaced];
    return { header: JSON.stringify(header), record: encodeObject(object) };
  }
  const header: Header = ["r", change.key, origin, observedAt, change.uid, change.resourceVersion];
  const { finalState } = change;
  return { header: JSON.stringify(header), record: finalState === "unknown" ? undefined : encodeObject(finalState) };
}

/**
 * Reads a change that {@link encodeChange} wrote. An empty record counts as none.
 *
 * @throws KrmError `KRM_STORE_FAILED` for a record that cannot be read.
 */
export function decodeChange({ header, record }: EncodedChange): ViewChange {
  const read = JSON.parse(header) as Header;
  const [type, name, origin, observedAt] = read;
  const key = name as ObjectKey;
  const body = record === undefined || record.byteLength === 0 ? undefined : decodeObjectRecord(key, record);
  if (type === "s") {
    const [, , , , replaced] = read;
    const previous = replaced && { uid: replaced[0] as Uid, resourceVersion: replaced[1] as ResourceVersion };
    return { type: "set", object: body ?? decodeObjectRecord(key, new Uint8Array()), previous, origin, observedAt };
  }
  const [, , , , uid, version] = read;
  const resourceVersion = version as ResourceVersion;
  return { type: "removed", key, uid: uid as Uid, resourceVersion, finalState: body ?? "unknown", origin, observedAt };
}
