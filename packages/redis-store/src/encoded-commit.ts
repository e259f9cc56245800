import { encodeChange, encodeObject, type ObjectKey, type StoreManifest, type ViewChange } from "@krm/core";
import type { Argument } from "./redis-link.ts";
import { indexEntryOf } from "./stored-state.ts";

/** What one script takes at most: Redis does nothing else for a few milliseconds then. */
export const COMMIT_BATCH: StoreManifest["batch"] = { changes: 256, bytes: 256 * 1024 };

const NOTHING = Buffer.alloc(0);

/** Bodies that the changes carry, in bytes. */
export function changeBytes(changes: readonly ViewChange[]): number {
  return changes.reduce((sum, change) => {
    if (change.type === "set") return sum + change.object.bytes.byteLength;
    return sum + (change.finalState === "unknown" ? 0 : change.finalState.bytes.byteLength);
  }, 0);
}

/** Whether a commit fits into one script. A single change always does. */
export function isSmall(changes: readonly ViewChange[]): boolean {
  return changes.length <= 1 || (changes.length <= COMMIT_BATCH.changes && changeBytes(changes) <= COMMIT_BATCH.bytes);
}

/** The changes as `commit` takes them: 's' or 'r', key, index entry, size, header, record. */
export function commitArguments(changes: readonly ViewChange[]): Argument[] {
  return changes.flatMap((change): Argument[] => {
    const { header, record } = encodeChange(change);
    const body = record === undefined ? NOTHING : Buffer.from(record.buffer, record.byteOffset, record.byteLength);
    if (change.type === "removed") return ["r", change.key, "", 0, header, body];
    const { key, bytes } = change.object;
    return ["s", key, indexEntryOf(change.object), bytes.byteLength, header, body];
  });
}

/** The last change of each key as `stage` takes it, in parts: key, 's' or 'r', index entry, size, record. */
export function* stageParts(changes: Iterable<ViewChange>): Generator<Argument[], void> {
  let part: Argument[] = [];
  let held = 0;
  for (const change of changes) {
    if (change.type === "removed") {
      part.push(change.key, "r", "", 0, NOTHING);
    } else {
      const { key, bytes } = change.object;
      const size = bytes.byteLength;
      part.push(key, "s", indexEntryOf(change.object), size, encodeObject(change.object));
      held += size;
    }
    if (part.length < COMMIT_BATCH.changes * 5 && held < COMMIT_BATCH.bytes) continue;
    yield part;
    part = [];
    held = 0;
  }
  if (part.length > 0) yield part;
}

/** What a commit makes of each key that it touches. */
export function lastOfEach(changes: readonly ViewChange[]): ReadonlyMap<ObjectKey, ViewChange> {
  return new Map(changes.map((change) => [change.type === "set" ? change.object.key : change.key, change]));
}
