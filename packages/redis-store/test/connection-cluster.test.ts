import { type RedisCluster, type RedisServer, withRedis } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkServer } from "../src/connection/check-server.ts";
import { defineScripts } from "../src/scripts/script-runner.ts";
import { connect, ear } from "./support/connect.ts";
import { logSpy } from "./support/log-spy.ts";

const SCRIPTS = [{ name: "incr", numberOfKeys: 1, lua: "return redis.call('INCR', KEYS[1])" }];
/** Slots 7365 (the second node's), 11298 (the third's), 15495 (the third's) and 3300 (the first's). */
const KEYS = ["c", "d", "a", "b"];

withRedis(process.env, ({ startCluster }) => {
  describe("in a cluster", { timeout: 40_000 }, () => {
    let cluster: RedisCluster;
    beforeAll(async () => {
      cluster = await startCluster();
    });
    afterAll(() => cluster[Symbol.asyncDispose]());

    it("commands, scripts and pipelines go where their keys are", async () => {
      await using connection = connect(cluster.url);
      await connection.ready();
      const scripts = defineScripts(connection.client, SCRIPTS);
      await Promise.all(
        KEYS.flatMap((key) => [1, 2, 3].map(() => connection.run(() => scripts.run("incr", [key], [])))),
      );
      expect(await Promise.all(KEYS.map((key) => connection.run((client) => client.get(key))))).toEqual(
        KEYS.map(() => "3"),
      );
      const pipeline = connection.client.pipeline();
      scripts.queue(pipeline, "incr", ["{c}:1"], []);
      scripts.queue(pipeline, "incr", ["{c}:1"], []);
      expect(await pipeline.exec()).toEqual([
        [null, 1],
        [null, 2],
      ]);
      await expect(connection.run((client) => client.mget("a", "b"))).rejects.toMatchObject({
        message: expect.stringContaining("the keys of one command are in different slots (CROSSSLOT "),
      });
      const { nodes } = await checkServer(connection, { logger: logSpy() });
      expect(nodes).toHaveLength(3);
      expect(nodes).toMatchObject([{ mode: "cluster" }, { mode: "cluster" }, { mode: "cluster" }]);
    });

    it("one node that answers is enough to find the others", async () => {
      await using connection = connect(`redis+cluster://127.0.0.1:1,krm.invalid:1,127.0.0.1:${cluster.nodes[1]!.port}`);
      await connection.ready();
      expect(connection.masters()).toHaveLength(3);
    });

    it("a slot that moves is followed, also while it moves", async () => {
      await using connection = connect(cluster.url);
      await connection.ready();
      const nodes = await Promise.all(
        cluster.nodes.map(async (node) => ({ node, id: String(await node.command("CLUSTER", "MYID")) })),
      );
      const [first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
      await connection.run((client) => client.del("b"));
      for (const [from, to] of [
        [first, second],
        [second, first],
      ] as const) {
        await to.node.command("CLUSTER", "SETSLOT", 3300, "IMPORTING", from.id);
        await from.node.command("CLUSTER", "SETSLOT", 3300, "MIGRATING", to.id);
        await connection.run((client) => client.set("b", "asked"));
        await to.node.command("CLUSTER", "SETSLOT", 3300, "NODE", to.id);
        await from.node.command("CLUSTER", "SETSLOT", 3300, "NODE", to.id);
        await connection.run((client) => client.append("b", " and moved"));
        expect(await to.node.command("GET", "b")).toBe("asked and moved");
        await connection.run((client) => client.del("b"));
      }
    });

    it("what is published through any node is heard", async () => {
      await using connection = connect(cluster.url);
      const { listener, heard } = ear();
      const live = heard();
      connection.subscriptions.subscribe("one", listener);
      await live;
      for (const node of cluster.nodes) {
        const told = heard();
        await node.command("PUBLISH", "one", "");
        await told;
      }
    });

    it("a plain URL of a node is refused", async () => {
      const node = cluster.nodes[0]!;
      await using connection = connect(node.url);
      await connection.ready();
      await expect(checkServer(connection, { logger: logSpy() })).rejects.toMatchObject({
        code: "KRM_STORE_UNUSABLE",
        message: `${node.url}/0 is a node of a cluster`,
        hint: "write redis+cluster://HOST:PORT",
      });
      await expect(connection.run((client) => client.get("a"))).rejects.toMatchObject({
        message: expect.stringContaining("it is a node of a cluster (MOVED 15495 "),
        hint: "write redis+cluster://HOST:PORT",
      });
    });

    it("commands fail while nodes are away, and both connections are back when they are", async () => {
      const logger = logSpy();
      await using connection = connect(cluster.url, { logger });
      await connection.ready();
      const { listener, heard } = ear();
      const live = heard();
      connection.subscriptions.subscribe("one", listener);
      await live;
      const again = heard();
      const [first, second, third] = cluster.nodes as [RedisServer, RedisServer, RedisServer];
      await third.kill();
      await expect(connection.run((client) => client.get("a"))).rejects.toMatchObject({ code: "KRM_STORE_FAILED" });
      await logger.line("a node of the store's cluster cannot be reached");
      await Promise.all([first.kill(), second.kill()]);
      await expect(connection.run((client) => client.get("b"))).rejects.toMatchObject({ code: "KRM_STORE_FAILED" });
      await Promise.all(cluster.nodes.map((node) => node.restart()));
      await cluster.healthy();
      await connection.ready();
      expect(await connection.run((client) => client.set("a", "again"))).toBe("OK");
      await again;
      const told = heard();
      await third.command("PUBLISH", "one", "");
      await told;
    });
  });
});
