import { openRedisStore } from "@krm/redis-store";
import { FaultProxy, freePort, withRedis } from "@krm/testkit/servers";
import { describe, expect, test } from "vitest";
import { commitOf, mergerOf, objectOf, SCOPE, shownBy, storeAt } from "./support/redis-world.ts";

withRedis(process.env, (redis) => {
  describe("opening a store", () => {
    test("that is not there yet is no failure: calls fail with one clear line, and it is there when the server is", async () => {
      const port = await freePort();
      await using store = await openRedisStore({ target: `redis://127.0.0.1:${port}`, waitMs: 50 });
      const scope = store.scope(SCOPE);
      await expect(scope.meta()).rejects.toMatchObject({ code: "KRM_STORE_FAILED" });
      await expect(scope.meta()).rejects.toThrow(new RegExp(`^redis://127\\.0\\.0\\.1:${port}.*refused`));
      await using server = await redis.start({ config: { port: String(port) } });
      expect(server.port).toBeGreaterThan(0);
      for (;;) {
        try {
          expect((await scope.meta()).version).toBeUndefined();
          break;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    });

    test("with a wrong password, of a replica, or under the prefix of another format is refused in one clear line", async () => {
      await using server = await redis.start({ password: "right" });
      await using replica = await redis.start({ replicaOf: server, password: "right" });
      const refused = async (target: string): Promise<{ code: string; message: string; hint: string | undefined }> => {
        const error = await openRedisStore({ target }).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        return error as { code: string; message: string; hint: string | undefined };
      };
      const wrong = await refused(`redis://:wrong@127.0.0.1:${server.port}`);
      expect(wrong).toMatchObject({ code: "KRM_STORE_FAILED" });
      expect(wrong.message).toMatch(/password/);
      expect(`${wrong.message} ${wrong.hint}`).not.toContain("wrong@");
      const only = await refused(`redis://:right@127.0.0.1:${replica.port}`);
      expect(only).toMatchObject({ code: "KRM_STORE_UNUSABLE" });
      expect(only.message).toMatch(/replica/);
      await server.command("SET", "other:format", "krm-store 7 (krm 3.1.0)");
      await server.command("SET", "older:format", "krm-store 1");
      await server.command("SET", "odd:format", "something else");
      const newer = await refused(`redis://:right@127.0.0.1:${server.port}/?prefix=other`);
      expect(newer).toMatchObject({ code: "KRM_STORE_UNUSABLE" });
      expect(newer.message).toMatch(
        /^the keys under other: are of the newer format 7, written by KRM 3\.1\.0; this is KRM \S+, which keeps format 2$/,
      );
      expect(newer.hint).toMatch(/^Run KRM 3\.1\.0 or newer, or .*\?prefix=NAME/);
      const older = await refused(`redis://:right@127.0.0.1:${server.port}/?prefix=older`);
      expect(older.message).toMatch(/^the keys under older: are of the older format 1; this is KRM/);
      expect(await refused(`redis://:right@127.0.0.1:${server.port}/?prefix=odd`)).toMatchObject({
        code: "KRM_STORE_UNUSABLE",
      });
    });

    test("that another version began with the same format goes on, and says who began it", async () => {
      await using server = await redis.start();
      await server.command("SET", "krm:format", "krm-store 2");
      await server.command("SET", "later:format", "krm-store 2 (krm 7.0.0)");
      for (const prefix of ["krm", "later"]) {
        await using store = await openRedisStore({ target: `${server.url}?prefix=${prefix}` });
        expect(await store.scopes()).toEqual([]);
      }
      await using store = await openRedisStore({ target: `${server.url}?prefix=new` });
      await using merger = await mergerOf(store.scope(SCOPE));
      expect(merger.epoch).toBeGreaterThan(0);
      expect(await server.command("GET", "new:format")).toMatch(/^krm-store 2 \(krm \d+\.\d+\.\d+\S*\)$/);
    });

    test("whose connection breaks while the server is looked at is waited for", async () => {
      await using server = await redis.start();
      await using proxy = new FaultProxy();
      await proxy.listen(server.port);
      // What it asks of the server is slow enough to break in the middle of.
      proxy.delay(60);
      const opening = openRedisStore({ target: `redis://127.0.0.1:${proxy.port}`, waitMs: 2000 });
      while (proxy.connections === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const breaking = setInterval(() => proxy.breakConnections(), 150);
      await using store = await opening;
      clearInterval(breaking);
      await proxy.heal();
      for (;;) {
        try {
          expect((await store.scope(SCOPE).meta()).version).toBeUndefined();
          break;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    });

    test("of a server that hangs waits no longer than it is told to, and goes on when it answers again", async () => {
      await using server = await redis.start();
      await using store = await storeAt(server, "hang", { commandTimeoutMs: 300 });
      const scope = store.scope(SCOPE);
      const merger = await mergerOf(scope);
      await merger.commit(commitOf(5, objectOf("a", 5)));
      server.pause();
      await expect(merger.commit(commitOf(6, objectOf("b", 6)))).rejects.toMatchObject({ code: "KRM_STORE_FAILED" });
      const stop = new AbortController();
      const cut = scope.meta({ signal: stop.signal });
      stop.abort(new Error("enough"));
      await expect(cut).rejects.toThrow("enough");
      server.resume();
      for (;;) {
        try {
          await merger.commit(commitOf(6, objectOf("b", 6)));
          break;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
      expect(await shownBy(scope)).toEqual(["a@5", "b@6"]);
    });
  });
});
