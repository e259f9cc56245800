import { Buffer } from "node:buffer";
import { KrmError } from "../../errors.ts";
import { type ObjectKey, splitObjectKey, type Uid } from "../../model/object-key.ts";
import type { ResourceVersion } from "../../model/resource-version.ts";
import type { StoredObject } from "../../model/stored-object.ts";
import { asBuffer } from "../../wire/as-buffer.ts";
import { readLabels } from "../../wire/labels.ts";

/*
 * An object as a backend keeps it: one line of JSON with what was read from the object, then its bytes as they are.
 *
 *     [uid, resourceVersion, labels, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, changedAt]\n{…}
 *
 * `labels` is [start, end) within the bytes, or the labels themselves where the object does not say where they stand.
 * What is missing is null, and left out at the end. The key is not in it: it is the name under which it is kept.
 */

type Header = [
  uid: string,
  resourceVersion: string,
  labels: readonly [number, number] | Readonly<Record<string, string>>,
  creationTimestamp?: string | null,
  deletionTimestamp?: string | null,
  deletionGracePeriodSeconds?: number | null,
  changedAt?: string | null,
];

const NEWLINE = 0x0a;

/** An object out of a record. */
class KeptObject implements StoredObject {
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
  readonly labelsStart: number | undefined;
  readonly labelsEnd: number | undefined;
  /** The record that it came in, where that is at hand: writing it again is handing it on. */
  readonly record: Buffer | undefined;
  #labels: Readonly<Record<string, string>> | undefined;

  constructor(key: ObjectKey, bytes: Buffer, header: Header, record: Buffer | undefined) {
    this.record = record;
    const [uid, resourceVersion, labels, created, deleted, grace, changed] = header;
    const { namespace, name } = splitObjectKey(key);
    this.key = key;
    this.uid = uid as Uid;
    this.resourceVersion = resourceVersion as ResourceVersion;
    this.namespace = namespace;
    this.name = name;
    this.bytes = bytes;
    this.creationTimestamp = created ?? undefined;
    this.deletionTimestamp = deleted ?? undefined;
    this.deletionGracePeriodSeconds = grace ?? undefined;
    this.changedAt = changed ?? undefined;
    if (Array.isArray(labels)) [this.labelsStart, this.labelsEnd] = labels as [number, number];
    else this.#labels = Object.assign(Object.create(null), labels) as Record<string, string>;
  }

  get labels(): Readonly<Record<string, string>> {
    this.#labels ??= readLabels(this.bytes, { start: this.labelsStart ?? 0, end: this.labelsEnd ?? 0 });
    return this.#labels;
  }
}

/** Writes an object as one record. O(its bytes): one copy, or none where it came in one. */
export function encodeObject(object: StoredObject): Buffer {
  if (object instanceof KeptObject && object.record !== undefined) return object.record;
  const header: Header = [
    object.uid,
    object.resourceVersion,
    labelsOf(object),
    object.creationTimestamp ?? null,
    object.deletionTimestamp ?? null,
    object.deletionGracePeriodSeconds ?? null,
    object.changedAt ?? null,
  ];
  while (header.at(-1) === null) header.pop();
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), object.bytes]);
}

function labelsOf(object: StoredObject & { labelsStart?: number; labelsEnd?: number }): Header[2] {
  const { labelsStart: start, labelsEnd: end } = object;
  return start === undefined || end === undefined ? object.labels : ([start, end] satisfies [number, number]);
}

/**
 * Reads a record that {@link encodeObject} wrote. The bytes are copied: a record out of a socket would keep alive all
 * that came with it.
 *
 * @param how `pass-on`: they are not, for an object that is soon written again, or forgotten.
 * @throws KrmError `KRM_STORE_FAILED` for a record that cannot be read.
 */
export function decodeObjectRecord(key: ObjectKey, record: Uint8Array, how: "keep" | "pass-on" = "keep"): StoredObject {
  const b = asBuffer(record);
  const end = b.indexOf(NEWLINE);
  try {
    if (end < 0) throw new SyntaxError("it has no header");
    const header = JSON.parse(b.toString("utf8", 0, end)) as Header;
    if (how === "pass-on") return new KeptObject(key, b.subarray(end + 1), header, b);
    const bytes = Buffer.allocUnsafeSlow(b.length - end - 1);
    b.copy(bytes, 0, end + 1);
    return new KeptObject(key, bytes, header, undefined);
  } catch (cause) {
    throw new KrmError("KRM_STORE_FAILED", `the store holds something of ${JSON.stringify(key)} that cannot be read`, {
      cause,
      hint: "Something else writes under the same names: give KRM a place of its own.",
    });
  }
}
