import { compareResourceVersions, parseResourceVersion } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { type RedisServer, withRedis } from "@krm/testkit/servers";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadScripts } from "../src/scripts/load-scripts.ts";
import { defineScripts } from "../src/scripts/script-runner.ts";

withRedis(process.env, (redis) => {
  let server: RedisServer;
  beforeAll(async () => void (server = await redis.start()));
  afterAll(() => server[Symbol.asyncDispose]());

  test("Lua orders versions as core does", async () => {
    const client = new Redis(server.port, "127.0.0.1");
    try {
      const scripts = defineScripts(client, loadScripts());
      const random = new SeededRandom(11);
      const digits = (): string =>
        String(random.integer(1, 9)) +
        Array.from({ length: random.integer(0, 38) }, () => random.integer(0, 9)).join("");
      const edges = ["1", "9", "10", "99", "100", "9007199254740991", "9007199254740992", "9007199254740993"];
      edges.push("18446744073709551615", "18446744073709551616", "340282366920938463463374607431768211455");
      const pairs = edges.flatMap((a) => edges.map((b) => [a, b] as const));
      for (let i = 0; i < 500; i++) {
        const a = digits();
        pairs.push([a, digits()], [a, a], [a, `${a.slice(0, -1)}${random.integer(0, 9)}`]);
      }
      for (const [a, b] of pairs) {
        const order = Number(await scripts.run("compare-versions", [], [a, b]));
        const expected = compareResourceVersions(parseResourceVersion(a), parseResourceVersion(b));
        expect(Math.sign(order), `${a} ${b}`).toBe(Math.sign(expected));
      }
    } finally {
      client.disconnect();
    }
  });
});
