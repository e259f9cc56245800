import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { tokenFile } from "../support/token-file.ts";
import { bookmark, change, failed, pod, type WatchRequest } from "../support/watch-server.ts";
import { following, query, type Watched, watched } from "../support/watched.ts";

const refusal = (status: number): Response =>
  Response.json({ kind: "Status", message: "no", code: status }, { status });
const page = (status: number): Response => new Response("<html>", { status, headers: { "content-type": "text/html" } });

/** Lets each of the next connections end like this, and tells how long was waited before each. */
async function again({ server, timing }: Watched, times: number, end: (request: WatchRequest) => void) {
  const delays: number[] = [];
  for (let i = 0; i < times; i++) {
    delays.push(await timing.passPause());
    end(await server.next());
  }
  return delays;
}

/** What may be of something that stands in for the server. */
const DOUBTFUL: readonly (readonly [string, string, (request: WatchRequest) => void])[] = [
  ["404 as an answer", "KRM_CLIENT_NOT_FOUND", (request) => request.respond(refusal(404))],
  ["the 404 page of a gateway", "KRM_CLIENT_NOT_FOUND", (request) => request.respond(page(404))],
  ["404 in the stream", "KRM_CLIENT_NOT_FOUND", (request) => request.answer(failed(404, "NotFound", "no"))],
  ["200 and a page", "KRM_CLIENT_NOT_KRM", (request) => request.respond(page(200))],
  [
    "a line that is no JSON",
    "KRM_CLIENT_FRAME",
    (request) => {
      request.answer();
      request.raw("upstream error\n");
    },
  ],
  [
    "a line that is no event",
    "KRM_CLIENT_FRAME",
    (request) => {
      request.answer();
      request.raw('{"type":"NEW"}\n');
    },
  ],
];

describe("what may be of a gateway, or broken on the way", () => {
  test.each(DOUBTFUL)("is got over: %s, up to five times, a second apart at least", async (_, code, end) => {
    const watch = await following();
    const later = watch.next();
    watch.request.end();
    expect(await again(watch, 5, end)).toEqual([100, 1200, 1400, 1800, 2600]);
    expect(await watch.timing.passPause()).toBe(4200);
    expect(watch.retried.map(([error]) => error.code)).toEqual(Array.from({ length: 5 }, () => code));
    const request = await watch.server.next();
    expect(query(request.url)).toMatchObject({ resourceVersion: "10" });
    request.answer(bookmark("11"));
    expect(await later).toBe("bookmark 11");
  });

  test.each(DOUBTFUL)("is believed when it comes once more: %s", async (_, code, end) => {
    const watch = await following();
    const later = watch.next();
    watch.request.end();
    await again(watch, 6, end);
    await expect(later).rejects.toMatchObject({ code });
    expect(await watch.next()).toBe("done");
  });

  test("is counted anew after something new, and after another failure", async () => {
    const watch = await following();
    const gone = (request: WatchRequest): void => request.respond(refusal(404));
    const later = watch.next();
    watch.request.end();
    await again(watch, 5, gone);
    await again(watch, 1, (request) => request.respond(refusal(503)));
    await again(watch, 5, gone);
    await watch.timing.passPause();
    const good = await watch.server.next();
    good.answer(bookmark("11"));
    expect(await later).toBe("bookmark 11");
    const last = watch.next();
    good.send(failed(404, "NotFound", "no"));
    await again(watch, 4, gone);
    await watch.timing.passPause();
    (await watch.server.next()).answer(bookmark("12"));
    expect(await last).toBe("bookmark 12");
  });

  test.each([
    ["404", "KRM_CLIENT_NOT_FOUND", refusal(404)],
    ["a page", "KRM_CLIENT_NOT_KRM", page(200)],
  ])("ends a watch that the server has never answered: %s", async (_, code, response) => {
    const { server, next } = watched({ resourceVersion: "7" });
    const first = next();
    (await server.next()).respond(response);
    await expect(first).rejects.toMatchObject({ code });
  });

  test("408 is got over as often as it comes, also at the beginning", async () => {
    const watch = watched();
    const first = watch.next();
    (await watch.server.next()).respond(page(408));
    await again(watch, 8, (request) => request.respond(page(408)));
    await watch.timing.passPause();
    (await watch.server.next()).answer();
    expect(await first).toBe("reset start");
  });
});

