import { V1Pod } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { KrmClient, type WatchOptions } from "../../src/index.ts";
import { TRUSTED } from "../support/server.ts";
import { steppedTiming } from "../support/stepped-timing.ts";
import { bookmark, change, failed, pod, watchServer } from "../support/watch-server.ts";
import { following, query, watched } from "../support/watched.ts";

describe("what is asked for", () => {
  test.each([
    ["pods", {}, "/api/v1/pods"],
    ["nodes", {}, "/api/v1/nodes"],
    ["deployments", { namespace: "a" }, "/apis/apps/v1/namespaces/a/deployments"],
    ["ingresses", {}, "/apis/networking.k8s.io/v1/ingresses"],
    ["apps/v1/statefulsets", { namespace: "" }, "/apis/apps/v1/statefulsets"],
    ["v1/configmaps", { namespace: "team-1" }, "/api/v1/namespaces/team-1/configmaps"],
  ])("%s %j at %s", async (resource, options, path) => {
    const server = watchServer();
    const client = new KrmClient({ url: "http://krm.invalid/at", fetch: server.fetch, timing: steppedTiming() });
    const iterator = client.watch(resource as "pods", { as: "json", ...options })[Symbol.asyncIterator]();
    const first = iterator.next();
    const { url } = await server.next();
    expect(url.pathname).toBe(`/at${path}`);
    await iterator.return?.();
    expect(await first).toEqual({ done: true, value: undefined });
  });

  test("all that there is, in one, with selectors and bookmarks", async () => {
    const { server, next } = watched({ labelSelector: "app=web", fieldSelector: "spec.nodeName=n1" });
    void next();
    expect(query((await server.next()).url)).toEqual({
      watch: "1",
      allowWatchBookmarks: "true",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      labelSelector: "app=web",
      fieldSelector: "spec.nodeName=n1",
    });
  });

  test("what follows a version, and then there is no reset", async () => {
    const { server, next } = watched({ resourceVersion: "7" });
    const first = next();
    const request = await server.next();
    expect(query(request.url)).toEqual({ watch: "1", allowWatchBookmarks: "true", resourceVersion: "7" });
    request.answer(change("MODIFIED", pod("a", "8")), bookmark("9"));
    expect([await first, await next()]).toEqual(["modified a@8", "bookmark 9"]);
  });

  test.each([
    ["podz", {}, /resource is "podz"/],
    ["a/b/c/d", {}, /resource is "a\/b\/c\/d"/],
    ["apps/v1/", {}, /resource is "apps\/v1\/"/],
    ["v1/../pods?", {}, /resource is/],
    ["../v1/pods", {}, /resource is "..\/v1\/pods"/],
    ["apps/../pods", {}, /resource is/],
    ["v1/..", {}, /resource is "v1\/.."/],
    ["./v1/pods", {}, /resource is/],
    ["a..b/v1/pods", {}, /resource is/],
    ["apps/v1/pods.", {}, /resource is/],
    ["pods", { namespace: ".." }, /namespace is ".."/],
    ["pods", { namespace: "." }, /namespace is "."/],
    ["pods", { namespace: "a/../b" }, /namespace is/],
    ["pods", { namespace: "a b" }, /namespace is "a b"/],
    ["pods", { namespace: "Team" }, /namespace is "Team"/],
    ["pods", { namespace: "a".repeat(64) }, /namespace is/],
    ["pods", { limit: 1 }, /watch has no option "limit"/],
    ["pods", { as: "yaml" }, /as is "yaml"/],
    ["pods", { resourceVersion: "0" }, /resourceVersion is "0"/],
    ["apps/v1/statefulsets", { as: "kubernetes" }, /cannot be told as objects of client-node/],
  ])("or refused at once: %s %j", (resource, options, message) => {
    const client = new KrmClient({ url: "http://krm.invalid" });
    const call = (): unknown => client.watch(resource as "pods", options as WatchOptions);
    expect(call).toThrow(expect.objectContaining({ code: "KRM_CLIENT_INVALID_ARGUMENT" }));
    expect(call).toThrow(message);
  });
});

