// Any Keyv adapter
export { createKeyvStore, type KeyvStoreOptions } from "./create-keyv-store.ts";
export type { KeyvBackend } from "./adapter/resolve-adapter.ts";

// Certain backends
export { openPostgresStore, type PostgresStoreOptions } from "./postgres/open-postgres-store.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./sqlite/open-sqlite-store.ts";
