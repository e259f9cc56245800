import { type RedisSentinel, withRedis } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkServer } from "../src/connection/check-server.ts";
import { connect, connected, ear } from "./support/connect.ts";
import { logSpy } from "./support/log-spy.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

withRedis(process.env, ({ startSentinel }) => {
  describe("behind Sentinels", { timeout: 30_000 }, () => {
    let sentinel: RedisSentinel;
    beforeAll(async () => {
      sentinel = await startSentinel();
    });
    afterAll(() => sentinel[Symbol.asyncDispose]());

    it("a connection goes to the master", async () => {
      await using connection = connect(`${sentinel.url}/2`);
      await connection.ready();
      await connection.run((client) => client.set("a", "1"));
      const { nodes } = await checkServer(connection, { logger: logSpy() });
      expect(nodes).toMatchObject([{ role: "master" }]);
      const master = await sentinel.master();
      expect(await master.command("INFO", "keyspace")).toContain("db2:");
    });

    it("one Sentinel that answers is enough, and who does not is told of", async () => {
      const { port } = sentinel.sentinels[0]!;
      await using connection = connect(`redis+sentinel://127.0.0.1:1,127.0.0.1:${port}/mymaster`);
      await connection.ready();
      const logger = logSpy();
      await using nobody = connect("redis+sentinel://127.0.0.1:1/mymaster", { logger });
      const { fields } = await logger.line("the store cannot be reached");
      expect(fields["error"]).toBe(
        "redis+sentinel://127.0.0.1:1/mymaster/0: Sentinel 127.0.0.1:1: the connection was refused (ECONNREFUSED 127.0.0.1:1)",
      );
      expect(nobody.connected).toBe(false);
    });

    it("a name that they do not know is refused, and their URL without sentinel", async () => {
      const [one, two] = sentinel.sentinels.map(({ port }) => `127.0.0.1:${port}`);
      await using unknown = connect(`redis+sentinel://${one},${two}/other`);
      await expect(unknown.ready()).rejects.toMatchObject({
        code: "KRM_STORE_FAILED",
        message: `the Sentinels ${one}, ${two} know no master named "other"`,
        hint: "write the name as in `SENTINEL MASTERS`: redis+sentinel://HOST:26379/NAME",
      });
      await using single = connect(`redis://${one}`);
      await single.ready();
      await expect(checkServer(single, { logger: logSpy() })).rejects.toMatchObject({
        code: "KRM_STORE_UNUSABLE",
        message: `redis://${one}/0 is a Sentinel, which keeps no data`,
      });
    });

    it("Sentinels get their own password, and only that", async () => {
      using folder = temporaryFolder();
      const asked = sentinel.sentinels[2]!;
      await asked.command("ACL", "SETUSER", "krm", "on", ">secret", "+@all");
      await asked.command("ACL", "SETUSER", "default", "resetpass", ">hunter2");
      const url = `redis+sentinel://127.0.0.1:${asked.port}/mymaster`;
      const who = `${url}/0: Sentinel 127.0.0.1:${asked.port}`;
      await using none = connect(url);
      await expect(none.ready()).rejects.toMatchObject({
        message: `${who}: it wants a password (NOAUTH Authentication required.)`,
        hint: "add sentinelPasswordFile=FILE",
      });
      const [right, wrong] = [folder.file("right", "secret"), folder.file("wrong", "other")];
      await using bad = connect(`${url}?sentinelUser=krm&sentinelPasswordFile=${wrong}`);
      await expect(bad.ready()).rejects.toMatchObject({
        message: expect.stringContaining(`${who}: the user or the password is wrong`),
        hint: "check sentinelUser and sentinelPasswordFile in the URL",
      });
      await using good = connect(`${url}?sentinelUser=krm&sentinelPasswordFile=${right}`);
      await good.ready();
      // The Sentinels ask each other without one.
      await asked.command("ACL", "SETUSER", "default", "nopass");
    });

    it("both connections follow a failover", async () => {
      await using connection = connect(sentinel.url);
      await connection.ready();
      const { listener, heard } = ear();
      const live = heard();
      connection.subscriptions.subscribe("one", listener);
      await live;
      const [back, again] = [connected(connection), heard()];
      const { before, now } = await sentinel.failover();
      await Promise.all([back, again]);
      expect(await connection.run((client) => client.set("b", "2"))).toBe("OK");
      expect(await now.command("GET", "b")).toBe("2");
      const told = heard();
      await now.command("PUBLISH", "one", "");
      await told;
      await before.restart({ replicaOf: now });
    });
  });
});
