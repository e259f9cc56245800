import { describe, expect, test } from "vitest";
import { KrmClient, KrmClientError } from "../src/index.ts";
import { manualTiming } from "./support/manual-timing.ts";
import { cut, failure, json, list, serve, silence, TRUSTED } from "./support/server.ts";

const pods = list("PodList", []);

describe("asking again", () => {
  test.each([
    ["408", failure(408, "too slow")],
    ["429", failure(429, "slow down")],
    ["503", failure(503, "syncing", { cause: "ViewSyncing" })],
    ["a cut connection", cut],
  ])("after %s", async (_, first) => {
    const { url, received } = await serve(first, pods);
    const timing = manualTiming();
    await new KrmClient({ url, timing }).getPods({ as: "json" });
    expect(received).toHaveLength(2);
    expect(timing.sleeps).toEqual([100]);
  });

  test("waits longer each time, and gives the last error in the end", async () => {
    const { url, received } = await serve(failure(503, "syncing", { cause: "ViewSyncing" }));
    const timing = manualTiming(0.999);
    const call = new KrmClient({ url, timing }).getPods();
    await expect(call).rejects.toMatchObject({ code: "KRM_CLIENT_SYNCING", status: 503 });
    expect(received).toHaveLength(4);
    expect(timing.sleeps).toEqual([200, 400, 800]);
  });

  test.each([
    ["seconds", { "retry-after": "2" }],
    ["a date", { "retry-after": new Date(Date.UTC(2026, 0, 1) + 2000).toUTCString() }],
  ])("waits as the server asks, in %s", async (_, headers) => {
    const { url } = await serve(failure(429, "slow down", { headers }), pods);
    const timing = manualTiming();
    await new KrmClient({ url, timing }).getPods({ as: "json" });
    expect(timing.sleeps).toEqual([2100]);
  });

  test("does not wait where the server asks for longer than the call may take", async () => {
    const { url, received } = await serve(failure(429, "slow down", { headers: { "retry-after": "60" } }));
    const timing = manualTiming();
    const call = new KrmClient({ url, timing, timeoutMs: 30_000 }).getPods();
    await expect(call).rejects.toMatchObject({ status: 429, retryAfter: 60 });
    expect(received).toHaveLength(1);
    expect(timing.sleeps).toEqual([]);
  });

  test.each([
    [400, "BadRequest", "KRM_CLIENT_BAD_REQUEST"],
    [401, undefined, "KRM_CLIENT_UNAUTHORIZED"],
    [403, undefined, "KRM_CLIENT_FORBIDDEN"],
    [404, "ResourceNotWatched", "KRM_CLIENT_NOT_FOUND"],
    [410, undefined, "KRM_CLIENT_EXPIRED"],
    [500, undefined, "KRM_CLIENT_STATUS"],
    [503, "ViewUnavailable", "KRM_CLIENT_STATUS"],
    [504, "ViewTooStale", "KRM_CLIENT_TOO_STALE"],
    [504, "ResourceVersionTooLarge", "KRM_CLIENT_TOO_STALE"],
    [504, undefined, "KRM_CLIENT_STATUS"],
  ])("helps nothing after %i %s: %s", async (status, cause, code) => {
    const { url, received } = await serve(failure(status, "it is so", cause === undefined ? {} : { cause }));
    const call = new KrmClient({ url, timing: manualTiming() }).getPods();
    const error = await call.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KrmClientError);
    expect(error).toMatchObject({ code, status, url: `${url}/pods`, message: `${url}/pods: it is so` });
    expect(received).toHaveLength(1);
  });

  test("after a 504 is left to the caller, who is told when, and how far the view can be trusted", async () => {
    const headers = { "retry-after": "1", ...TRUSTED, "KRM-State": "stale", Warning: '299 krm "pods: stale"' };
    const { url, received } = await serve(failure(504, "Timeout: too old", { cause: "ViewTooStale", headers }));
    const error = await new KrmClient({ url, timing: manualTiming() }).getPods().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "KRM_CLIENT_TOO_STALE", retryAfter: 1 });
    expect((error as KrmClientError).freshness).toEqual({
      state: "stale",
      verifiedAt: new Date("2026-01-01T00:00:00Z"),
      verifiedResourceVersion: "90",
      streamedThrough: "101",
      lastContact: new Date("2026-01-01T00:01:00Z"),
      warnings: ["pods: stale"],
    });
    expect(received).toHaveLength(1);
  });

  test("is not done with retries: 0", async () => {
    const { url, received } = await serve(cut);
    const call = new KrmClient({ url, retries: 0 }).getPods();
    await expect(call).rejects.toMatchObject({ code: "KRM_CLIENT_CONNECTION" });
    expect(received).toHaveLength(1);
  });
});

