import type { ReplacedState, ViewChange } from "../../merge/view-change.ts";
import type { ObjectKey, Uid } from "../../model/object-key.ts";
import type { ResourceVersion } from "../../model/resource-version.ts";
import { decodeObjectRecord, encodeObject } from "./object-codec.ts";

/** A change in two parts: what is small, as JSON text, and the record of the object that it carries, if any. */
export interface EncodedChange {
  readonly header: string;
  readonly record: Uint8Array | undefined;
}

/** `1`: its deletion had been asked for; `0`: it had not; left out: not known. */
type Deleting = 0 | 1;

type Replaced = readonly [uid: string, resourceVersion: string, deleting?: Deleting, changedAt?: string];

/** `[key, origin, observedAt, previous?]` for a set, `[key, origin, observedAt, uid, version, deleting?]` for a removal. */
type Header =
  | readonly ["s", string, ViewChange["origin"], number, Replaced?]
  | readonly ["r", string, ViewChange["origin"], number, string, string, Deleting?];

/** Writes a change. */
export function encodeChange(change: ViewChange): EncodedChange {
  const { origin, observedAt } = change;
  if (change.type === "set") {
    const { object, previous } = change;
    const replaced = previous && encodeReplaced(previous);
    const header: Header =
      replaced === undefined ? ["s", object.key, origin, observedAt] : ["s", object.key, origin, observedAt, replaced];
    return { header: JSON.stringify(header), record: encodeObject(object) };
  }
  const { finalState, uid, resourceVersion, wasDeleting } = change;
  const removed = ["r", change.key, origin, observedAt, uid, resourceVersion] as const;
  const header: Header = wasDeleting === undefined ? removed : [...removed, wasDeleting ? 1 : 0];
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
    const previous = replaced && decodeReplaced(replaced);
    return { type: "set", object: body ?? decodeObjectRecord(key, new Uint8Array()), previous, origin, observedAt };
  }
  const [, , , , uid, version, deleting] = read;
  const resourceVersion = version as ResourceVersion;
  const finalState = body ?? "unknown";
  const wasDeleting = deleting === undefined ? undefined : deleting === 1;
  return { type: "removed", key, uid: uid as Uid, resourceVersion, finalState, wasDeleting, origin, observedAt };
}

function encodeReplaced({ uid, resourceVersion, deleting, changedAt }: ReplacedState): Replaced {
  if (deleting === undefined) return [uid, resourceVersion];
  const mark = deleting ? 1 : 0;
  return changedAt === undefined ? [uid, resourceVersion, mark] : [uid, resourceVersion, mark, changedAt];
}

function decodeReplaced([uid, version, deleting, changedAt]: Replaced): ReplacedState {
  const replaced = { uid: uid as Uid, resourceVersion: version as ResourceVersion };
  return deleting === undefined ? replaced : { ...replaced, deleting: deleting === 1, changedAt };
}
