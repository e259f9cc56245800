import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { V1Pod } from "@kubernetes/client-node";
import { describe, expect, test, vi } from "vitest";
import { KrmClient, type MirrorOptions } from "../../src/index.ts";
import { failure, following, mirrored, type Pod, say, shown } from "../support/mirrored.ts";
import { steppedTiming } from "../support/stepped-timing.ts";
import { bookmark, change, failed, pod, watchServer } from "../support/watch-server.ts";

describe("what a mirror shows", () => {
  test("nothing until the first set is complete, and then all of it before anything is told", async () => {
    const { mirror, server, told } = mirrored();
    const request = await server.next();
    request.answer(change("ADDED", pod("a", "3")), change("ADDED", pod("b", "4")));
    await request.untilAwaited();
    expect([mirror.size, mirror.resourceVersion, mirror.freshness.state]).toEqual([0, undefined, "syncing"]);
    expect(mirror.get("a", "team-a")).toBeUndefined();
    let sizeAtFirst: number | undefined;
    mirror.events.once("add", () => (sizeAtFirst = mirror.size));
    request.send(bookmark("10", true));
    await mirror.synced();
    expect(sizeAtFirst).toBe(2);
    expect(told).toEqual(["reset start", "add a@3", "add b@4", "synced"]);
    expect([mirror.resourceVersion, mirror.freshness.resourceVersion]).toEqual(["10", "10"]);
  });

  test("the view of before while a new set comes, and what vanished in the gap is told as such", async () => {
    const { asked, mirror, request, told } = await following();
    await say(request, change("ADDED", pod("b", "11")), change("ADDED", pod("c", "12")));
    request.cut();
    (await asked()).answer(failed(410, "Expired", "too old"));
    const again = await asked();
    again.answer(change("ADDED", pod("a", "20")), change("ADDED", pod("c", "12")));
    await again.untilAwaited();
    expect(shown(mirror)).toEqual(["a@3", "b@11", "c@12"]);
    again.cut();
    const third = await asked();
    third.answer(change("ADDED", pod("c", "12")), change("ADDED", pod("a", "20")));
    await third.untilAwaited();
    expect(shown(mirror)).toEqual(["a@3", "b@11", "c@12"]);
    told.length = 0;
    await say(third, bookmark("21", true));
    expect(told).toEqual(["delete b@11 final state unknown", "update a@3 a@20", "synced"]);
    expect(shown(mirror)).toEqual(["a@20", "c@12"]);
  });

  test("one copy: what a new set does not change stays the object that it was", async () => {
    const { asked, mirror, request } = await following();
    const before = mirror.get("a", "team-a");
    request.cut();
    (await asked()).answer(failed(410, "Expired", "too old"));
    const again = await asked();
    again.answer(change("ADDED", pod("a", "3")), bookmark("20", true));
    await again.untilAwaited();
    expect(mirror.resourceVersion).toBe("20");
    expect(mirror.get("a", "team-a")).toBe(before);
  });

  test("an object of another uid is the old one's deletion and a new one", async () => {
    const { request, told } = await following();
    const another = {
      ...pod("a", "11"),
      metadata: { name: "a", namespace: "team-a", uid: "2", resourceVersion: "11" },
    };
    await say(request, change("MODIFIED", another));
    expect(told).toEqual(["delete a@3 final state unknown", "add a@11"]);
  });

  test("what is told with a deletion is the state that the server told", async () => {
    const { mirror, next, request } = await following();
    const deleted = next("delete");
    await say(request, change("DELETED", pod("a", "11", { last: "words" })));
    expect(await deleted).toMatchObject([{ metadata: { labels: { last: "words" } } }, { finalStateUnknown: false }]);
    expect([...mirror]).toEqual([]);
  });

  test("client-node's objects by default, with dates", async () => {
    const server = watchServer();
    const client = new KrmClient({ url: "https://krm.invalid", fetch: server.fetch, timing: steppedTiming() });
    await using pods = client.mirror("pods", { namespace: "team-a" });
    (await server.next()).answer(change("ADDED", pod("a", "3")), bookmark("10", true));
    await pods.synced();
    // In the mirror's own namespace where none is named.
    expect(pods.get("a")).toBeInstanceOf(V1Pod);
    expect(pods.get("a")?.metadata?.creationTimestamp).toEqual(new Date("2025-06-01T10:00:00Z"));
    expect(pods.list({ namespace: "team-a" })).toHaveLength(1);
  });
});