describe("what is told", () => {
  test("objects of client-node, with dates, unless JSON is asked for; and how far the set can be trusted", async () => {
    const server = watchServer();
    const client = new KrmClient({ url: "http://krm.invalid", fetch: server.fetch, timing: steppedTiming() });
    const events = client.watch("pods")[Symbol.asyncIterator]();
    const first = events.next();
    (await server.next()).answer(change("ADDED", pod("a", "3")), bookmark("10", true));
    expect((await first).value).toEqual({ type: "reset", reason: "start" });
    const added: unknown = (await events.next()).value;
    expect(added).toMatchObject({ type: "added", resourceVersion: "3" });
    const { object } = added as { object: V1Pod };
    expect(object).toBeInstanceOf(V1Pod);
    expect(object.kind).toBe("Pod");
    expect(object.metadata?.creationTimestamp).toEqual(new Date("2025-06-01T10:00:00Z"));
    expect((await events.next()).value).toMatchObject({
      type: "synced",
      resourceVersion: "10",
      freshness: { state: "synced", verifiedResourceVersion: "90" },
    });
    await events.return?.();
  });

  test("frames that come in pieces, and several at once", async () => {
    const { next, request } = await following();
    const line = `${JSON.stringify(change("ADDED", pod("é", "11")))}\n`;
    const all = new TextEncoder().encode(line + line.replace("é", "漢"));
    const first = next();
    for (let at = 0; at < all.length; at += 7) request.raw(all.subarray(at, at + 7));
    expect([await first, await next()]).toEqual(["added é@11", "added 漢@11"]);
  });

  test("a bookmark within the set is not passed on: it would promise what is still to come", async () => {
    const { server, next } = watched();
    const first = next();
    (await server.next()).answer(bookmark("5"), change("ADDED", pod("a", "3")), bookmark("10", true), bookmark("11"));
    expect([await first, await next(), await next(), await next()]).toEqual([
      "reset start",
      "added a@3",
      "synced 10",
      "bookmark 11",
    ]);
  });

  test("nothing is read that nobody asks for", async () => {
    const { next, request } = await following();
    const { pulls } = request;
    request.send(...Array.from({ length: 50 }, (_, i) => change("MODIFIED", pod("a", String(11 + i)))));
    expect(await next()).toBe("modified a@11");
    expect(request.pulls).toBe(pulls);
    expect(await next()).toBe("modified a@12");
  });
});

describe("goes on after", () => {
  test.each([
    ["the connection broke", (request: { cut(): void }) => request.cut()],
    ["the server ended it", (request: { end(): void }) => request.end()],
    [
      "half a line",
      (request: { raw(text: string): void; end(): void }) => {
        request.raw('{"type":"ADDED"');
        request.end();
      },
    ],
    ["500 in it", (request: { send(frame: object): void }) => request.send(failed(500, "InternalError", "oops"))],
  ])("%s, from the newest event or bookmark", async (_, happen) => {
    const { server, timing, next, request } = await following();
    request.send(change("MODIFIED", pod("a", "11")), bookmark("12"));
    expect([await next(), await next()]).toEqual(["modified a@11", "bookmark 12"]);
    const later = next();
    happen(request);
    expect(await timing.untilPaused()).toBe(100);
    expect(request.signal.aborted).toBe(true);
    timing.advance(100);
    const again = await server.next();
    expect(query(again.url)).toMatchObject({ resourceVersion: "12" });
    again.answer(change("DELETED", pod("a", "13")));
    expect(await later).toBe("deleted a@13");
  });

  test.each([429, 500, 503, 504])("%i, as often as it comes, waiting longer, and as the server asks", async (code) => {
    const { server, timing, next, request, retried } = await following();
    const later = next();
    request.end();
    const delays: number[] = [];
    for (let tries = 0; tries < 10; tries++) {
      delays.push(await timing.passPause());
      const headers = { "retry-after": "2" };
      (await server.next()).respond(
        Response.json({ kind: "Status", message: "wait", code }, { status: code, headers }),
      );
    }
    expect(delays).toEqual([100, 2200, 2400, 2800, 3600, 5200, 7000, 7000, 7000, 7000]);
    expect(retried.map(([error, ms]) => [error.status, ms]).slice(0, 2)).toEqual([
      [code, 2200],
      [code, 2400],
    ]);
    await timing.passPause();
    (await server.next()).answer(bookmark("11"));
    expect(await later).toBe("bookmark 11");
  });

  test.each([
    ["a month", "2592000"],
    ["more than a number holds", "9".repeat(400)],
    ["a date far away", "Fri, 31 Dec 9999 23:59:59 GMT"],
  ])("an hour, where the server asks to wait for %s", async (_, retryAfter) => {
    const paused = Promise.withResolvers<number>();
    const { server, next } = watched({ onRetry: (_error, delayMs) => paused.resolve(delayMs) });
    void next();
    const headers = { "retry-after": retryAfter };
    (await server.next()).respond(
      Response.json({ kind: "Status", message: "wait", code: 503 }, { status: 503, headers }),
    );
    expect(await paused.promise).toBe(3_600_100);
  });

  test.each([-5, "soon", null])("a wait of the client's own, where a frame asks for one of %j", async (seconds) => {
    const { timing, next, request } = await following();
    void next();
    request.send(failed(503, "ServiceUnavailable", "wait", seconds as number));
    expect(await timing.untilPaused()).toBe(100);
  });

  test("a server that is not there, also at the beginning", async () => {
    const { server, timing, next, retried } = watched();
    const first = next();
    (await server.next()).refuse();
    await timing.passPause();
    expect(retried[0]?.[0]).toMatchObject({ code: "KRM_CLIENT_CONNECTION" });
    (await server.next()).answer();
    expect(await first).toBe("reset start");
  });

  test("a connection that lasted, without waiting as after those before it", async () => {
    const { server, timing, next, request } = await following();
    const later = next();
    request.cut();
    await timing.passPause();
    (await server.next()).refuse();
    await timing.passPause();
    const good = await server.next();
    good.answer(bookmark("11"));
    expect(await later).toBe("bookmark 11");
    const last = next();
    timing.advance(1000);
    good.cut();
    expect(await timing.passPause()).toBe(100);
    (await server.next()).answer(bookmark("12"));
    expect(await last).toBe("bookmark 12");
  });
});

