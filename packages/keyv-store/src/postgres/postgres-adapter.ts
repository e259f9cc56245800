import { randomUUID } from "node:crypto";
import type { EventEmitter } from "node:events";
import { KeyvPostgres } from "@keyv/postgres";
import type { KeyvStorageAdapter } from "keyv";

/** In milliseconds. A statement carries some megabytes at most. */
const PATIENCE = { connect: 10_000, statement: 60_000 };

/** Expired since 1970. */
const LONG_AGO = 1;

/** The adapter for a URL, with a single connection of its own, on which statements come one after the other. */
export function postgresAdapter(url: string): KeyvStorageAdapter {
  return new BatchingPostgres({
    uri: url,
    table: "krm",
    keyLength: 2048,
    iterationLimit: 256,
    application_name: "krm",
    max: 1,
    keepAlive: true,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: PATIENCE.connect,
    query_timeout: PATIENCE.statement,
    log: listenToPool,
    // Adapters with the same options share a pool, and the first that is disconnected ends it for all.
    pool: randomUUID(),
  });
}

/**
 * Takes any number of entries away in two statements, where the adapter asks once for each: they are marked as expired,
 * which hides them already, and then swept.
 */
class BatchingPostgres extends KeyvPostgres {
  override async deleteMany(keys: string[]): Promise<boolean[]> {
    const marked = await this.setMany(keys.map((key) => ({ key, value: "", expires: LONG_AGO })));
    // Where that has failed, the adapter has emitted why.
    if (marked?.includes(false) !== true) await this.clearExpired();
    return keys.map(() => true);
  }
}

/**
 * For the pool's option `log`, which is called as its method at every step. A pool whose idle connection breaks emits
 * `error`, which ends the process when nobody listens; the adapter does not, and does not give its pool away. Whoever
 * asks next gets a new connection, or the error.
 */
function listenToPool(this: EventEmitter): void {
  if (this.listenerCount("error") === 0) this.on("error", () => {});
}