describe("what is asked of it", () => {
  test.each<[MirrorOptions | object, RegExp]>([
    [{ resourceVersion: "7" }, /mirror has no option "resourceVersion"/],
    [{ namespace: ".." }, /namespace is ".."/],
    [{ as: "yaml" }, /as is "yaml"/],
  ])("%j is refused at once", (options, message) => {
    const client = new KrmClient({ url: "http://krm.invalid", fetch: watchServer().fetch });
    expect(() => client.mirror("pods", options as MirrorOptions)).toThrow(message);
  });

  test("lookups that cannot be are refused by name", async () => {
    const { client, mirror } = await following();
    expect(() => mirror.list({ name: "a" } as object)).toThrow(/list of a mirror has no option "name"/);
    expect(() => mirror.list({ labelSelector: "a>1" })).toThrow(
      /labelSelector is "a>1", of which "a>1" cannot be read/,
    );
    await using nodes = client.mirror("nodes", { as: "json" });
    expect(() => nodes.list({ node: "n1" })).toThrow(/only pods are bound to nodes/);
  });

  test("the watch asks to be told of the view's last contact, and for what was selected", async () => {
    const headers: (string | null)[] = [];
    const server = watchServer();
    const client = new KrmClient({
      url: "https://krm.invalid",
      timing: steppedTiming(),
      fetch: (input, init) => {
        headers.push(new Headers(init?.headers).get("KRM-Tell"), new Headers(init?.headers).get("accept"));
        return server.fetch(input, init);
      },
    });
    await using mirror = client.mirror("apps/v1/statefulsets", {
      labelSelector: "a=b",
      fieldSelector: "metadata.name=x",
    });
    const { url } = await server.next();
    expect(headers).toEqual(["last-contact", "application/json"]);
    expect(url.pathname).toBe("/apis/apps/v1/statefulsets");
    expect([url.searchParams.get("labelSelector"), url.searchParams.get("fieldSelector")]).toEqual([
      "a=b",
      "metadata.name=x",
    ]);
    expect(mirror.size).toBe(0);
  });
});

describe("waiting", () => {
  const a = { name: "a", namespace: "team-a" };

  test("for the mirror: at once where it is so already, else as soon as it is", async () => {
    const { mirror, request } = await following();
    expect(await mirror.waitFor(({ size }) => size)).toBe(1);
    const two = mirror.waitFor((pods) => pods.get("b", "team-a"));
    await say(request, change("ADDED", pod("b", "11")));
    expect((await two).metadata.name).toBe("b");
  });

  test("for one object, which is looked at only when it changes", async () => {
    const { mirror, request } = await following();
    const looked = vi.fn<(object: Pod | undefined) => boolean>(
      (object: Pod | undefined) => object?.metadata.labels?.["ready"] === "yes",
    );
    const ready = mirror.waitForObject(a, looked);
    await say(request, change("ADDED", pod("b", "11")), change("MODIFIED", pod("a", "12", { ready: "no" })));
    await say(request, change("MODIFIED", pod("a", "13", { ready: "yes" })));
    expect((await ready)?.metadata.resourceVersion).toBe("13");
    expect(looked).toHaveBeenCalledTimes(3);
    const gone = mirror.waitForObject(a, (object) => object === undefined);
    await say(request, change("DELETED", pod("a", "14")));
    expect(await gone).toBeUndefined();
  });

  test("for an object to be gone does not take what was never told for it", async () => {
    const { mirror, server } = mirrored();
    let isGone = false;
    const gone = mirror.waitForObject(a, (object) => object === undefined).then(() => (isGone = true));
    const request = await server.next();
    request.answer(change("ADDED", pod("b", "3")));
    await request.untilAwaited();
    expect(isGone).toBe(false);
    request.send(bookmark("10", true));
    await gone;
  });

  test("ends with a time-out that says how the mirror is, with the caller's signal, or with what a predicate throws", async () => {
    const { mirror, request, timing } = await following();
    const late = mirror.waitFor(() => false, { timeoutMs: 2000 });
    const expected = failure(late);
    timing.advance(2000);
    expect(await expected).toMatchObject({
      code: "KRM_CLIENT_TIMEOUT",
      message: "pods: what was waited for did not come within 2000 ms",
      freshness: { state: "synced" },
    });
    const reason = new Error("enough");
    const stop = new AbortController();
    const aborted = mirror.waitForObject(a, () => false, { signal: stop.signal });
    stop.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    const thrown = mirror.waitFor(({ size }) => {
      if (size > 1) throw reason;
      return false;
    });
    const caught = failure(thrown);
    await say(request, change("ADDED", pod("b", "11")));
    expect(await caught).toBe(reason);
    await expect(mirror.waitFor(() => true, { timeoutMs: 0.5 })).rejects.toThrow(/timeoutMs is 0.5/);
    await expect(mirror.synced({ timeout: 5 } as object)).rejects.toThrow(/has no option "timeout"/);
  });

  test("for one's own writes: by an event, by a bookmark, of one namespace only by what is of it", async () => {
    const { mirror, request } = await following();
    await mirror.readYourWrites("10");
    const waits = { any: "", ours: "", theirs: "" };
    const note = (name: keyof typeof waits, wait: Promise<void>): Promise<string> =>
      wait.then(() => (waits[name] = "passed"));
    const any = note("any", mirror.readYourWrites("12"));
    const ours = note("ours", mirror.readYourWrites({ metadata: { namespace: "team-a", resourceVersion: "12" } }));
    const theirs = note("theirs", mirror.readYourWrites({ metadata: { namespace: "team-b", resourceVersion: "12" } }));
    await say(request, change("ADDED", pod("b", "11")));
    expect(waits).toEqual({ any: "", ours: "", theirs: "" });
    await say(request, change("ADDED", pod("c", "100")));
    await Promise.all([any, ours]);
    expect(waits.theirs).toBe("");
    await say(request, bookmark("101"));
    await theirs;
    await expect(mirror.readYourWrites({ metadata: {} })).rejects.toMatchObject({
      code: "KRM_CLIENT_INVALID_ARGUMENT",
    });
  });

  test("for one's own writes is bounded by the client's time, unless it is told another", async () => {
    const { mirror, timing } = await following({}, { timeoutMs: 1000 });
    const late = failure(mirror.readYourWrites("11", { timeoutMs: undefined }));
    timing.advance(1000);
    expect(await late).toMatchObject({ code: "KRM_CLIENT_TIMEOUT" });
  });
});

