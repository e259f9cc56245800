import { type FeedBounds, KrmError, MemoryStore, type Store } from "@krm/core";
import { AdapterRecords, type AdapterRecordsOptions } from "./adapter/adapter-records.ts";
import { type KeyvBackend, resolveAdapter } from "./adapter/resolve-adapter.ts";
import { KeyvPersistence } from "./keyv-persistence.ts";

/** Where a store keeps its state, and what it keeps for readers. */
export interface KeyvStoreOptions {
  /**
   * Must keep text of any length and characters until it is deleted, and take keys of 512 characters. Its own
   * namespace is respected; expiry, serialization and statistics of a Keyv are not used.
   */
  readonly adapter: KeyvBackend;
  /** Stands before the name of every record: lower-case letters, digits, `.`, `_` and `-`. @default "krm" */
  readonly namespace?: string | undefined;
  /** What each scope's change feed keeps for readers that resume; it does not survive the process. */
  readonly feed?: FeedBounds | undefined;
}

/**
 * A store over any Keyv storage adapter, for one process: it reads from memory, and writes every commit through. What
 * an earlier process left is taken over, and that process, if it still runs, is refused at its next commit. Disposing
 * the store disconnects the adapter; so does a failure to open.
 *
 * Durable as far as the adapter is, and as it makes each single write last.
 *
 * @throws KrmError `KRM_STORE_UNUSABLE` when the adapter lacks something, or holds another format;
 * `KRM_STORE_FAILED` when it fails; `KRM_INVALID_ARGUMENT` for the namespace.
 *
 * @example
 * await using store = await createKeyvStore({ adapter: new KeyvMysql("mysql://krm@db/krm") });
 */
export async function createKeyvStore(options: KeyvStoreOptions): Promise<Store> {
  return openStore({ ...options, explain: adapterFailure });
}

/** What an opener for a certain backend adds. */
export type OpenStoreOptions = KeyvStoreOptions & Omit<AdapterRecordsOptions, "adapter" | "namespace">;

/** As {@link createKeyvStore}, with what is known of the backend. */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const { namespace = "krm", feed } = options;
  if (!/^[a-z0-9._-]+$/.test(namespace))
    throw new KrmError("KRM_INVALID_ARGUMENT", `the namespace ${JSON.stringify(namespace)} cannot be`, {
      hint: "Use lower-case letters, digits, dots, dashes and underscores.",
    });
  const records = new AdapterRecords({ ...options, adapter: resolveAdapter(options.adapter), namespace });
  const persistence = await KeyvPersistence.open(records);
  return new MemoryStore({ persistence, ...(feed === undefined ? {} : { feed }) });
}

function adapterFailure(error: unknown, doing: "read" | "write"): KrmError {
  const words = error instanceof Error ? error.message : String(error);
  return new KrmError("KRM_STORE_FAILED", `the Keyv adapter could not ${doing}: ${words}`, { cause: error });
}
