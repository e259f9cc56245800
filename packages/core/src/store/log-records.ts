import type { Doubt } from "../merge/doubt.ts";
import type { RoleInput, VerifiedInput } from "../merge/merge-input.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { SnapshotEntry } from "../model/snapshot.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { LogRecord, SnapshotPage, SnapshotPageEntry } from "./input-log.ts";

/** How large a page of a list becomes on its way through a log: a store must not be held up by one of them. */
const PAGE_ENTRIES = 256;
const PAGE_BYTES = 256 * 1024;

/**
 * An input as records of a log: one, or the pages of its list. Lazy: only one page is held at a time.
 *
 * @param id Tells this list from every other one in the log.
 */
export function* recordsOf(input: RoleInput, id: string): Generator<LogRecord, void> {
  if (!("snapshot" in input)) {
    yield input;
    return;
  }
  const { type: of, epoch, snapshot } = input;
  const cause = of === "relisted" && input.cause !== undefined ? { cause: input.cause } : undefined;
  const { resourceVersion, takenAt } = snapshot;
  const entries: Iterable<SnapshotPageEntry> =
    "entries" in snapshot
      ? [...snapshot.entries].map(([key, entry]): SnapshotPageEntry => ({ key, ...entry }))
      : snapshot.objects.map((object): SnapshotPageEntry => {
          const { key, uid, resourceVersion: version } = object;
          return { key, uid, resourceVersion: version, object };
        });
  let page = 0;
  let held: SnapshotPageEntry[] = [];
  let doubts: Doubt[] = [];
  let bytes = 0;
  const cut = (last: boolean): SnapshotPage => {
    const found = of !== "verified" ? undefined : foundOf(input, doubts, last);
    const made: SnapshotPage = {
      type: "snapshot-page",
      of,
      epoch,
      id,
      page,
      last,
      resourceVersion,
      takenAt,
      entries: held,
      ...(last && cause),
      ...(found && { found }),
    };
    page++;
    held = [];
    doubts = [];
    bytes = 0;
    return made;
  };
  const isFull = (more: number): boolean =>
    held.length + doubts.length >= PAGE_ENTRIES || (held.length + doubts.length > 0 && bytes + more > PAGE_BYTES);
  for (const entry of entries) {
    const size = entry.object?.bytes.byteLength ?? 0;
    if (isFull(size)) yield cut(false);
    held.push(entry);
    bytes += size;
  }
  for (const doubt of (of === "verified" && input.doubts) || []) {
    const size = doubt.found?.bytes.byteLength ?? 0;
    if (isFull(size)) yield cut(false);
    doubts.push(doubt);
    bytes += size;
  }
  yield cut(true);
}

function foundOf(
  { mode, contradicted }: VerifiedInput,
  doubts: readonly Doubt[],
  last: boolean,
): SnapshotPage["found"] {
  const these = doubts.length === 0 ? undefined : { doubts };
  return last ? { mode, contradicted, ...these } : these;
}

/** Bodies that a record carries, in bytes. */
export function recordBytes(record: LogRecord): number {
  if (record.type === "observed") return record.observation.object.bytes.byteLength;
  if (record.type !== "snapshot-page") return 0;
  const listed = record.entries.reduce((sum, { object }) => sum + (object?.bytes.byteLength ?? 0), 0);
  const asked = record.found?.doubts?.reduce((sum, { found }) => sum + (found?.bytes.byteLength ?? 0), 0);
  return listed + (asked ?? 0);
}

/** Puts the records of one log together to inputs again. A list whose writer died before its last page is dropped. */
export class LogAssembler {
  #open:
    | {
        readonly first: SnapshotPage;
        next: number;
        readonly entries: SnapshotPageEntry[];
        readonly doubts: Doubt[];
      }
    | undefined;

  /** Pages of a list are held that is not whole yet: what was taken since it began must be read again after a restart. */
  get holdsPages(): boolean {
    return this.#open !== undefined;
  }

  /** The input that is whole with this record. Undefined: there is more to come, or the page belongs to no list. */
  take(record: LogRecord): RoleInput | undefined {
    if (record.type !== "snapshot-page") {
      // The pages of a list follow each other: whoever wrote those is gone.
      this.#open = undefined;
      return record;
    }
    if (record.page === 0) this.#open = { first: record, next: 0, entries: [], doubts: [] };
    const open = this.#open;
    if (open === undefined || open.first.id !== record.id || open.next !== record.page) {
      this.#open = undefined;
      return undefined;
    }
    open.next++;
    for (const entry of record.entries) open.entries.push(entry);
    for (const doubt of record.found?.doubts ?? []) open.doubts.push(doubt);
    if (!record.last) return undefined;
    this.#open = undefined;
    return inputOf(record, open.entries, open.doubts);
  }
}

function inputOf(
  { of, epoch, resourceVersion, takenAt, cause, found }: SnapshotPage,
  pages: readonly SnapshotPageEntry[],
  doubts: readonly Doubt[],
): RoleInput {
  if (of === "polled") {
    const objects = pages.flatMap(({ object }): StoredObject[] => (object === undefined ? [] : [object]));
    return { type: "polled", epoch, snapshot: { resourceVersion, takenAt, objects } };
  }
  const entries = new Map<ObjectKey, SnapshotEntry>();
  for (const { key, uid, resourceVersion: version, object } of pages)
    entries.set(
      key,
      object === undefined ? { uid, resourceVersion: version } : { uid, resourceVersion: version, object },
    );
  const snapshot = { resourceVersion: resourceVersion as ResourceVersion, takenAt, entries };
  if (of === "relisted")
    return cause === undefined ? { type: of, epoch, snapshot } : { type: of, epoch, snapshot, cause };
  if (of !== "verified") return { type: of, epoch, snapshot };
  return { type: of, epoch, snapshot, ...found, ...(doubts.length > 0 && { doubts }) };
}
