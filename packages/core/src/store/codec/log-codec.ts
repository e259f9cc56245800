import type { ObjectKey, Uid } from "../../model/object-key.ts";
import type { ResourceVersion } from "../../model/resource-version.ts";
import type { LogRecord, SnapshotPage, SnapshotPageEntry } from "../input-log.ts";
import { decodeObjectRecord, encodeObject } from "./object-codec.ts";

/** A log record in two parts: what is small, as JSON text, and the records of the objects that it carries, in order. */
export interface EncodedLogRecord {
  readonly header: string;
  readonly objects: readonly Uint8Array[];
}

/** `1`: the body follows among the objects. */
type PageEntry = readonly [key: string, uid: string, resourceVersion: string, body?: 1];

/** Writes a log record. */
export function encodeLogRecord(record: LogRecord): EncodedLogRecord {
  if (record.type === "observed") {
    const { epoch, observation } = record;
    const { type, object, origin, observedAt } = observation;
    return {
      header: JSON.stringify({ type: "observed", epoch, observation: { type, origin, observedAt }, key: object.key }),
      objects: [encodeObject(object)],
    };
  }
  if (record.type !== "snapshot-page") return { header: JSON.stringify(record), objects: [] };
  const entries = record.entries.map(({ key, uid, resourceVersion, object }): PageEntry =>
    object === undefined ? [key, uid, resourceVersion] : [key, uid, resourceVersion, 1],
  );
  const objects = record.entries.flatMap(({ object }) => (object === undefined ? [] : [encodeObject(object)]));
  return { header: JSON.stringify({ ...record, entries }), objects };
}

/**
 * Reads a log record that {@link encodeLogRecord} wrote. Its objects stand in the bytes that were given, which they keep
 * alive: they are for a Merger, that writes them again and forgets them.
 *
 * @throws KrmError `KRM_STORE_FAILED` for an object that cannot be read.
 */
export function decodeLogRecord({ header, objects }: EncodedLogRecord): LogRecord {
  const read = JSON.parse(header) as { type: LogRecord["type"] };
  if (read.type === "observed") {
    const { epoch, observation, key } = read as never as {
      epoch: number;
      observation: Omit<Extract<LogRecord, { type: "observed" }>["observation"], "object">;
      key: ObjectKey;
    };
    const object = decodeObjectRecord(key, objects[0] ?? new Uint8Array(), "pass-on");
    return { type: "observed", epoch, observation: { ...observation, object } };
  }
  if (read.type !== "snapshot-page") return read as LogRecord;
  const page = read as Omit<SnapshotPage, "entries"> & { readonly entries: readonly PageEntry[] };
  let next = 0;
  const entries = page.entries.map(([key, uid, resourceVersion, body]): SnapshotPageEntry => {
    const known = { key: key as ObjectKey, uid: uid as Uid, resourceVersion: resourceVersion as ResourceVersion };
    return body === undefined
      ? known
      : { ...known, object: decodeObjectRecord(known.key, objects[next++] ?? new Uint8Array(), "pass-on") };
  });
  return { ...page, entries };
}
