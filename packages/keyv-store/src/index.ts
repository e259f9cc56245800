// Any Keyv adapter
export { createKeyvStore, type KeyvStoreOptions } from "./create-keyv-store.ts";
export type { KeyvBackend } from "./adapter/resolve-adapter.ts";

// Certain backends
export { openPostgresStore, type PostgresStoreOptions } from "./postgres/open-postgres-store.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./sqlite/open-sqlite-store.ts";

// What a place holds, without taking it over
export type { StoreInspection } from "./inspection.ts";
export { inspectPostgresStore } from "./postgres/inspect-postgres-store.ts";
export { inspectSqliteStore } from "./sqlite/inspect-sqlite-store.ts";
