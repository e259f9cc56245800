import { type CallOptions, type Clock, type Logger, MemoryStore, type Store } from "@krm/core";
import { storeLogger } from "../monitoring/quiet-logger.ts";
import type { StoreChoice } from "../options/store-url.ts";

/** What opening a store needs beside its URL. */
export interface OpenStoreOptions extends CallOptions {
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * Opens a store; the package for it is loaded only then. Resolves also while a Redis server cannot be reached yet: who
 * uses the store waits for it.
 *
 * @throws KrmError `KRM_STORE_UNUSABLE` or `KRM_STORE_FAILED` where waiting will not help: a wrong password, a server that
 * is too old, a file that cannot be written.
 */
export async function openStore(choice: StoreChoice, options: OpenStoreOptions): Promise<Store> {
  switch (choice.type) {
    case "memory":
      return new MemoryStore();
    case "redis": {
      const { openRedisStore } = await import("@krm/redis-store");
      return openRedisStore({ target: choice.target, ...options, logger: storeLogger(options.logger) });
    }
    case "sqlite": {
      const { openSqliteStore } = await import("@krm/keyv-store");
      return openSqliteStore({ file: choice.file });
    }
    case "postgres": {
      const { openPostgresStore } = await import("@krm/keyv-store");
      return openPostgresStore({ url: choice.url });
    }
    default:
      return choice satisfies never;
  }
}
