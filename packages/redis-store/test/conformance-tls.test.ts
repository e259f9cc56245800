import { openRedisStore } from "@krm/redis-store";
import { createTlsMaterial } from "@krm/testkit";
import { type RedisServer, withRedis } from "@krm/testkit/servers";
import { storeConformance } from "@krm/testkit/store-conformance";
import { afterAll, beforeAll } from "vitest";
import { neededRights } from "../src/connection/needed-rights.ts";

/** Just what an error about rights says that a user must be allowed. */
const USER = `krm on >open-sesame ${neededRights({ prefix: "t*" })}`;

withRedis(process.env, (redis) => {
  let server: RedisServer;
  let places = 0;
  beforeAll(async () => {
    server = await redis.start({ tls: await createTlsMaterial({}), aclUsers: [USER], password: "of-default" });
  });
  afterAll(() => server[Symbol.asyncDispose]());
  storeConformance({
    name: "RedisStore, over TLS, as a user with just the rights that it needs",
    create: async () => {
      const target = `rediss://krm:open-sesame@127.0.0.1:${server.port}/?prefix=t${places++}&ca=${server.caFile}`;
      return { open: async () => openRedisStore({ target }), destroy: async () => {} };
    },
  });
});
