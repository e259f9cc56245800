import type { FeedBounds, Store } from "@krm/core";
import { openStore } from "../create-keyv-store.ts";
import { postgresFailure } from "./postgres-failure.ts";
import { describePostgres } from "./postgres-url.ts";

/** Which server, and what is kept for readers. */
export interface PostgresStoreOptions {
  /**
   * `postgres://USER:PASSWORD@HOST:5432/DATABASE`, with the parameters that pg knows; TLS with verification:
   * `?sslmode=verify-full`, and `&sslrootcert=FILE` for an authority of one's own.
   */
  readonly url: string;
  /** What each scope's change feed keeps for readers that resume; it does not survive the process. */
  readonly feed?: FeedBounds | undefined;
}

/**
 * A store in a PostgreSQL database, for one process, through `@keyv/postgres`: the table `krm` in the schema `public`,
 * which is made when it does not exist. It holds one connection. Each commit is several statements; one that was cut
 * off is finished at the next, or when the store is opened again.
 *
 * @throws KrmError `KRM_STORE_UNUSABLE` when somebody must change something (a password, a right, the database),
 * `KRM_STORE_FAILED` when the server does not answer, `KRM_INVALID_ARGUMENT` for the URL. None repeats the password.
 *
 * @example
 * await using store = await openPostgresStore({ url: "postgres://krm:secret@db.internal/krm?sslmode=verify-full" });
 */
export async function openPostgresStore({ url, feed }: PostgresStoreOptions): Promise<Store> {
  const server = describePostgres(url);
  const { postgresAdapter } = await import("./postgres-adapter.ts");
  return openStore({
    adapter: postgresAdapter(url),
    feed,
    atomicBatches: true,
    explain: (error, doing) => postgresFailure(server, error, doing),
  });
}
