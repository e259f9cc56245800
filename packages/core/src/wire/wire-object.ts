import { Buffer } from "node:buffer";
import { objectKey, type ObjectKey, type Uid } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { StoredObject } from "../model/stored-object.ts";
import { asBuffer } from "./as-buffer.ts";
import { decodeError, type DecodeOptions, dropOf } from "./decode-options.ts";
import { JsonSyntaxError, skipSpace } from "./json-scan.ts";
import { readLabels } from "./labels.ts";
import { gracePeriod, labelsRange, optional, ordered, required, text } from "./object-fields.ts";
import { ObjectScan } from "./object-scan.ts";

/** A {@link StoredObject} over its own copy of the bytes. Labels are read from them at the first use. */
export class WireObject implements StoredObject {
  readonly key: ObjectKey;
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
  readonly namespace: string;
  readonly name: string;
  readonly bytes: Buffer;
  readonly creationTimestamp: string | undefined;
  readonly deletionTimestamp: string | undefined;
  readonly deletionGracePeriodSeconds: number | undefined;
  readonly changedAt: string | undefined;
  #labels: Readonly<Record<string, string>> | undefined;
  /** Where in `bytes` the labels stand. */
  readonly labelsStart: number;
  readonly labelsEnd: number;

  /** Of the object that `scan` found in `b` from `at` to `end`. Its resourceVersion is taken as sent. */
  constructor(b: Buffer, at: number, end: number, scan: ObjectScan) {
    const { fields, changed, cuts } = scan;
    this.name = required(b, at, fields.name, "name");
    this.namespace = optional(b, fields.namespace, "namespace") ?? "";
    this.key = objectKey(this.namespace, this.name);
    this.uid = required(b, at, fields.uid, "uid") as Uid;
    this.resourceVersion = (optional(b, fields.resourceVersion, "resourceVersion") ?? "") as ResourceVersion;
    this.creationTimestamp = optional(b, fields.creationTimestamp, "creationTimestamp");
    this.deletionTimestamp = optional(b, fields.deletionTimestamp, "deletionTimestamp");
    this.deletionGracePeriodSeconds = gracePeriod(b, scan);
    this.changedAt = changed.start === -1 ? undefined : text(b, changed.start, changed.end);
    const labels = labelsRange(b, scan);
    this.labelsStart = labels.start === -1 ? 0 : offsetInCopy(labels.start, at, cuts);
    this.labelsEnd = labels.start === -1 ? 0 : offsetInCopy(labels.end, at, cuts);
    this.bytes = copyKept(b, at, end, cuts);
  }

  get labels(): Readonly<Record<string, string>> {
    this.#labels ??= readLabels(this.bytes, { start: this.labelsStart, end: this.labelsEnd });
    return this.#labels;
  }
}

/** Where a position of the scanned buffer lies after the cuts. One within a cut lies where that was. */
function offsetInCopy(position: number, at: number, cuts: readonly number[]): number {
  let offset = position - at;
  for (let k = 0; k < cuts.length && (cuts[k] as number) < position; k += 2) {
    offset -= Math.min(cuts[k + 1] as number, position) - (cuts[k] as number);
  }
  return offset;
}

/** One allocation of exactly the size, outside of Buffer's pool: the chunk that the object came in is not kept alive. */
function copyKept(b: Buffer, at: number, end: number, cuts: readonly number[]): Buffer {
  const copy = Buffer.allocUnsafeSlow(offsetInCopy(end, at, cuts));
  let from = at;
  let to = 0;
  for (let k = 0; k < cuts.length; k += 2) {
    to += b.copy(copy, to, from, cuts[k]);
    from = cuts[k + 1] as number;
  }
  b.copy(copy, to, from, end);
  return copy;
}

/**
 * Decodes one object: the answer to a GET, or bytes out of a store. The bytes are copied; `bytes` can be used again.
 *
 * Kept are the bytes from `{` to `}`, less the members `kind` and `apiVersion` of the object itself and less the
 * dropped paths, each with one comma; nothing else is touched (law 9). The text is checked from end to end: it is
 * accepted exactly when `JSON.parse` accepts it and `metadata` names the object, once.
 *
 * @throws KrmError `KRM_DECODE` with what is wrong and at which byte; `KRM_INVALID_RESOURCE_VERSION` for a version that
 * cannot be ordered.
 */
export function decodeObject(bytes: Uint8Array, options: DecodeOptions = {}): StoredObject {
  const b = asBuffer(bytes);
  try {
    const scan = new ObjectScan();
    const at = skipSpace(b, 0, b.length);
    const end = scan.scan(b, at, b.length, dropOf(options).plan);
    const rest = skipSpace(b, end, b.length);
    if (rest < b.length) throw new JsonSyntaxError("the object has ended, but the text goes on", rest);
    return ordered(new WireObject(b, at, end, scan));
  } catch (error) {
    throw decodeError(error, "the object", 0, b.length);
  }
}