describe("ends", () => {
  test("when its signal aborts, with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("not needed any more");
    const { url } = await serve(() => controller.abort(reason));
    await expect(new KrmClient({ url }).getPods({ signal: controller.signal })).rejects.toBe(reason);
  });

  test("before it asks, when the signal has aborted", async () => {
    const { url, received } = await serve(pods);
    const reason = new Error("never mind");
    await expect(new KrmClient({ url }).getPods({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(received).toHaveLength(0);
  });

  test("when its time is over", async () => {
    const timing = manualTiming();
    const { url } = await serve((...args) => {
      silence(...args);
      timing.expire();
    });
    const call = new KrmClient({ url, timing }).getPods({ timeoutMs: 1234 });
    await expect(call).rejects.toMatchObject({
      code: "KRM_CLIENT_TIMEOUT",
      message: `no answer from ${url}/pods within 1234 ms`,
    });
  });

  test("with what it had got before, when its time is over while it waits", async () => {
    const timing = manualTiming();
    const { url } = await serve(failure(503, "syncing", { cause: "ViewSyncing" }), () => timing.expire());
    const error = await new KrmClient({ url, timing }).getPods().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "KRM_CLIENT_TIMEOUT", cause: { code: "KRM_CLIENT_SYNCING" } });
  });
});

describe("what does not come from KRM is refused", () => {
  test.each([
    ["no JSON", (_: unknown, response: { end(text: string): void }) => response.end("<html>")],
    ["a list without trust headers", list("PodList", [], {})],
    ["a state that this version does not know", list("PodList", [], { "KRM-State": "wonderful" })],
    ["JSON that is no list", json(200, { items: 1 }, { "KRM-State": "synced" })],
    ["null", json(200, null, { "KRM-State": "synced" })],
  ])("%s", async (_, answer) => {
    const { url } = await serve(answer);
    await expect(new KrmClient({ url }).getPods()).rejects.toMatchObject({ code: "KRM_CLIENT_NOT_KRM" });
  });

  test("a status that is none", async () => {
    const { url } = await serve(json(200, {}));
    await expect(new KrmClient({ url }).status()).rejects.toMatchObject({ code: "KRM_CLIENT_NOT_KRM" });
  });

  test("a redirect is not followed", async () => {
    const { url, received } = await serve((_, response) => {
      response.writeHead(302, { location: "/elsewhere" });
      response.end();
    });
    await expect(new KrmClient({ url }).getPods()).rejects.toMatchObject({ code: "KRM_CLIENT_STATUS", status: 302 });
    expect(received).toHaveLength(1);
  });
});

test.each([
  [
    "a page of something else",
    undefined,
    "check that the url names a KRM server of this version, with the path where it is mounted",
  ],
  ["a resource that is not watched", "ResourceNotWatched", "check the name; the server's status lists what is watched"],
])("a 404 of %s says what to do", async (_, cause, hint) => {
  const { url } = await serve(
    cause === undefined
      ? (_request, response) => {
          response.writeHead(404, { "content-type": "text/html" });
          response.end("<html>");
        }
      : failure(404, "it is so", { cause }),
  );
  await expect(new KrmClient({ url }).list("pods")).rejects.toMatchObject({
    code: "KRM_CLIENT_NOT_FOUND",
    message: expect.stringMatching(`^${url}/pods: `) as string,
    hint,
  });
});

test("a server that is not there is named, with the reason", async () => {
  // Port 1 of loopback: nothing listens there.
  const error = await new KrmClient({ url: "http://127.0.0.1:1", retries: 0 }).getPods().catch((e: unknown) => e);
  expect(error).toMatchObject({ code: "KRM_CLIENT_CONNECTION", url: "http://127.0.0.1:1/pods" });
  expect((error as Error).message).toMatch(/^cannot reach http:\/\/127\.0\.0\.1:1\/pods: ./);
});
