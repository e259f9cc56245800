import { PODS } from "@krm/core";
import { withRedis } from "@krm/testkit/servers";
import { describe, expect, test } from "vitest";
import { sentinelChaosRedis, singleChaosRedis } from "./chaos-redis.ts";
import { chaosTable } from "./chaos-table.ts";
import { runChaos } from "./run-chaos.ts";

withRedis(process.env, (redis) => {
  describe("every role a process, killed at random over a Redis that fails; at the end two servers show the cluster", () => {
    for (const [name, start, seed] of [
      ["one server", singleChaosRedis, 7],
      ["behind Sentinels", sentinelChaosRedis, 8],
    ] as const)
      test(`${name}, seed ${seed}`, { timeout: 300_000 }, async () => {
        await using chaos = await start(redis);
        const outcome = await runChaos({
          seed,
          seconds: 15,
          resources: [PODS],
          pods: 40,
          churn: 10,
          faults: "drop=0.02,dup=0.01,reorder=0.01,410=0.02,429=0.02,500=0.02",
          redis: chaos,
          everyMs: 1200,
          say: () => {},
        });
        expect(outcome.problems, chaosTable(outcome)).toEqual([]);
        expect(outcome.equal.get("pods")).toBeGreaterThan(0);
        // It was put to the test.
        expect([...outcome.faults.values()].reduce((sum, count) => sum + count)).toBeGreaterThan(4);
      });
  });
});
