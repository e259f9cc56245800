import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { following, say } from "../support/mirrored.ts";
import { TRUSTED } from "../support/server.ts";
import { steppedTiming } from "../support/stepped-timing.ts";
import { bookmark, change, failed, pod } from "../support/watch-server.ts";

/** The answer to who asks how the view is. */
const word = (headers: Record<string, string> = {}): Response =>
  Response.json(
    { kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: "10" }, items: [] },
    { headers: { ...TRUSTED, ...headers } },
  );

const contact = (resourceVersion: string, at: string): object => ({
  type: "BOOKMARK",
  object: { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion, annotations: { "krm.dev/last-contact": at } } },
});

/** Everything that can go on without time passing goes on. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await nextTurn();
}

test("what the server says of its own view is what the mirror says", async () => {
  const { mirror } = await following();
  expect(mirror.freshness).toEqual({
    state: "synced",
    verifiedAt: new Date("2026-01-01T00:00:00Z"),
    verifiedResourceVersion: "90",
    streamedThrough: "101",
    lastContact: new Date("2026-01-01T00:01:00Z"),
    warnings: [],
    resourceVersion: "10",
    connection: "following",
    behindSince: undefined,
    toldAt: new Date(Date.UTC(2026, 0, 1)),
  });
});

test("a connection that is gone for ten seconds makes it stale, and one that goes on fresh again", async () => {
  const { asked, mirror, request, server, timing, told } = await following();
  const gone = mirror.freshness;
  expect(gone.state).toBe("synced");
  request.cut();
  (await asked()).refuse();
  await settled();
  timing.advance(8000);
  await settled();
  expect(mirror.freshness).toMatchObject({ state: "synced", connection: "connecting" });
  expect(told).toEqual([]);
  timing.advance(2000);
  await settled();
  expect(told).toEqual(["stale stale"]);
  expect(mirror.freshness).toMatchObject({
    state: "stale",
    behindSince: new Date(Date.UTC(2026, 0, 1)),
    warnings: [expect.stringMatching(/^no connection to the server: cannot reach https:.*ECONNREFUSED/) as string],
  });
  const again = await server.next();
  again.answer();
  await settled();
  // It may not know any more what followed.
  expect(told).toEqual(["stale stale"]);
  expect(mirror.freshness).toMatchObject({
    state: "stale",
    connection: "resuming",
    warnings: ["what has changed since is not told yet"],
  });
  await say(again, bookmark("10"));
  await settled();
  expect(told).toEqual(["stale stale", "fresh"]);
  expect(mirror.freshness).toMatchObject({ state: "synced", connection: "following", behindSince: undefined });
});

test("a gap of less is nobody's news", async () => {
  const { asked, request, timing, told } = await following();
  request.cut();
  (await asked()).answer(change("ADDED", pod("b", "11")), bookmark("11"));
  await settled();
  timing.advance(15_000);
  await settled();
  expect(told).toEqual(["add b@11"]);
});

test("a set that does not come to its end makes the view of before stale", async () => {
  const { asked, mirror, request, timing, told } = await following();
  request.cut();
  (await asked()).answer(failed(410, "Expired", "too old"));
  const again = await asked();
  again.answer(change("ADDED", pod("a", "3")));
  await settled();
  timing.advance(10_000);
  await settled();
  expect(told).toEqual(["reset expired", "stale stale"]);
  expect(mirror.freshness).toMatchObject({ connection: "syncing", warnings: ["a new set is not complete"] });
  await say(again, bookmark("20", true));
  await settled();
  expect(told.slice(2)).toEqual(["synced", "fresh"]);
});

test("a server that says nothing new of its view is asked, and its word is told", async () => {
  const { mirror, server, timing, told } = await following();
  timing.advance(29_999);
  await settled();
  expect(server.requests).toHaveLength(1);
  timing.advance(1);
  const first = await server.next();
  expect(`${first.url.pathname}${first.url.search}`).toBe("/at/api/v1/pods?fieldSelector=metadata.name%3D-");
  first.respond(word({ "KRM-State": "stale", Warning: '299 krm "pods: no watch"' }));
  await settled();
  expect(told).toEqual(["stale stale"]);
  expect(mirror.freshness).toMatchObject({
    state: "stale",
    connection: "following",
    warnings: ["pods: no watch"],
    toldAt: new Date(Date.UTC(2026, 0, 1) + 30_000),
  });
  timing.advance(10_000);
  (await server.next()).respond(word());
  await settled();
  expect(told).toEqual(["stale stale", "fresh"]);
});

test("a view that hears from the cluster need not be asked about", async () => {
  const { mirror, request, server, timing } = await following();
  for (let turn = 1; turn <= 5; turn++) {
    timing.advance(20_000);
    await say(request, contact("10", `2026-01-01T00:0${turn}:30.000Z`));
    await settled();
  }
  expect(server.requests).toHaveLength(1);
  expect(mirror.freshness.lastContact).toEqual(new Date("2026-01-01T00:05:30Z"));
  timing.advance(20_000);
  // Heard of before.
  await say(request, contact("11", "2026-01-01T00:05:30.000Z"));
  timing.advance(10_000);
  await settled();
  expect(server.requests).toHaveLength(2);
});

test("a server that does not answer makes it stale before its silence ends the watch", async () => {
  const { mirror, request, server, timing, told } = await following();
  timing.advance(30_000);
  (await server.next()).refuse();
  await settled();
  expect(told).toEqual(["stale stale"]);
  expect(mirror.freshness.warnings).toEqual([expect.stringMatching(/^the server does not answer: cannot reach/)]);
  await say(request, bookmark("11"));
  await settled();
  expect(told).toEqual(["stale stale", "fresh"]);
});

test("an error that tells how the view is counts as its word", async () => {
  const { mirror, server, timing, told } = await following();
  timing.advance(30_000);
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: "gone", code: 503 };
  (await server.next()).respond(Response.json(status, { status: 503, headers: { "KRM-State": "gone" } }));
  await settled();
  expect([told, mirror.freshness.state]).toEqual([["stale gone"], "gone"]);
});

test.each([
  ["a refusal", () => Response.json({}, { status: 403 }), /^the server does not say how its view is: .*403/],
  ["an answer of something else", () => Response.json({}), /^the server does not say how its view is$/],
])("%s says nothing of the view, which is then not known to be fresh", async (_, answer, why) => {
  const { mirror, request, server, timing, told } = await following();
  timing.advance(30_000);
  (await server.next()).respond(answer());
  await settled();
  expect(told).toEqual(["stale stale"]);
  expect(mirror.freshness.warnings).toEqual([expect.stringMatching(why)]);
  await say(request, contact("10", "2026-01-01T00:01:40.000Z"));
  await settled();
  expect(told).toEqual(["stale stale", "fresh"]);
});

test("a server that does not answer stays stale when its watch is given up, until all is told again", async () => {
  const { server, timing, told } = await following();
  const refuse = async (): Promise<void> => {
    for (const request of server.requests.slice(1)) request.refuse();
    await settled();
  };
  for (let turn = 0; turn < 12; turn++) {
    timing.advance(10_000);
    await refuse();
  }
  // The watch that said nothing for 90 s is over, and another was asked for.
  expect(server.requests.filter(({ url }) => url.searchParams.has("watch")).length).toBeGreaterThan(1);
  expect(told).toEqual(["stale stale"]);
  const before = server.requests.length;
  while (server.requests.length === before) {
    timing.advance(1000);
    await settled();
  }
  const again = server.requests.at(-1);
  again?.answer();
  await settled();
  expect(told).toEqual(["stale stale"]);
  again?.send(bookmark("11"));
  await settled();
  expect(told).toEqual(["stale stale", "fresh"]);
});

test("a watch that does not tell what its server goes on hearing is no more believed", async () => {
  const { mirror, request, server, timing, told } = await following();
  await say(request, contact("10", "2026-01-01T00:01:00.000Z"));
  for (const at of ["2026-01-01T00:01:29.000Z", "2026-01-01T00:01:39.000Z"]) {
    timing.advance(at.includes(":29") ? 30_000 : 10_000);
    (await server.next()).respond(word({ "KRM-Last-Contact": at }));
    await settled();
  }
  timing.advance(9999);
  await settled();
  expect([told, mirror.freshness.state]).toEqual([[], "synced"]);
  timing.advance(1);
  await settled();
  expect(told).toEqual(["stale stale"]);
  expect(mirror.freshness.warnings).toEqual(["the watch does not tell what the server has heard since"]);
  await say(request, contact("10", "2026-01-01T00:01:50.000Z"));
  await settled();
  expect(told).toEqual(["stale stale", "fresh"]);
});

test("a contact that came too soon after the one before to be told on its own is no reason for doubt", async () => {
  const { request, server, timing, told } = await following();
  await say(request, contact("10", "2026-01-01T00:01:00.000Z"));
  for (const ms of [30_000, 10_000, 30_000]) {
    timing.advance(ms);
    (await server.next()).respond(word({ "KRM-Last-Contact": "2026-01-01T00:01:05.000Z" }));
    await settled();
  }
  timing.advance(4999);
  await settled();
  expect(told).toEqual([]);
});

test("a watch that has nothing to tell is believed until its bookmark of the minute is overdue", async () => {
  const { mirror, request, server, timing, told } = await following();
  await say(request, contact("10", "2026-01-01T00:01:00.000Z"));
  for (let turn = 0; turn < 2; turn++) {
    timing.advance(30_000);
    (await server.next()).respond(word({ "KRM-Last-Contact": "2026-01-01T00:01:00.000Z" }));
    await settled();
  }
  timing.advance(14_999);
  await settled();
  expect(told).toEqual([]);
  timing.advance(1);
  await settled();
  expect(told).toEqual(["stale stale"]);
  expect(mirror.freshness.warnings).toEqual(["the watch has told nothing for 75 s"]);
});

test("a program that stood still does not call its view fresh when it goes on", async () => {
  const { mirror, timing } = await following();
  timing.advance(40_000);
  expect(mirror.freshness).toMatchObject({
    state: "stale",
    warnings: ["nothing was heard of the server for 40 s"],
  });
});

test("a machine that slept, and whose clock slept with it, does not either", async () => {
  const timing = steppedTiming();
  let sleptMs = 0;
  const sleeping = { ...timing, wallClock: () => timing.wallClock() + sleptMs };
  const { mirror, request } = await following({}, { timing: sleeping });
  sleptMs = 3_600_000;
  expect(mirror.freshness).toMatchObject({
    state: "stale",
    warnings: ["nothing was heard of the server for 3600 s"],
    toldAt: new Date(Date.UTC(2026, 0, 1)),
  });
  await say(request, bookmark("11"));
  expect(mirror.freshness.state).toBe("synced");
});

test("a view that the server itself calls stale is so from the first set on", async () => {
  const { asked, mirror, request, told } = await following();
  request.cut();
  const again = await asked();
  const headers = { "content-type": "application/json", ...TRUSTED, "KRM-State": "forbidden" };
  const body = new ReadableStream({
    type: "bytes",
    start: (stream) => {
      stream.enqueue(new TextEncoder().encode(`${JSON.stringify(bookmark("10"))}\n`));
      again.signal.addEventListener("abort", () => stream.error(again.signal.reason));
    },
  });
  again.respond(new Response(body, { headers }));
  await settled();
  expect(told).toEqual(["stale forbidden"]);
  expect(mirror.freshness).toMatchObject({ state: "forbidden", connection: "following" });
});
