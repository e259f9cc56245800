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

// Time series databases, and what judges metrics
export type { Login } from "./http-call.ts";
export {
  type InfluxDbOptions,
  type InfluxDbQuery,
  type InfluxDbSeries,
  type InfluxDbServer,
  startInfluxDb,
} from "./influxdb-server.ts";
export { type Promtool, type PromtoolResult, promtoolAt } from "./promtool.ts";
export type { TimeSeriesServer } from "./time-series-server.ts";
export {
  type ExportedSeries,
  type PromRange,
  type PromSample,
  type PromSeries,
  startVictoriaMetrics,
  type VictoriaMetricsOptions,
  type VictoriaMetricsServer,
} from "./victoria-metrics-server.ts";

// The network between
export { FaultProxy } from "./fault-proxy.ts";
export { freePort } from "./free-port.ts";

// Where servers are, and tests that need them
export {
  findInfluxDb,
  findPostgres,
  findChromium,
  findPromtool,
  findPythonClient,
  findRedisServer,
  findVictoriaMetrics,
  type FoundServer,
  type ServerEnvironment,
} from "./find-servers.ts";
export {
  type InfluxDbStarter,
  type PostgresStarter,
  type RedisStarter,
  type VictoriaMetricsStarter,
  withInfluxDb,
  withPostgres,
  withChromium,
  withPromtool,
  withPythonClient,
  withRedis,
  withVictoriaMetrics,
} from "./with-servers.ts";