describe("the end", () => {
  test("by closing it: whoever waits is rejected, the connection is gone, and what it holds is stale", async () => {
    const { mirror, request, told } = await following();
    const waiting = failure(mirror.waitFor(() => false));
    await mirror.close();
    expect(await waiting).toMatchObject({ name: "AbortError" });
    await mirror.closed;
    expect(request.signal.aborted).toBe(true);
    expect([mirror.size, mirror.freshness.state, mirror.freshness.connection]).toEqual([1, "stale", "ended"]);
    expect(mirror.freshness.warnings).toEqual(["the mirror was closed"]);
    await expect(mirror.synced()).rejects.toMatchObject({ name: "AbortError" });
    expect(told).toEqual([]);
  });

  test("by its signal: with the signal's reason", async () => {
    const stop = new AbortController();
    const { mirror } = await following({ signal: stop.signal });
    const reason = new Error("enough");
    const waiting = failure(mirror.waitFor(() => false));
    stop.abort(reason);
    expect(await waiting).toBe(reason);
    await mirror.closed;
  });

  test("by a refusal: told by event, to who waits, and by every freshness from then on", async () => {
    const { asked, mirror, next, request, told } = await following();
    const ended = next("error");
    const waiting = failure(mirror.waitFor(() => false));
    const closed = failure(mirror.closed);
    request.cut();
    (await asked()).answer(failed(403, "Forbidden", "no more"));
    expect(await ended).toMatchObject([{ code: "KRM_CLIENT_FORBIDDEN" }]);
    const code = "KRM_CLIENT_FORBIDDEN";
    expect(await Promise.all([waiting, closed])).toMatchObject([{ code }, { code }]);
    expect(told).toEqual(["stale failed"]);
    expect(mirror.freshness).toMatchObject({ state: "failed", connection: "ended" });
    expect(mirror.freshness.warnings.at(-1)).toMatch(/the mirror has ended: .*no more/);
    expect(shown(mirror)).toEqual(["a@3"]);
    await expect(mirror.readYourWrites("99")).rejects.toMatchObject({ status: 403 });
  });

  test("that nobody hears is an unhandled rejection", { timeout: 30_000 }, async () => {
    const index = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
    const code = `
      const { KrmClient } = await import(${JSON.stringify(index)});
      const fetch = async () => new Response("{}", { status: 403 });
      new KrmClient({ url: "http://krm.invalid", fetch }).mirror("pods", { as: "json" });
      setTimeout(() => process.exit(0), 10_000);
    `;
    const args = ["--conditions=krm-source", "--input-type=module", "--eval", code];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    expect((await once(child, "close"))[0]).toBe(1);
    expect(said).toContain("KRM_CLIENT_FORBIDDEN");
  });

  test("what a listener throws does not end it", async () => {
    const { mirror, request } = await following();
    const uncaught: unknown[] = [];
    const queued = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((task) => {
      try {
        task();
      } catch (error) {
        uncaught.push(error);
      }
    });
    const fault = new Error("of the listener");
    const faulty = (): void => {
      throw fault;
    };
    mirror.events.once("add", faulty);
    const others: string[] = [];
    mirror.events.on("add", ({ metadata }) => others.push(metadata.name));
    const removed = vi.fn<() => void>();
    mirror.events.on("add", removed);
    mirror.events.off("add", removed);
    await say(request, change("ADDED", pod("b", "11")));
    await say(request, change("ADDED", pod("c", "12")));
    queued.mockRestore();
    expect(shown(mirror)).toEqual(["a@3", "b@11", "c@12"]);
    expect(uncaught).toEqual([fault]);
    expect(others).toEqual(["b", "c"]);
    expect(removed).not.toHaveBeenCalled();
  });

  test("once it is closed nothing more is told, at whatever moment that is", async () => {
    for (let turns = 0; turns < 60; turns++) {
      const { mirror, request, told } = await following();
      await request.untilAwaited();
      request.send(change("ADDED", pod("b", "11")));
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const closing = mirror.close();
      const before = [told.length, mirror.size];
      await closing;
      expect([told.length, mirror.size]).toEqual(before);
    }
  });
});
