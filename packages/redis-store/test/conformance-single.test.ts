import { openRedisStore } from "@krm/redis-store";
import { type RedisServer, withRedis } from "@krm/testkit/servers";
import { storeConformance } from "@krm/testkit/store-conformance";
import { afterAll, beforeAll } from "vitest";

withRedis(process.env, (redis) => {
  let server: RedisServer;
  let places = 0;
  beforeAll(async () => void (server = await redis.start()));
  afterAll(() => server[Symbol.asyncDispose]());
  storeConformance({
    name: "RedisStore, one server",
    create: async () => {
      const target = `${server.url}/?prefix=test${places++}`;
      return { open: async () => openRedisStore({ target }), destroy: async () => {} };
    },
  });
});
