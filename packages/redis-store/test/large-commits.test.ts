import type { FeedBatch, ScopeStore } from "@krm/core";
import { type RedisServer, withRedis } from "@krm/testkit/servers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commitOf, freshPrefix, mergerOf, objectOf, SCOPE, storeAt } from "./support/redis-world.ts";

const LARGE = Array.from({ length: 300 }, (_, i) => objectOf(`large${i}`, 10));

/** What a reader gets from a place on, until the view's newest change or a reset. */
async function readFrom(scope: ScopeStore, since: string): Promise<readonly FeedBatch[]> {
  const end = await scope.cursor();
  const batches: FeedBatch[] = [];
  for await (const batch of scope.changes({ since })) {
    batches.push(batch);
    if (batch.type === "reset" || batch.entries.at(-1)?.cursor === end) break;
  }
  return batches;
}

withRedis(process.env, (redis) => {
  let server: RedisServer;
  beforeAll(async () => void (server = await redis.start()));
  afterAll(() => server[Symbol.asyncDispose]());

  test("who has read all before a commit that is too large for the feed is told that nothing else is missing", async () => {
    await using store = await storeAt(server, freshPrefix());
    const scope = store.scope(SCOPE);
    const merger = await mergerOf(scope);
    await merger.commit(commitOf(5, objectOf("a", 4)));
    const behind = await scope.cursor();
    await merger.commit(commitOf(6, objectOf("b", 6)));
    const abreast = await scope.cursor();
    await merger.commit(commitOf(10, ...LARGE));
    const marker = await scope.cursor();
    await merger.commit(commitOf(11, objectOf("c", 11)));

    expect(await readFrom(scope, abreast)).toEqual([{ type: "reset", cursor: marker, complete: true }]);
    const [missed] = await readFrom(scope, behind);
    expect(missed).toMatchObject({ type: "reset" });
    expect(missed).not.toHaveProperty("complete");
    const [rest] = await readFrom(scope, await scope.oldestCursor());
    expect(rest).toMatchObject({ type: "changes", entries: [{ change: { object: { name: "c" } } }] });
    await merger[Symbol.asyncDispose]();
  });
});
