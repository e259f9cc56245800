// The store
export { openRedisStore, type RedisStoreOptions } from "./redis-store.ts";
export { inspectRedisStore, type InspectRedisOptions, type RedisInspection } from "./inspect-redis-store.ts";
export type { NodeFacts, ServerWarning } from "./connection/server-facts.ts";

// Where it is
export { parseRedisUrl } from "./connection/redis-url.ts";
export {
  type Address,
  type ClusterTarget,
  describeTarget,
  type RedisTarget,
  type SentinelTarget,
  type SingleTarget,
  type TlsFiles,
} from "./connection/redis-target.ts";
