/**
 * Breaks everything, by seed, for as long as it is told to, and prints what came of it as a table:
 *
 *     npm run chaos -- [--minutes 10] [--seed 1] [--redis single|sentinel] [--resources pods,deployments] [--pods 300]
 *                      [--churn 20] [--every 2s] [--faults SPEC]
 *
 * The same in short runs with `npm test`.
 */
import { parseArgs } from "node:util";
import { DEFAULT_RESOURCES, resourceName } from "@krm/core";
import { findRedisServer, startRedis, startRedisCluster, startRedisSentinel } from "@krm/testkit/servers";
import { sentinelChaosRedis, singleChaosRedis } from "./chaos-redis.ts";
import { chaosTable } from "./chaos-table.ts";
import { runChaos } from "./run-chaos.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    redis: { type: "string", default: "single" },
    resources: { type: "string", default: "pods,deployments.apps" },
    pods: { type: "string", default: "300" },
    churn: { type: "string", default: "20" },
    every: { type: "string", default: "2" },
    faults: {
      type: "string",
      default: "drop=0.01,delay=0.02:2s,dup=0.01,reorder=0.01,disconnect=30s,410=0.02,429=0.02,500=0.01,compact=1m",
    },
  },
});
const wanted = values.resources.split(",");
const resources = DEFAULT_RESOURCES.filter((resource) => wanted.includes(resourceName(resource)));
if (resources.length !== wanted.length)
  throw new Error(`--resources takes some of ${DEFAULT_RESOURCES.map(resourceName).join(",")}`);
const { path, reason } = findRedisServer(process.env);
if (path === undefined) throw new Error(reason);
const starter = {
  start: async (options = {}) => startRedis({ ...options, binary: path }),
  startCluster: async (options = {}) => startRedisCluster({ ...options, binary: path }),
  startSentinel: async (options = {}) => startRedisSentinel({ ...options, binary: path }),
};
await using redis = await (values.redis === "sentinel" ? sentinelChaosRedis(starter) : singleChaosRedis(starter));
const outcome = await runChaos({
  seed: Number(values.seed),
  seconds: Number(values.minutes) * 60,
  resources,
  pods: Number(values.pods),
  churn: Number(values.churn),
  faults: values.faults,
  redis,
  everyMs: Number(values.every.replace(/s$/, "")) * 1000,
  say: (line) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`),
});
console.log(chaosTable(outcome));
process.exitCode = outcome.problems.length === 0 ? 0 : 1;
