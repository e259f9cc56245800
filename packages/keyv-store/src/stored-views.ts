import {
  type CommittedMeta,
  KrmError,
  type ObjectKey,
  type PersistedView,
  type StoredObject,
  type VerificationLedger,
} from "@krm/core";
import type { AdapterRecords } from "./adapter/adapter-records.ts";
import { readObject } from "./records/object-text.ts";
import { parseRecordKey } from "./records/record-keys.ts";
import { readLedger, readView } from "./records/state-text.ts";

/** The views of all scopes, as records tell them. */
export interface StoredViews {
  /** By the place of the scope. */
  readonly views: ReadonlyMap<number, PersistedView>;
  /** Names of records that nothing refers to any more. */
  readonly litter: readonly string[];
}

interface Found {
  meta: CommittedMeta | undefined;
  ledger: VerificationLedger | undefined;
  readonly objects: Map<ObjectKey, StoredObject>;
}

/**
 * Reads all records once. O(all that is kept).
 *
 * @throws KrmError `KRM_STORE_FAILED` when a record cannot be read, or the adapter does not tell all of them.
 */
export async function readViews(records: AdapterRecords): Promise<StoredViews> {
  const scopes = new Map<number, Found>();
  const litter: string[] = [];
  let whole = false;
  for await (const [name, value] of records.scan()) {
    const parsed = parseRecordKey(name);
    if (parsed.type === "format") whole = true;
    if (parsed.type === "redo-part") litter.push(name);
    if (!("scope" in parsed)) continue;
    const found = scopes.get(parsed.scope) ?? { meta: undefined, ledger: undefined, objects: new Map() };
    scopes.set(parsed.scope, found);
    if (parsed.type === "view") found.meta = readView(value).meta;
    else if (parsed.type === "ledger") found.ledger = readLedger(value);
    else found.objects.set(parsed.key, readObject(parsed.key, value));
  }
  if (!whole)
    throw new KrmError("KRM_STORE_FAILED", "the store does not tell all that it holds", {
      hint: "The iterator() of its Keyv adapter must yield every entry, with the name under which it was set.",
    });
  const views = new Map<number, PersistedView>();
  for (const [scope, { meta, ledger, objects }] of scopes)
    if (meta !== undefined) views.set(scope, { meta, ledger, objects: [...objects.values()] });
  return { views, litter };
}
