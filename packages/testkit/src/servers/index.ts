// Redis
export type { RedisOptions } from "./redis-conf.ts";
export { type RedisRestart, type RedisServer, startRedis } from "./redis-server.ts";
export { type RedisCluster, type RedisClusterOptions, startRedisCluster } from "./redis-cluster.ts";
export {
  type RedisFailover,
  type RedisSentinel,
  type RedisSentinelOptions,
  startRedisSentinel,
} from "./redis-sentinel.ts";
export type { RespReply } from "./resp.ts";

// PostgreSQL
export { type PostgresOptions, type PostgresServer, startPostgres } from "./postgres-server.ts";

// The network between
export { FaultProxy } from "./fault-proxy.ts";
export { freePort } from "./free-port.ts";

// Where servers are, and tests that need them
export { findPostgres, findRedisServer, type FoundServer, type ServerEnvironment } from "./find-servers.ts";
export { type PostgresStarter, type RedisStarter, withPostgres, withRedis } from "./with-servers.ts";
