import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { type FeedBounds, KrmError, type Store } from "@krm/core";
import { openStore } from "../create-keyv-store.ts";
import { nodeSqliteDriver } from "./node-sqlite-driver.ts";
import { sqliteFailure } from "./sqlite-failure.ts";

/** Which file, and what is kept for readers. */
export interface SqliteStoreOptions {
  /** Made when it does not exist, for its owner only; its folder must exist. SQLite puts two more beside it. */
  readonly file: string;
  /** What each scope's change feed keeps for readers that resume; it does not survive the process. */
  readonly feed?: FeedBounds | undefined;
}

/**
 * A store in a SQLite file, for one process, through `@keyv/sqlite` and the SQLite of Node.js. Each commit is one
 * transaction, synced to the disk before it resolves; nothing else runs in this process meanwhile.
 *
 * @throws KrmError `KRM_STORE_UNUSABLE` when the file cannot be used, or holds another format; `KRM_STORE_FAILED` when
 * it cannot be read or written now; `KRM_INVALID_ARGUMENT` without a file.
 *
 * @example
 * await using store = await openSqliteStore({ file: "/var/lib/krm/state.db" });
 */
export async function openSqliteStore({ file, feed }: SqliteStoreOptions): Promise<Store> {
  if (file === "") throw new KrmError("KRM_INVALID_ARGUMENT", "a SQLite store needs the name of a file");
  // Absolute, so that SQLite does not read a name such as `:memory:` or `file:…` as something else.
  const path = resolve(file);
  try {
    // Also tells what is wrong, where SQLite says of everything that it cannot open it.
    await (await open(path, "a", 0o600)).close();
  } catch (error) {
    throw sqliteFailure(path, error, "open");
  }
  const { KeyvSqlite } = await import("@keyv/sqlite");
  const adapter = new KeyvSqlite({
    uri: `sqlite://${path}`,
    driver: nodeSqliteDriver(path),
    table: "krm",
    iterationLimit: 256,
  });
  try {
    await adapter.ready;
  } catch (error) {
    throw sqliteFailure(path, error, "open");
  }
  return openStore({
    adapter,
    feed,
    explain: (error, doing) => sqliteFailure(path, error, doing),
    transaction: async (work) => {
      await adapter.query("BEGIN IMMEDIATE");
      try {
        await work();
        await adapter.query("COMMIT");
      } catch (error) {
        // After some failures SQLite has rolled back by itself, and says that there is nothing to roll back.
        await adapter.query("ROLLBACK").catch(() => {});
        throw error;
      }
    },
  });
}
