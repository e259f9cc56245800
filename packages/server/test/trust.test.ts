import type { LightMyRequestResponse } from "fastify";
import { describe, expect, it } from "vitest";
import { KrmError, MemoryStore, NODES, PODS, type RolePhase, type ScopeStore, type Store } from "@krm/core";
import { parseFreshness } from "@krm/protocol";
import { failure, names, type TestApp, testApp } from "./support/app.ts";
import {
  blocked,
  fill,
  MERGER_REPORT,
  metaAt,
  pod,
  START,
  streamerReport,
  VERIFIER_REPORT,
  writer,
} from "./support/fixtures.ts";

const ALL = { resource: PODS };

describe("trust headers", () => {
  it("tell of a synced view all that is known", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })], metaAt("100", { horizon: "90" }));
    const response = await test.get("/pods");
    expect(parseFreshness(response.headers as Record<string, string>)).toEqual({
      state: "synced",
      verifiedAt: new Date(START - 60_000),
      verifiedResourceVersion: "90",
      streamedThrough: "100",
      lastContact: new Date(START),
      warnings: [],
    });
    expect(response.headers["cache-control"]).toBe("no-cache, private");
    expect(response.headers["x-content-type-options"]).toBe("nosniff");
    expect(response.headers["vary"]).toBeUndefined();
  });

  it("tell of a stale view how old it is, and warn", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    await writer(test.store, ALL).report("streamer", {
      ...streamerReport(),
      state: {
        phase: "backing-off",
        since: START,
        until: START + 5000,
        attempt: 3,
        error: {
          code: "KRM_CONNECTION",
          message: "connect ECONNREFUSED 10.0.0.1:6443",
          hint: undefined,
          status: undefined,
        },
      },
    });
    await test.clock.advance(95_000);
    const response = await test.get("/pods");
    expect(names(response)).toEqual(["a"]);
    expect(response.headers["krm-state"]).toBe("stale");
    expect(warnings(response)).toEqual(["pods: stale, last contact with the API server 1m35s ago (KRM_CONNECTION)"]);
  });

  it("tell of a view whose monitor is no more, though its last word was of a healthy watch", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    await test.clock.advance(11_000);
    expect((await test.get("/pods")).headers["krm-state"]).toBe("synced");
    await writer(test.store, ALL)[Symbol.asyncDispose]();
    const response = await test.get("/pods");
    expect(response.headers["krm-state"]).toBe("stale");
    expect(warnings(response)).toEqual(["pods: stale, last contact with the API server 11s ago"]);
  });

  it("tell of a view that the API server no longer lets KRM follow", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    await writer(test.store, ALL).report("streamer", streamerReport({ state: blocked("forbidden", 403) }));
    const response = await test.get("/pods");
    expect(names(response)).toEqual(["a"]);
    expect(response.headers["krm-state"]).toBe("forbidden");
    expect(warnings(response)).toEqual([
      "pods: the API server refuses KRM's credentials (403); this is the last view, verified 1m ago",
    ]);
  });

  it("tell of a list that no watch follows", async () => {
    await using test = testApp();
    await fill(
      test.store,
      ALL,
      [pod({ name: "a" })],
      metaAt("100", { snapshotOnly: true, streamedThrough: undefined }),
    );
    const response = await test.get("/pods");
    expect(response.headers["krm-state"]).toBe("snapshot-only");
    expect(response.headers["krm-streamed-through"]).toBeUndefined();
    expect(warnings(response)).toEqual(["pods: not followed by a watch, this is the list of 1m ago"]);
  });

  it("warn where verification fails or has ended, though the watch runs", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    const verifier = async (state: RolePhase): Promise<readonly string[]> => {
      await writer(test.store, ALL).report("verifier", { ...VERIFIER_REPORT, state });
      const response = await test.get("/pods");
      expect(response.headers["krm-state"]).toBe("synced");
      return warnings(response);
    };
    const error = { code: "KRM_CONNECTION", message: "at 10.0.0.1", hint: undefined, status: undefined } as const;
    const failing = { phase: "backing-off", since: START, until: START + 1, error } as const;
    expect(await verifier({ phase: "waiting", since: START, until: START })).toEqual([]);
    expect(await verifier({ ...failing, attempt: 1 })).toEqual([]);
    expect(await verifier({ ...failing, attempt: 2 })).toEqual([
      "pods: verification fails, last verified 1m ago (KRM_CONNECTION)",
    ]);
    expect(await verifier(blocked("forbidden", 403))).toEqual([
      "pods: verification fails, last verified 1m ago (KRM_API_STATUS)",
    ]);
    expect(await verifier({ phase: "listing", since: START })).toEqual([]);
    await (await writer(test.store, ALL).lease("verifier"))[Symbol.asyncDispose]();
    expect(warnings(await test.get("/pods"))).toEqual(["pods: nobody verifies it now, last verified 1m ago"]);
  });

  it.each([
    ["/pods?limit=x", 400],
    ["/pods?nix=1", 400],
    ["/pods?labelSelector=a+in+b", 400],
    ["/pods?continue=nonsense", 400],
    ["/pods?resourceVersionMatch=Exact", 422],
    ["/pods?resourceVersion=1&resourceVersionMatch=Exact", 410],
  ])("stand on errors too: %s", async (url, code) => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    const response = await test.get(url);
    expect(failure(response).code).toBe(code);
    const { headers } = await test.get("/pods");
    for (const name of ["state", "verified-at", "verified-resource-version", "streamed-through", "last-contact"]) {
      expect([name, response.headers[`krm-${name}`]]).toEqual([name, headers[`krm-${name}`]]);
      expect(response.headers[`krm-${name}`]).toBeDefined();
    }
  });

  it("are not on errors about what nobody watches", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS, namespace: "a" }, []);
    for (const url of ["/pods?namespace=b", "/nodes"]) {
      const response = await test.get(url);
      expect([response.statusCode, response.headers["krm-state"]]).toEqual([404, undefined]);
    }
  });

  it("do not stand in the way of an error where the view cannot be looked at", async () => {
    await using inner = new MemoryStore();
    await fill(inner, ALL, []);
    const broken = new Proxy(inner.scope(ALL), {
      get: (target, name) =>
        name === "meta" || name === "reports"
          ? async () => Promise.reject(new KrmError("KRM_STORE_FAILED", "gone"))
          : target[name as "read"].bind(target),
    });
    await using test = testApp({ store: { ...withoutFeed(inner), scope: () => broken } });
    expect(failure(await test.get("/pods?limit=x"))).toMatchObject({ code: 400 });
  });

  it("of a union are the worst and the oldest", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS, namespace: "a" }, [], metaAt("100", { verifiedAt: START - 5000 }));
    const old = { verifiedAt: START - 9000, lastContact: START - 200_000 };
    await fill(test.store, { resource: PODS, namespace: "b" }, [], metaAt("99", old));
    const response = await test.get("/pods");
    expect(parseFreshness(response.headers as Record<string, string>)).toMatchObject({
      state: "stale",
      verifiedAt: new Date(START - 9000),
      verifiedResourceVersion: "99",
      streamedThrough: "99",
      lastContact: new Date(START - 200_000),
    });
    expect(warnings(response)).toEqual([
      "pods in namespace b: stale, last contact with the API server 3m20s ago",
      "pods: only those in the 2 namespaces in which they are watched here",
    ]);
    expect(warnings(await test.get("/pods?namespace=a"))).toEqual([]);
  });
});

