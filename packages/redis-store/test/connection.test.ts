import { writeFileSync } from "node:fs";
import { FaultProxy, freePort, withRedis } from "@krm/testkit/servers";
import { describe, expect, it } from "vitest";
import { connect, connected, event } from "./support/connect.ts";
import { logSpy } from "./support/log-spy.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

/** What a promise rejects with. */
function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error("it did not fail", { cause: value });
    },
    (error: unknown) => error,
  );
}

const SHORT = { commandTimeoutMs: 150, connectTimeoutMs: 500 };

withRedis(process.env, ({ start }) => {
  describe("a connection", { timeout: 20_000 }, () => {
    it("runs commands, and replies with bytes where asked to", async () => {
      await using redis = await start();
      await using connection = connect(`${redis.url}/3`);
      await connection.ready();
      expect(connection).toMatchObject({ connected: true, failure: undefined });
      const bytes = Buffer.from([0xff, 0, 13, 10]);
      await connection.run((client) => client.set("k", bytes));
      expect(await connection.run((client) => client.getBuffer("k"))).toEqual(bytes);
      expect(await connection.run((client) => client.info("keyspace"))).toContain("db3:");
    });

    it("fails at once while there is no server, and says why", async () => {
      const port = await freePort();
      const logger = logSpy();
      await using connection = connect(`redis://127.0.0.1:${port}`, { logger });
      await expect(connection.run((client) => client.ping())).rejects.toMatchObject({
        code: "KRM_STORE_FAILED",
        message: `redis://127.0.0.1:${port}/0: not connected yet`,
      });
      await logger.line("the store cannot be reached");
      const refused = {
        code: "KRM_STORE_FAILED",
        message: `redis://127.0.0.1:${port}/0: the connection was refused (ECONNREFUSED)`,
        hint: "is the server running, and is this its port?",
      };
      await expect(connection.run(() => Promise.reject(new Error("was run")))).rejects.toMatchObject(refused);
      expect(connection).toMatchObject({ connected: false, failure: refused });
      // The client itself queues nothing either.
      await expect(connection.client.ping()).rejects.toThrow("Connection is closed.");
      // The same failure is told once.
      await event(connection, "end");
      expect(logger.lines).toHaveLength(1);
    });

    it("waits for a server that is not there yet, for as long as the signal lets it", async () => {
      const port = await freePort();
      await using connection = connect(`redis://127.0.0.1:${port}`);
      const reason = new Error("enough");
      const abort = new AbortController();
      const ready = connection.ready(abort.signal);
      await event(connection, "end");
      abort.abort(reason);
      await expect(ready).rejects.toBe(reason);
      await expect(connection.ready(abort.signal)).rejects.toBe(reason);
    });

    it("comes back when the server was killed and started again", async () => {
      const logger = logSpy();
      await using redis = await start();
      await using connection = connect(redis.url, { logger });
      await connection.ready();
      const lost = event(connection, "close");
      await redis.kill();
      await lost;
      await expect(connection.run((client) => client.ping())).rejects.toMatchObject({ code: "KRM_STORE_FAILED" });
      const back = connected(connection);
      await redis.restart();
      await back;
      expect(await connection.run((client) => client.ping())).toBe("PONG");
      await logger.line("the store can be reached again");
    });

    it("fails a command whose connection breaks, and does not send it again", async () => {
      await using redis = await start();
      await using connection = connect(redis.url);
      await connection.ready();
      const back = connected(connection);
      const failed = failure(connection.run((client) => client.blpop("list", 0)));
      await redis.command("CLIENT", "KILL", "TYPE", "normal");
      expect(await failed).toMatchObject({
        code: "KRM_STORE_FAILED",
        message: `${redis.url}/0: there is no connection, or it broke before the answer came (Connection is closed.)`,
      });
      await back;
      await redis.command("RPUSH", "list", "x");
      expect(await redis.command("LLEN", "list")).toBe(1);
    });

    it("gives up on a server that hangs, and comes back when it goes on", async () => {
      const logger = logSpy();
      await using redis = await start();
      await using connection = connect(redis.url, { ...SHORT, logger });
      await connection.ready();
      await connection.run((client) => client.set("a", "1"));
      redis.pause();
      const lost = event(connection, "end");
      await expect(connection.run((client) => client.get("a"))).rejects.toMatchObject({
        code: "KRM_STORE_FAILED",
        message: `${redis.url}/0: it did not answer in time (Command timed out)`,
      });
      await lost;
      // Its kernel still takes connections.
      await event(connection, "ready");
      expect(connection.connected).toBe(false);
      await event(connection, "end");
      const back = connected(connection);
      redis.resume();
      await back;
      expect(await connection.run((client) => client.set("b", "2"))).toBe("OK");
      expect(await connection.run((client) => client.mget("a", "b"))).toEqual(["1", "2"]);
    });

    it("finds a dead connection by itself", async () => {
      await using redis = await start();
      await using connection = connect(redis.url, { ...SHORT, heartbeatMs: 20 });
      await connection.ready();
      const lost = event(connection, "end");
      redis.pause();
      await lost;
      redis.resume();
      await connection.ready();
    });

    it("waits while the server loads its data", async () => {
      const logger = logSpy();
      await using redis = await start({
        config: { "loading-process-events-interval-bytes": "1024", rdbcompression: "no", "key-load-delay": "15000" },
      });
      await using connection = connect(redis.url, { logger });
      await connection.ready();
      for (let i = 0; i < 40; i++) await connection.run((client) => client.set(`k${i}`, "v".repeat(2000)));
      await redis.command("SAVE");
      const lost = event(connection, "close");
      await redis.kill();
      await lost;
      const restarted = redis.restart();
      const { fields } = await logger.line("the store is not ready");
      expect(fields["error"]).toContain("it is loading its data and not ready (LOADING ");
      expect(connection.connected).toBe(false);
      await connection.ready();
      await restarted;
      expect(await connection.run((client) => client.dbsize())).toBe(40);
    });

    it("is not misled by answers that come too late", async () => {
      await using redis = await start();
      await using proxy = new FaultProxy();
      await proxy.listen(redis.port);
      await using connection = connect(`redis://127.0.0.1:${proxy.port}`, SHORT);
      await connection.ready();
      await connection.run((client) => client.mset("a", "1", "b", "2"));
      proxy.stall();
      const lost = event(connection, "end");
      await expect(connection.run((client) => client.get("a"))).rejects.toMatchObject({
        message: expect.stringContaining("it did not answer in time"),
      });
      await lost;
      const back = connected(connection);
      await proxy.heal();
      await back;
      expect(await connection.run((client) => client.get("b"))).toBe("2");
    });

    it("reads the password file at each connect", async () => {
      using folder = temporaryFolder();
      await using redis = await start({ password: "first" });
      const passwordFile = folder.file("password", "first\n");
      await using connection = connect(`redis://127.0.0.1:${redis.port}?passwordFile=${passwordFile}`);
      await connection.ready();
      writeFileSync(passwordFile, "second");
      await redis.command("CONFIG", "SET", "requirepass", "second");
      const back = connected(connection);
      await redis.command("CLIENT", "KILL", "TYPE", "normal");
      await back;
      expect(await connection.run((client) => client.ping())).toBe("PONG");
    });

    it("ends everything when it is disposed of", async () => {
      const port = await freePort();
      const down = connect(`redis://127.0.0.1:${port}`);
      const refused = failure(down.ready());
      await down[Symbol.asyncDispose]();
      expect(await refused).toMatchObject({ code: "KRM_STORE_CLOSED" });

      await using redis = await start();
      const up = connect(redis.url);
      await up.ready();
      const broken = failure(up.run((client) => client.blpop("list", 0)));
      await up[Symbol.asyncDispose]();
      await up[Symbol.asyncDispose]();
      expect(await broken).toMatchObject({ code: "KRM_STORE_FAILED" });
      expect(up.client.status).toBe("end");
      await expect(up.run((client) => client.ping())).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
      await expect(up.ready()).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
    });
  });
});
