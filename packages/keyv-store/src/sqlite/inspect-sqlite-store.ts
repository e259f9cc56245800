import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { KrmError } from "@krm/core";
import { inspectionOf, type StoreInspection } from "../inspection.ts";
import { FORMAT } from "../records/record-keys.ts";
import type { SqliteStoreOptions } from "./open-sqlite-store.ts";
import { sqliteFailure } from "./sqlite-failure.ts";

/** How long SQLite waits for a lock that another process holds, in milliseconds. Nothing else runs meanwhile. */
const BUSY_MS = 500;

/**
 * Looks at what a SQLite file holds, and leaves it to the process that writes there, which goes on. A file that does not
 * exist is not made: then it is asked whether it could be.
 *
 * @throws KrmError as `openSqliteStore`
 */
export async function inspectSqliteStore({ file }: Pick<SqliteStoreOptions, "file">): Promise<StoreInspection> {
  if (file === "") throw new KrmError("KRM_INVALID_ARGUMENT", "a SQLite store needs the name of a file");
  const path = resolve(file);
  try {
    await access(path, constants.R_OK | constants.W_OK);
    if ((await stat(path)).isDirectory()) throw Object.assign(new Error("it is a folder"), { code: "EISDIR" });
    // SQLite keeps two more files beside it.
    await access(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw sqliteFailure(path, error, "open");
    await access(dirname(path), constants.W_OK | constants.X_OK).catch((reason: unknown) => {
      throw sqliteFailure(path, reason, "open");
    });
    return { format: undefined };
  }
  const { DatabaseSync: Database } = await import("node:sqlite");
  try {
    using database: DatabaseSync & Disposable = new Database(path, { readOnly: true, timeout: BUSY_MS });
    return inspectionOf(noteIn(database));
  } catch (error) {
    throw KrmError.is(error) ? error : sqliteFailure(path, error, "read");
  }
}

function noteIn(database: DatabaseSync): string | undefined {
  const table = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'krm'").get();
  if (table === undefined) return undefined;
  const row = database.prepare("SELECT value FROM krm WHERE key = ?").get(`krm/${FORMAT}`);
  const value = row?.["value"];
  return typeof value === "string" ? value : undefined;
}
