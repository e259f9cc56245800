import { openRedisStore } from "@krm/redis-store";
import { type RedisSentinel, withRedis } from "@krm/testkit/servers";
import { storeConformance } from "@krm/testkit/store-conformance";
import { afterAll, beforeAll } from "vitest";

withRedis(process.env, (redis) => {
  let server: RedisSentinel;
  let places = 0;
  beforeAll(async () => void (server = await redis.startSentinel()));
  afterAll(() => server[Symbol.asyncDispose]());
  storeConformance({
    name: "RedisStore, behind Sentinels",
    create: async () => {
      const target = `${server.url}?prefix=test${places++}`;
      return { open: async () => openRedisStore({ target }), destroy: async () => {} };
    },
  });
});