describe("a token in a file", () => {
  const REFUSALS: readonly (readonly [string, (request: WatchRequest) => void])[] = [
    ["as an answer", (request) => request.respond(refusal(401))],
    ["in the stream", (request) => request.answer(failed(401, "Unauthorized", "no"))],
  ];

  test.each(REFUSALS)("that has run out is followed by the one that is there by now: 401 %s", async (_, refuse) => {
    const file = tokenFile("old");
    const watch = await following({}, { tokenFile: file });
    expect(watch.request.authorization).toBe("Bearer old");
    const later = watch.next();
    watch.request.end();
    await again(watch, 1, (request) => {
      writeFileSync(file, "new");
      refuse(request);
    });
    expect(await watch.timing.passPause()).toBe(200);
    const renewed = await watch.server.next();
    expect(renewed.authorization).toBe("Bearer new");
    renewed.answer(bookmark("11"));
    expect(await later).toBe("bookmark 11");
  });

  test("is taken anew also where the server has never answered", async () => {
    const file = tokenFile("old");
    const watch = watched({}, { tokenFile: file });
    const first = watch.next();
    const request = await watch.server.next();
    writeFileSync(file, "new");
    request.respond(refusal(401));
    await watch.timing.passPause();
    const renewed = await watch.server.next();
    expect(renewed.authorization).toBe("Bearer new");
    renewed.answer();
    expect(await first).toBe("reset start");
  });

  test.each(REFUSALS)("that the server does not know yet is asked with again: 401 %s", async (_, refuse) => {
    const watch = await following({}, { tokenFile: tokenFile("new") });
    const later = watch.next();
    watch.request.end();
    const delays = await again(watch, 5, refuse);
    expect(delays.slice(1).every((ms) => ms > 1000)).toBe(true);
    await watch.timing.passPause();
    (await watch.server.next()).answer(bookmark("11"));
    expect(await later).toBe("bookmark 11");
  });

  test.each(REFUSALS)("that the server still does not know ends it: 401 %s", async (_, refuse) => {
    const watch = await following({}, { tokenFile: tokenFile("new") });
    const later = watch.next();
    watch.request.end();
    await again(watch, 6, refuse);
    await expect(later).rejects.toMatchObject({ code: "KRM_CLIENT_UNAUTHORIZED" });
  });

  test("that the server did not know from the beginning ends it at once", async () => {
    const { server, next } = watched({}, { tokenFile: tokenFile("wrong") });
    const first = next();
    (await server.next()).respond(refusal(401));
    await expect(first).rejects.toMatchObject({ code: "KRM_CLIENT_UNAUTHORIZED" });
  });

  test("that is missing for a while is waited for, once the watch has begun", async () => {
    const file = tokenFile("old");
    const watch = await following({}, { tokenFile: file });
    const later = watch.next();
    rmSync(file);
    watch.request.send(failed(401, "Unauthorized", "no"));
    expect(await watch.timing.passPause()).toBe(1100);
    expect(await watch.timing.untilPaused()).toBe(1200);
    expect(watch.retried.map(([error]) => error.code)).toEqual(["KRM_CLIENT_UNAUTHORIZED", "KRM_CLIENT_TOKEN_FILE"]);
    writeFileSync(file, "new");
    await watch.timing.passPause();
    const renewed = await watch.server.next();
    expect(renewed.authorization).toBe("Bearer new");
    renewed.answer(bookmark("11"));
    expect(await later).toBe("bookmark 11");
  });

  test("that stays away ends it, and one that was never there at once", async () => {
    const file = tokenFile("old");
    const watch = await following({}, { tokenFile: file });
    const later = watch.next();
    rmSync(file);
    watch.request.end();
    for (let tries = 0; tries < 6; tries++) await watch.timing.passPause();
    await expect(later).rejects.toMatchObject({ code: "KRM_CLIENT_TOKEN_FILE" });
    await expect(watched({}, { tokenFile: file }).next()).rejects.toMatchObject({ code: "KRM_CLIENT_TOKEN_FILE" });
  });
});

describe("waits longer and longer", () => {
  test.each([
    ["is cut", (request: WatchRequest) => request.cut()],
    ["ends in good order", (request: WatchRequest) => request.end()],
  ])("where set after set %s before it is complete, however long it took; and tells of it", async (_, end) => {
    const { server, timing, next, retried } = watched();
    const delays: number[] = [];
    let pending = next();
    for (let tries = 0; tries < 7; tries++) {
      const request = await server.next();
      request.answer(change("ADDED", pod("a", "9")));
      expect([await pending, await next()]).toEqual([`reset ${tries === 0 ? "start" : "interrupted"}`, "added a@9"]);
      pending = next();
      await request.untilAwaited();
      timing.advance(15_000);
      end(request);
      delays.push(await timing.passPause());
    }
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000]);
    expect(retried.map(([error, delayMs]) => [error.code, delayMs])).toEqual(
      delays.map((ms) => ["KRM_CLIENT_CONNECTION", ms]),
    );
  });

  test("where an answer is long in coming, and does not come", async () => {
    const { server, timing, next } = watched({ resourceVersion: "7" });
    void next();
    const delays: number[] = [];
    for (let tries = 0; tries < 4; tries++) {
      const request = await server.next();
      timing.advance(15_000);
      request.refuse();
      delays.push(await timing.passPause());
    }
    expect(delays).toEqual([100, 200, 400, 800]);
  });

  test("but not after a connection that was quiet for ten seconds", async () => {
    const { server, timing, next, request } = await following();
    void next();
    request.end();
    const delays: number[] = [];
    for (const lastedMs of [9999, 9999, 10_000, 1]) {
      delays.push(await timing.passPause());
      const quiet = await server.next();
      quiet.answer();
      await quiet.untilAwaited();
      timing.advance(lastedMs);
      quiet.end();
    }
    delays.push(await timing.untilPaused());
    expect(delays).toEqual([100, 200, 400, 100, 200]);
  });
});
