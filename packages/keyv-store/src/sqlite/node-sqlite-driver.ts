import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { KeyvSqliteOptions } from "@keyv/sqlite";

/** What the adapter takes as its driver. */
export type SqliteDriver = Exclude<KeyvSqliteOptions["driver"], string | undefined>;

/** How long SQLite waits for a lock that another process holds, in milliseconds. Nothing else runs meanwhile. */
const BUSY_MS = 1000;

/** Statements that are kept ready; the adapter has about ten, and one more for each size of a last batch. */
const PREPARED = 32;

/**
 * SQLite as Node.js has it, with a write-ahead log that is synced at each transaction: what was written survives the
 * process and a power failure. The adapter's own driver for it leaves the settings to the file, and prepares each
 * statement anew.
 */
export function nodeSqliteDriver(file: string): SqliteDriver {
  return {
    name: "custom",
    async connect() {
      const { DatabaseSync } = await import("node:sqlite");
      const database = new DatabaseSync(file, { timeout: BUSY_MS });
      try {
        database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      } catch (error) {
        database.close();
        throw error;
      }
      const statements = new PreparedStatements(database);
      return {
        query: async (sql, ...values) => statements.get(sql).all(...(values as SQLInputValue[])),
        close: async () => database.close(),
      };
    },
  };
}

class PreparedStatements {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    const statement = known ?? this.#database.prepare(sql);
    // The order of the map is that of the last use.
    if (known !== undefined) this.#statements.delete(sql);
    this.#statements.set(sql, statement);
    const [oldest] = this.#statements.keys();
    if (this.#statements.size > PREPARED && oldest !== undefined) this.#statements.delete(oldest);
    return statement;
  }
}