describe("begins anew", () => {
  test.each([
    ["in the stream", (request: { answer(frame: object): void }) => request.answer(failed(410, "Expired", "too old"))],
    [
      "as an answer",
      (request: { respond(response: Response): void }) =>
        request.respond(Response.json({ kind: "Status", message: "too old", code: 410 }, { status: 410 })),
    ],
  ])("after 410, %s", async (_, refuse) => {
    const { server, timing, next, request } = await following();
    const later = next();
    request.end();
    await timing.passPause();
    refuse(await server.next());
    await timing.passPause();
    const anew = await server.next();
    expect(query(anew.url)).toMatchObject({ sendInitialEvents: "true" });
    anew.answer(change("ADDED", pod("b", "5")), bookmark("20", true));
    expect([await later, await next(), await next()]).toEqual(["reset expired", "added b@5", "synced 20"]);
  });

  test("when the connection broke within the set, which has no order", async () => {
    const { server, timing, next } = watched();
    const first = next();
    const request = await server.next();
    request.answer(change("ADDED", pod("a", "9")));
    expect([await first, await next()]).toEqual(["reset start", "added a@9"]);
    const later = next();
    request.cut();
    await timing.passPause();
    const anew = await server.next();
    expect(query(anew.url)).toMatchObject({ sendInitialEvents: "true" });
    anew.answer(bookmark("10", true));
    expect([await later, await next()]).toEqual(["reset interrupted", "synced 10"]);
  });

  test("after two connections in a row that say nothing of what follows", async () => {
    const { server, timing, next, request, retried } = await following();
    const later = next();
    await request.untilAwaited();
    timing.advance(90_000);
    await timing.passPause();
    expect(request.signal.aborted).toBe(true);
    expect(String(retried[0]?.[0])).toContain("nothing came for 90 s");
    // This one had spoken before: it may just have been cut off.
    for (let silent = 0; silent < 2; silent++) {
      const again = await server.next();
      expect(query(again.url)).toMatchObject({ resourceVersion: "10" });
      again.answer();
      await again.untilAwaited();
      timing.advance(90_000);
      await timing.passPause();
    }
    (await server.next()).answer();
    expect(await later).toBe("reset silent");
  });
});

describe("dead connections", () => {
  test("also one that does not begin to answer", async () => {
    const { server, timing, next, retried } = watched();
    const first = next();
    const request = await server.next();
    timing.advance(90_000);
    await timing.passPause();
    expect(retried).toHaveLength(1);
    expect(request.signal.aborted).toBe(true);
    (await server.next()).answer();
    expect(await first).toBe("reset start");
  });

  test("not one that brings something in time, nor one that nobody reads", async () => {
    const { timing, next, request } = await following();
    for (const version of ["11", "12"]) {
      const later = next();
      await request.untilAwaited();
      timing.advance(60_000);
      request.send(bookmark(version));
      expect(await later).toBe(`bookmark ${version}`);
    }
    timing.advance(600_000);
    const later = next();
    await request.untilAwaited();
    expect(request.signal.aborted).toBe(false);
    request.send(bookmark("13"));
    expect(await later).toBe("bookmark 13");
  });
});

