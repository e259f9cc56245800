import { type RedisServer, withRedis } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RedisConnection } from "../src/connection/redis-connection.ts";
import { loadScripts } from "../src/scripts/load-scripts.ts";
import { defineScripts, type ScriptRunner } from "../src/scripts/script-runner.ts";
import { connect } from "./support/connect.ts";

const SCRIPTS = [
  { name: "get", numberOfKeys: 1, lua: "return redis.call('GET', KEYS[1])" },
  {
    name: "put-two",
    numberOfKeys: 2,
    lua: "redis.call('MSET', KEYS[1], ARGV[1], KEYS[2], ARGV[2]) return {1, ARGV[1]}",
  },
  { name: "fail", numberOfKeys: 0, lua: "return redis.error_reply('KRM no')" },
];

withRedis(process.env, ({ start }) => {
  describe("defineScripts", { timeout: 20_000 }, () => {
    let redis: RedisServer;
    let connection: RedisConnection;
    let scripts: ScriptRunner<"get" | "put-two" | "fail">;
    beforeAll(async () => {
      redis = await start();
      connection = connect(redis.url);
      await connection.ready();
      scripts = defineScripts(connection.client, SCRIPTS);
    });
    afterAll(async () => {
      await connection[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    });

    it("runs a script with keys and arguments, and gives back bytes", async () => {
      const bytes = Buffer.from([0xff, 0]);
      expect(await scripts.run("put-two", ["a", Buffer.from("b")], [bytes, 7])).toEqual([1, bytes]);
      expect(await scripts.run("get", ["a"], [])).toEqual(bytes);
      expect(await scripts.run("get", ["b"], [])).toEqual(Buffer.from("7"));
      expect(await scripts.run("get", ["nothing"], [])).toBeNull();
    });

    it("leaves the server's own commands alone", async () => {
      expect(await connection.client.get("b")).toBe("7");
    });

    it("sends a script's text again when the server has forgotten it", async () => {
      await connection.client.script("FLUSH");
      expect(await scripts.run("get", ["b"], [])).toEqual(Buffer.from("7"));
      await connection.client.script("FLUSH");
      const pipeline = connection.client.pipeline();
      scripts.queue(pipeline, "get", ["b"], []);
      scripts.queue(pipeline, "put-two", ["a", "b"], ["1", "2"]);
      scripts.queue(pipeline, "fail", [], []);
      expect(await pipeline.exec()).toEqual([
        [null, Buffer.from("7")],
        [null, [1, Buffer.from("1")]],
        [expect.objectContaining({ message: expect.stringContaining("KRM no") })],
      ]);
      const calls = await connection.client.info("commandstats");
      expect(calls).toMatch(/cmdstat_evalsha:calls=[1-9]/);
    });

    it("refuses a script that it does not know, and a wrong number of keys", async () => {
      await expect(scripts.run("nope" as "get", [], [])).rejects.toThrow("there is no script nope");
      await expect(scripts.run("get", [], [])).rejects.toThrow("the script get takes 1 keys, not 0");
      await expect(scripts.run("fail", [], [])).rejects.toThrow("KRM no");
    });

    it("has a server compile every script of this package", async () => {
      for (const { name, lua } of loadScripts()) {
        await expect(connection.client.script("LOAD", lua), name).resolves.toMatch(/^[0-9a-f]{40}$/);
      }
    });
  });
});
