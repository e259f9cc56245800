// The store
export { openRedisStore, type RedisStoreOptions } from "./redis-store.ts";

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
