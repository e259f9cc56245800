import {
  type CommittedMeta,
  NO_VIEW,
  type StoredObject,
  type VerificationLedger,
  type ViewMeta,
  type WriteMarks,
} from "@krm/core";
import { NO_ID } from "./stream-id.ts";

/** What a reply holds: bulk strings come as bytes. */
export type Reply = Buffer | string | number | null | undefined | readonly Reply[];

/** A bulk string as text; undefined for nil. */
export function textOf(reply: Reply): string | undefined {
  if (reply === null || reply === undefined) return undefined;
  return Buffer.isBuffer(reply) ? reply.toString("utf8") : String(reply);
}

/** An array; empty for nil. */
export function listOf(reply: Reply): readonly Reply[] {
  return Array.isArray(reply) ? (reply as readonly Reply[]) : [];
}

/** A view's meta out of the fields `feed`, `meta`, `objects`, `bytes` of its state. */
export function readMeta(feed: Reply, meta: Reply, objects: Reply, bytes: Reply): ViewMeta {
  const written = textOf(meta);
  return {
    ...NO_VIEW,
    ...(written === undefined ? {} : (JSON.parse(written) as CommittedMeta)),
    cursor: textOf(feed) ?? NO_ID,
    objects: Number(textOf(objects) ?? 0),
    bytes: Number(textOf(bytes) ?? 0),
  };
}

/** Writes a meta. What is undefined is left out. */
export function writeMeta(meta: CommittedMeta): string {
  return JSON.stringify(meta);
}

/** Reads a ledger. */
export function readLedger(reply: Reply): VerificationLedger | undefined {
  const written = textOf(reply);
  if (written === undefined || written === "") return undefined;
  return JSON.parse(written) as VerificationLedger;
}

/** One entry of the index: which life and version a key has, how large its body is, and what its times were. */
export interface IndexEntry extends WriteMarks {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly size: number;
}

/** The index entry of an object. */
export function indexEntryOf(object: StoredObject): string {
  const { uid, resourceVersion, bytes, changedAt, deletionTimestamp } = object;
  return writeIndexEntry({
    uid,
    resourceVersion,
    size: bytes.byteLength,
    changedAt,
    deleting: deletionTimestamp !== undefined,
  });
}

/**
 * Writes an index entry: `version size marks uid`. A uid may hold spaces; the others cannot. Marks are `-` where they
 * are not known, else `1` or `0` (deletion asked for, or not) and when it was changed, where that is known.
 */
export function writeIndexEntry({ uid, resourceVersion, size, deleting, changedAt = "" }: IndexEntry): string {
  const marks = deleting === undefined ? "-" : `${deleting ? 1 : 0}${changedAt}`;
  return `${resourceVersion} ${size} ${marks} ${uid}`;
}

/** Reads an index entry. */
export function readIndexEntry(text: string): IndexEntry {
  const first = text.indexOf(" ");
  const second = text.indexOf(" ", first + 1);
  const third = text.indexOf(" ", second + 1);
  const marks = text.slice(second + 1, third);
  const known = {
    uid: text.slice(third + 1),
    resourceVersion: text.slice(0, first),
    size: Number(text.slice(first + 1, second)),
  };
  if (marks === "-") return known;
  return { ...known, deleting: marks.startsWith("1"), changedAt: marks.length > 1 ? marks.slice(1) : undefined };
}
