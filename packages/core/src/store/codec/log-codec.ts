import type { Doubt } from "../../merge/doubt.ts";
import type { ObjectKey, Uid } from "../../model/object-key.ts";
import type { ResourceVersion } from "../../model/resource-version.ts";
import type { LogRecord, SnapshotPage, SnapshotPageEntry } from "../input-log.ts";
import { decodeObjectRecord, encodeObject } from "./object-codec.ts";

/** A log record in two parts: what is small, as JSON text, and the records of the objects that it carries, in order. */
export interface EncodedLogRecord {
  readonly header: string;
  readonly objects: readonly Uint8Array[];
}

/** As {@link PageEntry}. */
type Doubted = Omit<Doubt, "found" | "listed"> & { readonly found?: 1; readonly listed?: Doubt["listed"] };

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
  if (record.found === undefined) return { header: JSON.stringify({ ...record, entries }), objects };
  const doubts = record.found.doubts?.map(({ found, ...doubt }): Doubted => {
    if (found !== undefined) objects.push(encodeObject(found));
    return found === undefined ? doubt : { ...doubt, found: 1 };
  });
  return { header: JSON.stringify({ ...record, entries, found: { ...record.found, doubts } }), objects };
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
  const page = read as Omit<SnapshotPage, "entries" | "found"> & {
    readonly entries: readonly PageEntry[];
    readonly found?: Omit<NonNullable<SnapshotPage["found"]>, "doubts"> & { readonly doubts?: readonly Doubted[] };
  };
  let next = 0;
  const entries = page.entries.map(([key, uid, resourceVersion, body]): SnapshotPageEntry => {
    const known = { key: key as ObjectKey, uid: uid as Uid, resourceVersion: resourceVersion as ResourceVersion };
    return body === undefined
      ? known
      : { ...known, object: decodeObjectRecord(known.key, objects[next++] ?? new Uint8Array(), "pass-on") };
  });
  const { found, ...rest } = page;
  if (found === undefined) return { ...rest, entries };
  const doubts = found.doubts?.map(({ found: body, ...doubt }): Doubt => ({
    ...doubt,
    listed: doubt.listed,
    found:
      body === undefined ? undefined : decodeObjectRecord(doubt.key, objects[next++] ?? new Uint8Array(), "pass-on"),
  }));
  return { ...rest, entries, found: { ...found, doubts } };
}
