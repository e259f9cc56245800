import type { RequestListener } from "node:http";
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { KrmClient } from "../src/index.ts";
import { failure, list, serve, TRUSTED } from "./support/server.ts";
import { tokenFile } from "./support/token-file.ts";

const tagged = (etag: string, ...names: readonly string[]): RequestListener =>
  list(
    "PodList",
    names.map((name) => ({ metadata: { name } })),
    { ...TRUSTED, etag },
  );

const unchanged: RequestListener = (_, response) => {
  response.writeHead(304, { ...TRUSTED, "KRM-State": "stale", "KRM-Last-Contact": "2026-01-01T00:02:00.000Z" });
  response.end();
};

test("nothing is kept, unless it is asked for", async () => {
  const { url, received } = await serve(tagged('W/"1"', "a"));
  const client = new KrmClient({ url });
  await client.list("pods");
  await client.list("pods");
  expect(received.map(({ ifNoneMatch }) => ifNoneMatch)).toEqual([undefined, undefined]);
});

test("a list that has not changed is the one before, as fresh as the server says now", async () => {
  const { url, received } = await serve(tagged('W/"1"', "a"), unchanged, tagged('W/"2"', "a", "b"), unchanged);
  const client = new KrmClient({ url, cache: { maxBytes: 10_000 } });
  const first = await client.list("pods");
  const second = await client.list("pods");
  expect(second.items).toEqual(first.items);
  expect(second.items[0]).not.toBe(first.items[0]);
  expect(first.freshness.state).toBe("synced");
  expect(second.freshness).toMatchObject({
    state: "stale",
    resourceVersion: "100",
    lastContact: new Date("2026-01-01T00:02:00.000Z"),
  });
  expect((await client.getPods()).items).toHaveLength(2);
  expect((await client.getPods({ as: "json" })).items).toHaveLength(2);
  expect(received.map(({ ifNoneMatch }) => ifNoneMatch)).toEqual([undefined, 'W/"1"', 'W/"1"', 'W/"2"']);
});

test("bytes that were handed out are the caller's own", async () => {
  const { url } = await serve(tagged('W/"1"', "a"), unchanged);
  const client = new KrmClient({ url, cache: { maxBytes: 10_000 } });
  const first = await client.list("pods", { as: "bytes" });
  const text = new TextDecoder().decode(first.bytes);
  first.bytes.fill(0);
  const second = await client.list("pods", { as: "bytes" });
  expect(new TextDecoder().decode(second.bytes)).toBe(text);
  second.bytes.fill(0);
  expect((await client.list("pods")).items).toHaveLength(1);
});

test("what one token was answered is not another's", async () => {
  const { url, received } = await serve(tagged('W/"1"', "a"), tagged('W/"1"', "b"), unchanged);
  const file = tokenFile("first");
  const client = new KrmClient({ url, tokenFile: file, cache: { maxBytes: 10_000 } });
  await client.list("pods");
  writeFileSync(file, "second");
  expect((await client.list("pods")).items).toMatchObject([{ metadata: { name: "b" } }]);
  expect((await client.list("pods")).items).toMatchObject([{ metadata: { name: "b" } }]);
  expect(received.map(({ authorization, ifNoneMatch }) => [authorization, ifNoneMatch])).toEqual([
    ["Bearer first", undefined],
    ["Bearer second", undefined],
    ["Bearer second", 'W/"1"'],
  ]);
});

test("a list that is not asked for the same is another one", async () => {
  const { url, received } = await serve(tagged('W/"1"', "a"), tagged('W/"2"', "b"));
  const client = new KrmClient({ url, cache: { maxBytes: 10_000 } });
  await client.list("pods");
  await client.list("pods", { namespace: "b" });
  expect(received.map(({ ifNoneMatch }) => ifNoneMatch)).toEqual([undefined, undefined]);
});

test("pages after the first are not kept: nobody asks for them again, and they would take the room of others", async () => {
  const { url, received } = await serve(tagged('W/"1"', "a"), tagged('W/"2"', "b"), tagged('W/"2"', "b"), unchanged);
  const client = new KrmClient({ url, cache: { maxBytes: 10_000 } });
  await client.list("pods", { limit: 1 });
  await client.list("pods", { limit: 1, continue: "next" });
  await client.list("pods", { limit: 1, continue: "next" });
  await client.list("pods", { limit: 1 });
  expect(received.map(({ ifNoneMatch }) => ifNoneMatch)).toEqual([undefined, undefined, undefined, 'W/"1"']);
});

test("what has not been asked for the longest makes room, and what is larger than all of it is not kept", async () => {
  const long = "x".repeat(3000);
  const { url, received } = await serve(
    tagged('W/"a"', long),
    tagged('W/"b"', long),
    unchanged,
    tagged('W/"c"', long),
    unchanged,
    tagged('W/"b"', long),
    tagged('W/"d"', long, long, long),
    tagged('W/"d"', long, long, long),
  );
  const client = new KrmClient({ url, cache: { maxBytes: 7000 } });
  for (const namespace of ["a", "b", "a", "c", "a", "b", "d", "d"]) await client.list("pods", { namespace });
  const kept = received.map(({ ifNoneMatch }) => ifNoneMatch);
  expect(kept).toEqual([undefined, undefined, 'W/"a"', undefined, 'W/"a"', undefined, undefined, undefined]);
});

test("a refusal takes nothing away, and gives nothing that is kept", async () => {
  const { url, received } = await serve(tagged('W/"1"', "a"), failure(403, "no more"), unchanged);
  const client = new KrmClient({ url, cache: { maxBytes: 10_000 } });
  await client.list("pods");
  await expect(client.list("pods")).rejects.toMatchObject({ code: "KRM_CLIENT_FORBIDDEN" });
  expect((await client.list("pods")).items).toHaveLength(1);
  expect(received[2]?.ifNoneMatch).toBe('W/"1"');
});

test("a 304 that nobody asked for is refused", async () => {
  const { url } = await serve(unchanged);
  const call = new KrmClient({ url, cache: { maxBytes: 10_000 } }).list("pods");
  await expect(call).rejects.toMatchObject({ code: "KRM_CLIENT_STATUS", status: 304 });
});

test.each([
  [{ maxBytes: 0 }, /cache.maxBytes is 0/],
  [{ maxBytes: 10, entries: 3 }, /cache has no option "entries"/],
  [{}, /cache.maxBytes is undefined/],
])("%j is refused", (cache, message) => {
  expect(() => new KrmClient({ url: "http://127.0.0.1:1", cache: cache as { maxBytes: number } })).toThrow(message);
});