describe("the versions of a union", () => {
  it("that cannot be ordered are not passed off as the oldest", async () => {
    await using test = testApp();
    for (const [namespace, version] of [
      ["a", "v-one"],
      ["b", "v-two"],
    ] as const) {
      await fill(test.store, { resource: PODS, namespace }, [], metaAt(version, { snapshotOnly: true }));
    }
    expect((await test.get("/pods")).headers["krm-verified-resource-version"]).toBeUndefined();
    expect((await test.get("/pods?namespace=b")).headers["krm-verified-resource-version"]).toBe("v-two");
  });
});

describe("a monitor that cannot write", () => {
  it("leaves the last view, as failed", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    const error = { code: "KRM_STORE_FAILED", message: "disk full", hint: undefined, status: undefined } as const;
    await writer(test.store, ALL).report("merger", { ...MERGER_REPORT, failing: { since: START - 20_000, error } });
    const response = await test.get("/pods");
    expect(names(response)).toEqual(["a"]);
    expect(response.headers["krm-state"]).toBe("failed");
    expect(warnings(response)).toEqual([
      "pods: the monitor cannot keep the view up to date (KRM_STORE_FAILED); this is the last view, verified 1m ago",
    ]);
  });
});

describe("warnings", () => {
  it("of a great many scopes are summed up", async () => {
    await using test = testApp();
    for (let index = 0; index < 30; index += 1) {
      await fill(test.store, { resource: PODS, namespace: `n${index}` }, []);
    }
    await test.clock.advance(200_000);
    const told = warnings(await test.get("/pods"));
    expect(told).toHaveLength(10);
    expect(told.at(-2)).toBe("and 22 more; see /status");
    expect(told.at(-1)).toBe("pods: only those in the 30 namespaces in which they are watched here");
  });
});

