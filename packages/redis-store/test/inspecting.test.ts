import { inspectRedisStore, parseRedisUrl, type RedisInspection } from "@krm/redis-store";
import { freePort, withRedis } from "@krm/testkit/servers";
import { describe, expect, test } from "vitest";
import { serverWarnings } from "../src/connection/server-facts.ts";
import { mergerOf, SCOPE, storeAt } from "./support/redis-world.ts";

async function inspect(url: string, waitMs?: number): Promise<RedisInspection> {
  return inspectRedisStore({ target: parseRedisUrl(url), waitMs });
}

withRedis(process.env, (redis) => {
  describe("inspecting a store", () => {
    test("tells what it is, what it holds, and who has which role; and leaves nothing behind", async () => {
      await using server = await redis.start({ config: { appendonly: "yes" } });
      const empty = await inspect(server.url);
      expect(empty).toMatchObject({ format: undefined, scopes: [], warnings: [] });
      expect(empty.nodes).toHaveLength(1);
      expect(Number(await server.command("PTTL", "krm:doctor"))).toBeLessThanOrEqual(1000);
      await using store = await storeAt(server, "held");
      await using lease = await mergerOf(store.scope(SCOPE));
      const found = await inspect(`${server.url}/?prefix=held`);
      expect(found.format).toEqual({ number: 2, version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
      expect(found.scopes).toEqual([{ scope: SCOPE, held: ["merger"] }]);
      // The role is its holder's as before.
      await lease.renew();
    });

    test("asks over one connection", async () => {
      await using server = await redis.start();
      await using store = await storeAt(server, "held");
      await using lease = await mergerOf(store.scope(SCOPE));
      const opened = async (): Promise<number> =>
        Number(/^total_connections_received:(\d+)/m.exec(String(await server.command("INFO", "stats")))?.[1]);
      const [earlier, before] = [await opened(), await opened()];
      expect((await inspect(`${server.url}/?prefix=held`)).scopes).toHaveLength(1);
      // Beyond what each question here takes.
      expect((await opened()) - before).toBe(before - earlier + 1);
      await lease.renew();
    });

    test("warns of what may cost the state", async () => {
      const config = { save: "", appendonly: "no", maxmemory: "100mb", "maxmemory-policy": "allkeys-lru" };
      await using server = await redis.start({ config });
      const { warnings } = await inspect(server.url);
      expect(warnings.map(({ problem }) => problem)).toEqual([
        "may evict KRM's state when its 104857600 bytes are full: maxmemory-policy is allkeys-lru",
        expect.stringMatching(/^keeps nothing on disk/),
      ]);
    });

    test("fails where it cannot be written, or not be reached, with why", async () => {
      await using server = await redis.start();
      await server.command("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@read", "+info", "+@connection");
      const reader = inspect(`redis://reader:secret@127.0.0.1:${server.port}`);
      await expect(reader).rejects.toMatchObject({
        code: "KRM_STORE_FAILED",
        message: expect.stringMatching(/NOPERM/),
      });
      await expect(reader).rejects.not.toThrow(/secret/);
      const gone = inspect(`redis://127.0.0.1:${await freePort()}`, 300);
      await expect(gone).rejects.toMatchObject({
        code: "KRM_STORE_FAILED",
        message: expect.stringMatching(/connection was refused/),
      });
    });

    test("refuses a newer format", async () => {
      await using server = await redis.start();
      await server.command("SET", "krm:format", "krm-store 7 (krm 3.1.0)");
      await expect(inspect(server.url)).rejects.toMatchObject({
        code: "KRM_STORE_UNUSABLE",
        hint: expect.stringContaining("KRM 3.1.0"),
      });
    });

    test("is given up with its signal", async () => {
      const target = parseRedisUrl(`redis://127.0.0.1:${await freePort()}`);
      const signal = AbortSignal.abort(new Error("enough"));
      await expect(inspectRedisStore({ target, signal })).rejects.toThrow("enough");
    });
  });
});

test("a memory that is nearly full is worth a warning", () => {
  const facts = { product: "Redis", version: "7.0.0", mode: undefined, role: undefined } as const;
  const more = { runId: undefined, replicationId: undefined, maxMemoryPolicy: "noeviction", appendOnly: true };
  const full = (usedMemoryBytes: number): readonly string[] =>
    serverWarnings({ ...facts, ...more, maxMemoryBytes: 1000, usedMemoryBytes }).map(({ problem }) => problem);
  expect(full(900)).toEqual([]);
  expect(full(951)).toEqual(["has used 95 % of its 1000 bytes"]);
});
