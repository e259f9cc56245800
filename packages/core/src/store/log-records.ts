import type { MergeInput } from "../merge/merge-input.ts";
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
export function* recordsOf(input: MergeInput, id: string): Generator<LogRecord, void> {
  if (!("snapshot" in input)) {
    yield input;
    return;
  }
  const { type: of, epoch, snapshot } = input;
  const cause = of === "relisted" && input.cause !== undefined ? { cause: input.cause } : undefined;
  const found =
    of === "verified"
      ? { found: { mode: input.mode, doubts: input.doubts, contradicted: input.contradicted } }
      : undefined;
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
  let bytes = 0;
  const cut = (last: boolean): SnapshotPage => {
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
      ...(last && { ...cause, ...found }),
    };
    page++;
    held = [];
    bytes = 0;
    return made;
  };
  for (const entry of entries) {
    const size = entry.object?.bytes.byteLength ?? 0;
    if (held.length >= PAGE_ENTRIES || (held.length > 0 && bytes + size > PAGE_BYTES)) yield cut(false);
    held.push(entry);
    bytes += size;
  }
  yield cut(true);
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
  #open: { readonly first: SnapshotPage; next: number; readonly entries: SnapshotPageEntry[] } | undefined;

  /** Pages of a list are held that is not whole yet: what was taken since it began must be read again after a restart. */
  get holdsPages(): boolean {
    return this.#open !== undefined;
  }

  /** The input that is whole with this record. Undefined: there is more to come, or the page belongs to no list. */
  take(record: LogRecord): MergeInput | undefined {
    if (record.type !== "snapshot-page") {
      // The pages of a list follow each other: whoever wrote those is gone.
      this.#open = undefined;
      return record;
    }
    if (record.page === 0) this.#open = { first: record, next: 0, entries: [] };
    const open = this.#open;
    if (open === undefined || open.first.id !== record.id || open.next !== record.page) {
      this.#open = undefined;
      return undefined;
    }
    open.next++;
    for (const entry of record.entries) open.entries.push(entry);
    if (!record.last) return undefined;
    this.#open = undefined;
    return inputOf(record, open.entries);
  }
}

function inputOf(
  { of, epoch, resourceVersion, takenAt, cause, found }: SnapshotPage,
  pages: readonly SnapshotPageEntry[],
): MergeInput {
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
  return { type: of, epoch, snapshot, ...found };
}