describe("a view that is not there", () => {
  it("is a 503 that says how far the first list is", async () => {
    await using test = testApp();
    await writer(test.store, ALL).report("streamer", {
      ...streamerReport({ state: { phase: "listing", since: START } }),
      progress: { pages: 2, objects: 1000, bytes: 5_000_000, expected: 10_008 },
    });
    const response = await test.get("/pods");
    expect(failure(response)).toEqual({
      code: 503,
      reason: "ServiceUnavailable",
      message: "the first list of pods is not complete yet: 1000 of 10008 objects so far",
      causes: ["ViewSyncing"],
    });
    expect(response.headers["krm-state"]).toBe("syncing");
    expect(response.headers["retry-after"]).toBe("1");
    expect(warnings(response)).toEqual([]);
  });

  it("is a 503 before anything is written, where the scope is expected", async () => {
    await using test = testApp({ scopes: [ALL, { resource: NODES }] });
    expect(failure(await test.get("/pods"))).toMatchObject({ code: 503, causes: ["ViewSyncing"] });
    expect(failure(await test.get("/services")).message).toContain("watched resources: nodes, pods");
  });

  it("is a 503 that says why, where waiting will not help", async () => {
    await using test = testApp();
    await writer(test.store, ALL).report("streamer", streamerReport({ state: blocked("gone", 404) }));
    const response = await test.get("/pods");
    expect(failure(response)).toMatchObject({
      code: 503,
      message: "pods: the API server does not serve the resource (404)",
      causes: ["ViewUnavailable"],
    });
    expect(response.headers["krm-state"]).toBe("gone");
  });

  it("in one namespace leaves the others readable, and says what is missing", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS, namespace: "a" }, [pod({ name: "x", namespace: "a" })]);
    const refused = { resource: PODS, namespace: "b" };
    await writer(test.store, refused).report("streamer", streamerReport({ state: blocked("forbidden", 403) }));
    const response = await test.get("/pods");
    expect(names(response)).toEqual(["x"]);
    expect(response.headers["krm-state"]).toBe("forbidden");
    expect(response.headers["krm-verified-at"]).toBeUndefined();
    expect(warnings(response)).toEqual([
      "pods in namespace b: missing from this answer: the API server refuses KRM's credentials (403)",
      "pods: only those in the 2 namespaces in which they are watched here",
    ]);
    expect(failure(await test.get("/pods?namespace=b"))).toMatchObject({ code: 503, causes: ["ViewUnavailable"] });
    expect(failure(await waited(test, "/pods?maxStaleness=1h"))).toMatchObject({ code: 504, causes: ["ViewTooStale"] });
  });

  it("in one namespace that syncs holds the whole back", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS, namespace: "a" }, []);
    await writer(test.store, { resource: PODS, namespace: "b" }).report("streamer", streamerReport());
    expect(failure(await test.get("/pods"))).toMatchObject({ code: 503, causes: ["ViewSyncing"] });
    expect((await test.get("/pods?namespace=a")).statusCode).toBe(200);
  });

  it("because the store fails is a 503 without its inside", async () => {
    const test = testApp();
    await test.store[Symbol.asyncDispose]();
    const answer = failure(await test.get("/pods"));
    expect(answer).toMatchObject({ code: 503, message: "the store cannot be read (KRM_STORE_CLOSED)" });
    await test.app.close();
  });
});

