import { KrmError } from "@krm/core";
import type { KeyvStorageAdapter } from "keyv";
import { AdapterRecords, type AdapterRecordsOptions } from "../../src/adapter/adapter-records.ts";
import { KeyvPersistence } from "../../src/keyv-persistence.ts";
import { RedoLog } from "../../src/redo-log.ts";
import { SCOPES, viewText } from "./random-commits.ts";

/** So short that redo records of test objects have parts. */
const PART_LENGTH = 500;

/** What stands behind a store, alone. */
export async function openPersistence(
  adapter: KeyvStorageAdapter,
  more: Pick<AdapterRecordsOptions, "atomicBatches"> = {},
): Promise<KeyvPersistence> {
  const explain = (error: unknown): KrmError => new KrmError("KRM_STORE_FAILED", String(error), { cause: error });
  const records = new AdapterRecords({ adapter, namespace: "krm", explain, ...more });
  return KeyvPersistence.open(records, new RedoLog(records, PART_LENGTH));
}

/** All that it holds, as {@link Model} writes it. */
export async function textOf(persistence: KeyvPersistence): Promise<string> {
  const views: string[] = [];
  for (const scope of SCOPES) views.push(viewText(await persistence.load(scope)));
  return views.join("\n");
}
