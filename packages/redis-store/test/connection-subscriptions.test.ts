import { withRedis } from "@krm/testkit/servers";
import { describe, expect, it } from "vitest";
import type { RedisConnection } from "../src/connection/redis-connection.ts";
import { connect, ear } from "./support/connect.ts";
import { logSpy } from "./support/log-spy.ts";

async function subscribers(connection: RedisConnection, channel: string): Promise<number> {
  const [, count] = await connection.run((client) => client.pubsub("NUMSUB", channel));
  return Number(count);
}

async function clients(connection: RedisConnection): Promise<number> {
  const list = String(await connection.run((client) => client.client("LIST")));
  return list.split("\n").filter((line) => line.includes("name=krm ")).length;
}

withRedis(process.env, ({ start }) => {
  describe("subscriptions", { timeout: 20_000 }, () => {
    it("share one connection, which is made with the first", async () => {
      await using redis = await start();
      await using connection = connect(redis.url);
      await connection.ready();
      expect(await clients(connection)).toBe(1);
      const [a, b, c] = [ear(), ear(), ear()];
      const { subscriptions } = connection;
      const live = Promise.all([a.heard(), b.heard(), c.heard()]);
      const leaveA = subscriptions.subscribe("one", a.listener);
      const leaveB = subscriptions.subscribe("one", b.listener);
      const leaveC = subscriptions.subscribe("two", c.listener);
      expect(a.calls() + b.calls() + c.calls()).toBe(0);
      await live;
      expect(await clients(connection)).toBe(2);
      expect(await subscribers(connection, "one")).toBe(1);

      const told = Promise.all([a.heard(), b.heard()]);
      await connection.run((client) => client.publish("one", "x"));
      await told;
      expect([a.calls(), b.calls(), c.calls()]).toEqual([2, 2, 1]);

      leaveA();
      leaveA();
      const onlyB = b.heard();
      await connection.run((client) => client.publish("one", "x"));
      await onlyB;
      expect([a.calls(), b.calls()]).toEqual([2, 3]);

      leaveB();
      const last = c.heard();
      await connection.run((client) => client.publish("two", "x"));
      await last;
      expect(await subscribers(connection, "one")).toBe(0);
      leaveC();
    });

    it("call a listener that joins a channel which is live already", async () => {
      await using redis = await start();
      await using connection = connect(redis.url);
      const [a, b] = [ear(), ear()];
      const first = a.heard();
      connection.subscriptions.subscribe("one", a.listener);
      await first;
      const second = b.heard();
      connection.subscriptions.subscribe("one", b.listener);
      expect(b.calls()).toBe(0);
      await second;
      expect([a.calls(), b.calls()]).toEqual([1, 1]);
    });

    it("survive a restart of the server, and say that something may have been missed", async () => {
      await using redis = await start();
      await using connection = connect(redis.url);
      const [a, b] = [ear(), ear()];
      const live = Promise.all([a.heard(), b.heard()]);
      connection.subscriptions.subscribe("one", a.listener);
      connection.subscriptions.subscribe("two", b.listener);
      await live;
      const again = Promise.all([a.heard(), b.heard()]);
      await redis.kill();
      await redis.restart();
      await again;
      expect([a.calls(), b.calls()]).toEqual([2, 2]);
      await connection.ready();
      const told = a.heard();
      await connection.run((client) => client.publish("one", ""));
      await told;
      expect([a.calls(), b.calls()]).toEqual([3, 2]);
    });

    it("survive a server that hangs", async () => {
      await using redis = await start();
      const logger = logSpy();
      const times = { commandTimeoutMs: 150, heartbeatMs: 20 };
      await using connection = connect(redis.url, { logger, ...times });
      const a = ear();
      const live = a.heard();
      connection.subscriptions.subscribe("one", a.listener);
      await live;
      const again = a.heard();
      redis.pause();
      await logger.line("it did not answer in time");
      redis.resume();
      await again;
    });

    it("are tried again when they were refused", async () => {
      await using redis = await start({ aclUsers: ["u on >pw +@all ~* resetchannels"] });
      const logger = logSpy();
      await using connection = connect(`redis://u:pw@127.0.0.1:${redis.port}`, { logger, heartbeatMs: 20 });
      const a = ear();
      const live = a.heard();
      connection.subscriptions.subscribe("one", a.listener);
      const { level, fields } = await logger.line("the store's notifications are not heard");
      expect(level).toBe("error");
      expect(fields).toMatchObject({ channels: ["one"], error: expect.stringContaining("NOPERM") });
      expect(a.calls()).toBe(0);
      await redis.command("ACL", "SETUSER", "u", "&one");
      await live;
    });

    it("log what a listener throws, and call the others", async () => {
      await using redis = await start();
      const logger = logSpy();
      await using connection = connect(redis.url, { logger });
      const a = ear();
      const live = a.heard();
      connection.subscriptions.subscribe("one", () => {
        throw new Error("not me");
      });
      connection.subscriptions.subscribe("one", a.listener);
      await live;
      expect(await logger.line("not me")).toMatchObject({ level: "error" });
    });

    it("end with the connection", async () => {
      await using redis = await start();
      await using other = connect(redis.url);
      await other.ready();
      const connection = connect(redis.url);
      const a = ear();
      const live = a.heard();
      connection.subscriptions.subscribe("one", a.listener);
      await live;
      await connection[Symbol.asyncDispose]();
      connection.subscriptions.subscribe("one", a.listener)();
      expect(await subscribers(other, "one")).toBe(0);
      expect(a.calls()).toBe(1);
    });
  });
});