describe("resourceVersion", () => {
  it.each([
    "/pods?resourceVersion=0",
    "/pods?resourceVersion=100",
    "/pods?resourceVersion=99&resourceVersionMatch=NotOlderThan",
    "/pods?resourceVersion=100&resourceVersionMatch=Exact",
  ])("is met by %s at version 100", async (url) => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    expect(names(await test.get(url))).toEqual(["a"]);
  });

  it("is compared as a number of any length", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })], metaAt("9007199254740993"));
    expect((await test.get("/pods?resourceVersion=9007199254740992")).statusCode).toBe(200);
    expect((await test.get("/pods?resourceVersion=999999999")).statusCode).toBe(200);
    expect(failure(await waited(test, "/pods?resourceVersion=9007199254740994")).code).toBe(504);
  });

  it("ahead of the view is waited for", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    const answer = test.get("/pods?resourceVersion=101");
    await test.clock.untilSleeping();
    await fill(test.store, ALL, [pod({ name: "b", version: "101" })], metaAt("101"));
    expect(names(await answer)).toEqual(["b"]);
    expect(test.clock.pending).toBe(0);
  });

  it("that comes with a bookmark, without a change, is seen too", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    const answer = test.get("/pods?resourceVersion=105&resourceVersionMatch=NotOlderThan");
    await test.clock.untilSleeping();
    await writer(test.store, ALL).commit({ changes: [], meta: metaAt("105") });
    expect((await answer).json<{ metadata: object }>().metadata).toEqual({ resourceVersion: "105" });
  });

  it("that comes without a word of the feed is seen all the same", async () => {
    await using inner = new MemoryStore();
    await fill(inner, ALL, [pod({ name: "a" })]);
    await using test = testApp({ store: withoutFeed(inner) });
    const answer = test.get("/pods?resourceVersion=105");
    await test.clock.untilSleeping();
    await fill(inner, ALL, [pod({ name: "b" })], metaAt("105"));
    await test.clock.advance(1000);
    expect(names(await answer)).toEqual(["b"]);
  });

  it("reached, and lost again by a new history before the objects are read, is not answered with less", async () => {
    await using inner = new MemoryStore();
    await fill(inner, ALL, [pod({ name: "a" })], metaAt("100"));
    const store: Store = {
      manifest: inner.manifest,
      scopes: async () => inner.scopes(),
      scope: (scope) =>
        new Proxy(inner.scope(scope), {
          get: (target, name) => async (query: object) => {
            if (name === "read") await fill(inner, ALL, [], metaAt("7", { epoch: 1 }));
            return (target[name as "read"] as (query: object) => Promise<unknown>).call(target, query);
          },
        }),
      [Symbol.asyncDispose]: async () => undefined,
    };
    await using test = testApp({ store });
    const response = await test.get("/pods?resourceVersion=100");
    expect(failure(response)).toMatchObject({ code: 504, causes: ["ResourceVersionTooLarge"] });
    expect(response.headers["krm-streamed-through"]).toBe("7");
  });

  it("that does not come is the API server's 504", async () => {
    await using test = testApp();
    await fill(test.store, ALL, []);
    const response = await waited(test, "/pods?resourceVersion=100070");
    expect(response.headers["retry-after"]).toBe("1");
    expect(response.json()).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "Timeout: Too large resource version: 100070, current: 100",
      reason: "Timeout",
      details: {
        causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
        retryAfterSeconds: 1,
      },
      code: 504,
    });
    expect(test.clock.pending).toBe(0);
  });

  it("exactly, below the view, is the API server's 410", async () => {
    await using test = testApp();
    await fill(test.store, ALL, []);
    const response = await test.get("/pods?resourceVersion=99&resourceVersionMatch=Exact");
    expect(response.headers["krm-streamed-through"]).toBe("100");
    expect(failure(response)).toEqual({
      code: 410,
      reason: "Expired",
      message:
        "The resourceVersion for the provided list is too old. (the view is at 100, the only version that can be had " +
        "exactly; for 99 or newer leave out resourceVersionMatch=Exact)",
      causes: [],
    });
  });

  it("exactly, of a union whose parts differ, says how to get one", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS, namespace: "a" }, [], metaAt("100"));
    await fill(test.store, { resource: PODS, namespace: "b" }, [], metaAt("101"));
    expect(failure(await test.get("/pods?resourceVersion=100&resourceVersionMatch=Exact"))).toMatchObject({
      code: 410,
      message: expect.stringContaining("different versions; ask for one namespace") as string,
    });
    const one = await test.get("/pods?namespace=b&resourceVersion=101&resourceVersionMatch=Exact");
    expect(one.json<{ readonly metadata: object }>().metadata).toEqual({ resourceVersion: "101" });
  });

  it("exactly, ahead of the view, is waited for, and then the API server's 504", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    const response = await waited(test, "/pods?resourceVersion=101&resourceVersionMatch=Exact");
    expect(failure(response)).toMatchObject({ code: 504, causes: ["ResourceVersionTooLarge"] });
    const answer = test.get("/pods?resourceVersion=101&resourceVersionMatch=Exact");
    await test.clock.untilSleeping();
    await fill(test.store, ALL, [pod({ name: "b" })], metaAt("101"));
    expect(names(await answer)).toEqual(["b"]);
  });

  it("while the view syncs is a 503 at once", async () => {
    await using test = testApp({ scopes: [ALL] });
    for (const match of ["Exact", "NotOlderThan"]) {
      const response = await test.get(`/pods?resourceVersion=7&resourceVersionMatch=${match}`);
      expect(failure(response)).toMatchObject({ code: 503, causes: ["ViewSyncing"] });
    }
  });
});

