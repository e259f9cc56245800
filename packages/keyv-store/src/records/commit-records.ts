import { type Scope, scopeId, type ViewCommit } from "@krm/core";
import { objectText } from "./object-text.ts";
import { ledgerKey, objectRecordKey, SCOPES, viewKey } from "./record-keys.ts";
import { ledgerText, scopesText, viewText } from "./state-text.ts";

/** A name and a text to be kept under it. */
export type RecordEntry = readonly [key: string, value: string];

/** A commit as what it does to records. Doing it twice is doing it once. */
export interface CommitRecords {
  /** Rises from attempt to attempt, over all scopes. */
  readonly sequence: number;
  /** Each name once; none is among `removes`. */
  readonly writes: readonly RecordEntry[];
  readonly removes: readonly string[];
  /** The state of the view. Written behind all others: where it stands with this `sequence`, they stand too. */
  readonly mark: RecordEntry;
}

/**
 * Translates a commit. O(its bytes).
 *
 * @param scopes Those that have been committed to, in their order.
 */
export function commitRecords(
  sequence: number,
  scopes: readonly Scope[],
  scope: Scope,
  { changes, meta, ledger }: ViewCommit,
): CommitRecords {
  const id = scopeId(scope);
  const known = scopes.findIndex((one) => scopeId(one) === id);
  const place = known < 0 ? scopes.length : known;
  // The last change of a key is the one that counts.
  const objects = new Map<string, string | undefined>();
  for (const change of changes) {
    if (change.type === "set") objects.set(objectRecordKey(place, change.object.key), objectText(change.object));
    else objects.set(objectRecordKey(place, change.key), undefined);
  }
  const writes: RecordEntry[] = [];
  const removes: string[] = [];
  if (known < 0) writes.push([SCOPES, scopesText([...scopes, scope])]);
  if (ledger !== undefined) writes.push([ledgerKey(place), ledgerText(ledger)]);
  for (const [key, value] of objects) {
    if (value === undefined) removes.push(key);
    else writes.push([key, value]);
  }
  return { sequence, writes, removes, mark: [viewKey(place), viewText({ sequence, meta })] };
}