describe("ends", () => {
  test("as told also where what sends requests does not end them", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const { events, server } = watched({ signal: stop.signal });
    const first = events.next();
    const cancelled = Promise.withResolvers<unknown>();
    const body = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve("cancelled") });
    (await server.next()).respond(new Response(body, { headers: { "content-type": "application/json", ...TRUSTED } }));
    expect(await first).toMatchObject({ value: { type: "reset" } });
    const next = events.next();
    stop.abort(reason);
    await expect(next).rejects.toBe(reason);
    expect(await cancelled.promise).toBe("cancelled");
  });

  test.each([
    [400, "KRM_CLIENT_BAD_REQUEST"],
    [401, "KRM_CLIENT_UNAUTHORIZED"],
    [403, "KRM_CLIENT_FORBIDDEN"],
    [405, "KRM_CLIENT_STATUS"],
  ])("with %i: %s, as an answer and in the stream", async (status, code) => {
    const { server, timing, next, request } = await following();
    const later = next();
    request.cut();
    await timing.passPause();
    const again = await server.next();
    again.respond(Response.json({ kind: "Status", message: "no", code: status }, { status }));
    await expect(later).rejects.toMatchObject({ code, status, message: `${again.url.href}: no` });
    expect(await next()).toBe("done");

    const other = await following();
    const last = other.next();
    other.request.send(failed(status, "No", "no"));
    await expect(last).rejects.toMatchObject({ code, status });
    expect(other.request.signal.aborted).toBe(true);
  });

  test.each([
    ["no JSON", new Response("<html>", { headers: { "content-type": "text/html", "KRM-State": "synced" } })],
    ["no trust headers", new Response("", { headers: { "content-type": "application/json" } })],
  ])("where the answer does not come from KRM: %s", async (_, response) => {
    const { server, next } = watched();
    const first = next();
    (await server.next()).respond(response);
    await expect(first).rejects.toMatchObject({ code: "KRM_CLIENT_NOT_KRM" });
  });

  test("with the reason of its signal: before it begins, while it waits, and between two events", async () => {
    const reason = new Error("not needed any more");
    const before = watched({ signal: AbortSignal.abort(reason) });
    await expect(before.next()).rejects.toBe(reason);
    expect(before.server.requests).toHaveLength(0);

    const waiting = new AbortController();
    const one = await following({ signal: waiting.signal });
    const later = one.next();
    waiting.abort(reason);
    await expect(later).rejects.toBe(reason);
    expect(one.request.signal.aborted).toBe(true);

    const between = new AbortController();
    const two = await following({ signal: between.signal });
    two.request.send(change("MODIFIED", pod("a", "11")), change("MODIFIED", pod("a", "12")));
    expect(await two.next()).toBe("modified a@11");
    between.abort(reason);
    await expect(two.next()).rejects.toBe(reason);

    const retrying = new AbortController();
    const three = await following({ signal: retrying.signal });
    const never = three.next();
    three.request.cut();
    await three.timing.untilPaused();
    retrying.abort(reason);
    await expect(never).rejects.toBe(reason);
  });

  test("when the loop is left, also while it waits for the server", async () => {
    const { events, request, next } = await following();
    await events.return?.();
    expect(request.signal.aborted).toBe(true);
    expect(await next()).toBe("done");

    const other = await following();
    const later = other.next();
    await other.events.return?.();
    expect(await later).toBe("done");
    expect(other.request.signal.aborted).toBe(true);
  });
});

test("each iteration is a watch of its own", async () => {
  const server = watchServer();
  const client = new KrmClient({ url: "http://krm.invalid", fetch: server.fetch, timing: steppedTiming() });
  const pods = client.watch("pods", { as: "json" });
  for (let round = 0; round < 2; round++) {
    const iterator = pods[Symbol.asyncIterator]();
    const first = iterator.next();
    (await server.next()).answer();
    expect((await first).value).toEqual({ type: "reset", reason: "start" });
    await iterator.return?.();
  }
});