describe("maxStaleness", () => {
  it("is met by a watch that has spoken since", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    await test.clock.advance(29_000);
    expect((await test.get("/pods?maxStaleness=30s")).statusCode).toBe(200);
  });

  it("is waited for, and then a 504", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    await test.clock.advance(31_000);
    const response = await waited(test, "/pods?maxStaleness=30s");
    expect(response.headers["krm-state"]).toBe("synced");
    expect(response.headers["krm-last-contact"]).toBe("2026-01-01T00:00:00.000Z");
    expect(failure(response)).toEqual({
      code: 504,
      reason: "Timeout",
      message: "Timeout: the view of pods was proved 34s ago, maxStaleness=30s asks for less",
      causes: ["ViewTooStale"],
    });
  });

  it("is met as soon as the watch speaks", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    await test.clock.advance(31_000);
    const answer = test.get("/pods?maxStaleness=30s");
    await test.clock.untilSleeping();
    const meta = metaAt("100", { lastContact: test.clock.now() });
    await writer(test.store, ALL).commit({ changes: [], meta });
    expect(names(await answer)).toEqual(["a"]);
  });

  it("takes no proof from the future: a clock has jumped", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    test.clock.setNow(START - 3_600_000);
    expect(failure(await waited(test, "/pods?maxStaleness=30s"))).toMatchObject({
      code: 504,
      message: "Timeout: the view of pods was of unknown age, maxStaleness=30s asks for less",
    });
  });

  it("does not take the refusals of the API server for news", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [pod({ name: "a" })]);
    await test.clock.advance(31_000);
    const refused = streamerReport({ state: blocked("forbidden", 403), lastContact: test.clock.now() });
    await writer(test.store, ALL).report("streamer", refused);
    expect(failure(await waited(test, "/pods?maxStaleness=30s")).causes).toEqual(["ViewTooStale"]);
    expect((await test.get("/pods?maxStaleness=2m")).statusCode).toBe(200);
  });
});

/** A store whose feed never says a word. */
function withoutFeed(inner: Store): Store {
  const silence: ScopeStore["changes"] = ({ signal }) => ({
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        signal?.addEventListener("abort", () => resolve());
        await promise;
        return { done: true, value: undefined };
      },
    }),
  });
  return {
    manifest: inner.manifest,
    scopes: async () => inner.scopes(),
    scope: (scope) =>
      new Proxy(inner.scope(scope), {
        get: (target, name) => {
          if (name === "scope") return target.scope;
          return name === "changes" ? silence : target[name as "read"].bind(target);
        },
      }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** The texts of the Warning headers. */
function warnings(response: LightMyRequestResponse): readonly string[] {
  return parseFreshness(response.headers as Record<string, string | string[]>)?.warnings ?? [];
}

/** An answer that comes only after the server's patience has run out. */
async function waited(test: TestApp, url: string): ReturnType<TestApp["get"]> {
  const answer = test.get(url);
  let answered = false;
  const end = answer.finally(() => (answered = true));
  while (!answered) {
    await Promise.race([test.clock.untilSleeping(), end]);
    await test.clock.advanceToNext();
  }
  return answer;
}
