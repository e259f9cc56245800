import { assert, describe, test } from "vitest";
import {
  findChromium,
  findInfluxDb,
  findPostgres,
  findPromtool,
  findPythonClient,
  findRedisServer,
  findVictoriaMetrics,
  type FoundServer,
  type ServerEnvironment,
} from "./find-servers.ts";
import { type InfluxDbOptions, type InfluxDbServer, startInfluxDb } from "./influxdb-server.ts";
import { type PostgresOptions, type PostgresServer, startPostgres } from "./postgres-server.ts";
import { type Promtool, promtoolAt } from "./promtool.ts";
import { type RedisCluster, type RedisClusterOptions, startRedisCluster } from "./redis-cluster.ts";
import type { RedisOptions } from "./redis-conf.ts";
import { type RedisSentinel, type RedisSentinelOptions, startRedisSentinel } from "./redis-sentinel.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import {
  startVictoriaMetrics,
  type VictoriaMetricsOptions,
  type VictoriaMetricsServer,
} from "./victoria-metrics-server.ts";

/** Starts servers of the Redis that was found. What it starts is the test's to dispose of. */
export interface RedisStarter {
  readonly start: (options?: Omit<RedisOptions, "binary">) => Promise<RedisServer>;
  readonly startCluster: (options?: Omit<RedisClusterOptions, "binary">) => Promise<RedisCluster>;
  readonly startSentinel: (options?: Omit<RedisSentinelOptions, "binary">) => Promise<RedisSentinel>;
}

/** Starts servers of the PostgreSQL that was found. What it starts is the test's to dispose of. */
export interface PostgresStarter {
  readonly start: (options?: Omit<PostgresOptions, "bin">) => Promise<PostgresServer>;
}

/** Starts servers of the InfluxDB that was found. What it starts is the test's to dispose of. */
export interface InfluxDbStarter {
  readonly start: (options?: Omit<InfluxDbOptions, "binary">) => Promise<InfluxDbServer>;
}

/** Starts servers of the VictoriaMetrics that was found. What it starts is the test's to dispose of. */
export interface VictoriaMetricsStarter {
  readonly start: (options?: Omit<VictoriaMetricsOptions, "binary">) => Promise<VictoriaMetricsServer>;
}

/**
 * Defines vitest's tests that need a real Redis. Where there is none, each of them is skipped by its name, and one more
 * says why and how to get it; under `CI=true` that one fails. Servers must be started in tests or hooks, not outside.
 *
 * @example
 * withRedis(process.env, (redis) => {
 *   let server: RedisServer;
 *   beforeAll(async () => void (server = await redis.start()));
 *   afterAll(() => server[Symbol.asyncDispose]());
 *   test("…", async () => { … });
 * });
 */
export function withRedis(env: ServerEnvironment, define: (redis: RedisStarter) => void): void {
  needing("Redis", env, findRedisServer(env), (binary) =>
    define({
      start: (options) => startRedis({ ...options, binary }),
      startCluster: (options) => startRedisCluster({ ...options, binary }),
      startSentinel: (options) => startRedisSentinel({ ...options, binary }),
    }),
  );
}

/** Defines vitest's tests that need a real PostgreSQL; otherwise as {@link withRedis}. */
export function withPostgres(env: ServerEnvironment, define: (postgres: PostgresStarter) => void): void {
  needing("PostgreSQL", env, findPostgres(env), (bin) =>
    define({ start: (options) => startPostgres({ ...options, bin }) }),
  );
}

/** Defines vitest's tests that need a real InfluxDB 1; otherwise as {@link withRedis}. */
export function withInfluxDb(env: ServerEnvironment, define: (influx: InfluxDbStarter) => void): void {
  needing("InfluxDB", env, findInfluxDb(env), (binary) =>
    define({ start: (options) => startInfluxDb({ ...options, binary }) }),
  );
}

/** Defines vitest's tests that need a real VictoriaMetrics; otherwise as {@link withRedis}. */
export function withVictoriaMetrics(env: ServerEnvironment, define: (victoria: VictoriaMetricsStarter) => void): void {
  needing("VictoriaMetrics", env, findVictoriaMetrics(env), (binary) =>
    define({ start: (options) => startVictoriaMetrics({ ...options, binary }) }),
  );
}

/** Defines vitest's tests that ask promtool; otherwise as {@link withRedis}. */
export function withPromtool(env: ServerEnvironment, define: (promtool: Promtool) => void): void {
  needing("promtool", env, findPromtool(env), (path) => define(promtoolAt(path)));
}

/** Defines vitest's tests that open pages in the Chromium at `path`; otherwise as {@link withRedis}. */
export function withChromium(env: ServerEnvironment, define: (path: string) => void): void {
  needing("Chromium", env, findChromium(env), define);
}

/** Defines vitest's tests that run a Python with Kubernetes' client library, at `python`; otherwise as {@link withRedis}. */
export function withPythonClient(env: ServerEnvironment, define: (python: string) => void): void {
  needing("Python's kubernetes client", env, findPythonClient(env), define);
}

function needing(name: string, env: ServerEnvironment, found: FoundServer, define: (path: string) => void): void {
  if (found.reason !== undefined) tellWhy(name, found.reason, env["CI"] === "true");
  // Defined all the same where it is missing: each test is skipped by its name, and no hook runs.
  describe.skipIf(found.path === undefined)(`with ${name}`, () => {
    define(found.path ?? "");
  });
}

function tellWhy(name: string, reason: string, required: boolean): void {
  test(`${name} is here`, ({ skip }) => {
    assert(!required, reason);
    skip(reason);
  });
}
