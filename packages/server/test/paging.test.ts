import fc from "fast-check";
import type { LightMyRequestResponse } from "fastify";
import { describe, expect, it } from "vitest";
import { PODS, type StoredObject } from "@krm/core";
import { failure, names, type TestApp, testApp } from "./support/app.ts";
import { fill, metaAt, pod, START, writer } from "./support/fixtures.ts";

const ALL = { resource: PODS };
const five = (version = "1"): StoredObject[] => ["a", "b", "c", "d", "e"].map((name) => pod({ name, version }));

interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

function metadata(response: LightMyRequestResponse): ListMeta {
  return response.json<{ readonly metadata: ListMeta }>().metadata;
}

async function next(test: TestApp, url: string, token: string | undefined): ReturnType<TestApp["get"]> {
  if (token === undefined) throw new Error("the page before had no token");
  return test.get(`${url}&continue=${encodeURIComponent(token)}`);
}

describe("limit", () => {
  it("pages as the API server does", async () => {
    await using test = testApp();
    await fill(test.store, ALL, five(), metaAt("69"));
    const first = await test.get("/pods?limit=2");
    expect(names(first)).toEqual(["a", "b"]);
    expect(metadata(first)).toMatchObject({ resourceVersion: "69", remainingItemCount: 3 });
    const second = await next(test, "/pods?limit=2", metadata(first).continue);
    expect(names(second)).toEqual(["c", "d"]);
    expect(metadata(second)).toMatchObject({ resourceVersion: "69", remainingItemCount: 1 });
    const third = await next(test, "/pods?limit=2", metadata(second).continue);
    expect(names(third)).toEqual(["e"]);
    expect(metadata(third)).toEqual({ resourceVersion: "69" });
  });

  it.each(["limit=5", "limit=0", "limit=-1", "limit=100"])("leaves no page after all of it (%s)", async (query) => {
    await using test = testApp();
    await fill(test.store, ALL, five(), metaAt("69"));
    const response = await test.get(`/pods?${query}`);
    expect(names(response)).toHaveLength(5);
    expect(metadata(response)).toEqual({ resourceVersion: "69" });
  });

  it("counts selected items, and then does not tell how many remain", async () => {
    await using test = testApp();
    const some = five().map((one, index) => (index % 2 ? pod({ name: one.name, labels: { odd: "1" } }) : one));
    await fill(test.store, ALL, some, metaAt("70"));
    const first = await test.get("/pods?limit=1&labelSelector=odd");
    expect(names(first)).toEqual(["b"]);
    expect(metadata(first).remainingItemCount).toBeUndefined();
    const second = await next(test, "/pods?limit=1&labelSelector=odd", metadata(first).continue);
    expect(names(second)).toEqual(["d"]);
    expect(metadata(second)).toEqual({ resourceVersion: "70" });
  });

  it("is passed over where the version goes into no token", async () => {
    await using test = testApp();
    await fill(test.store, ALL, five(), metaAt("v-opaque", { snapshotOnly: true }));
    const response = await test.get("/pods?limit=2");
    expect(names(response)).toHaveLength(5);
    expect(metadata(response)).toEqual({ resourceVersion: "v-opaque" });
  });
});

describe("continue", () => {
  it("goes on in the view that the first page came from", async () => {
    await using test = testApp();
    await fill(test.store, ALL, five(), metaAt("69"));
    const first = await test.get("/pods?limit=2");
    await fill(
      test.store,
      ALL,
      [pod({ name: "a" }), pod({ name: "bb" }), pod({ name: "e", version: "80" })],
      metaAt("80"),
    );
    const second = await next(test, "/pods?limit=9", metadata(first).continue);
    expect(names(second)).toEqual(["c", "d", "e"]);
    expect(metadata(second)).toEqual({ resourceVersion: "69" });
    expect(second.body).not.toContain('"resourceVersion":"80"');
  });

  it("needs nothing kept while nothing changes: any server can go on, at the same version", async () => {
    await using test = testApp();
    await using other = testApp({ store: test.store });
    await fill(test.store, ALL, five(), metaAt("69"));
    const first = await test.get("/pods?limit=2");
    await writer(test.store, ALL).commit({ changes: [], meta: metaAt("75") });
    const second = await next(other, "/pods?limit=9", metadata(first).continue);
    expect(names(second)).toEqual(["c", "d", "e"]);
    expect(metadata(second)).toEqual({ resourceVersion: "69" });
  });

  it("after five minutes is the API server's 410, with a token for the inconsistent rest", async () => {
    await using test = testApp();
    await fill(test.store, ALL, five(), metaAt("69"));
    const first = await test.get("/pods?limit=2");
    await fill(test.store, ALL, [...five("80"), pod({ name: "bb" })], metaAt("80"));
    await test.clock.advance(300_000);
    const expired = await next(test, "/pods?limit=2", metadata(first).continue);
    expect(failure(expired)).toMatchObject({ code: 410, reason: "Expired" });
    expect(failure(expired).message).toContain("too old to display a consistent list result");
    const rest = await next(test, "/pods?limit=2", metadata(expired).continue);
    expect(names(rest)).toEqual(["bb", "c"]);
    expect(metadata(rest)).toMatchObject({ resourceVersion: "80", remainingItemCount: 2 });
    expect(names(await next(test, "/pods?limit=2", metadata(rest).continue))).toEqual(["d", "e"]);
  });

  it("tells how far the kept view can be trusted, not the newest", async () => {
    await using test = testApp();
    await fill(test.store, ALL, five(), metaAt("69"));
    const token = metadata(await test.get("/pods?limit=2")).continue;
    await test.clock.advance(200_000);
    await fill(test.store, ALL, five("80"), metaAt("80"));
    const second = await next(test, "/pods?limit=2", token);
    expect(second.headers["krm-state"]).toBe("stale");
    expect(second.headers["krm-streamed-through"]).toBe("69");
    expect(failure(await next(test, "/pods?limit=2&maxStaleness=1m", token)).causes).toEqual(["ViewTooStale"]);
  });

  it("in a view that has not changed since is as fresh as that view is by now", async () => {
    await using test = testApp();
    await fill(test.store, ALL, five(), metaAt("69"));
    const token = metadata(await test.get("/pods?limit=2")).continue;
    await test.clock.advance(100_000);
    await writer(test.store, ALL).commit({ changes: [], meta: metaAt("75", { lastContact: START + 100_000 }) });
    const second = await next(test, "/pods?limit=2&maxStaleness=30s", token);
    expect(names(second)).toEqual(["c", "d"]);
    expect(metadata(second).resourceVersion).toBe("69");
    expect(second.headers["krm-streamed-through"]).toBe("75");
    expect(second.headers["krm-last-contact"]).toBe("2026-01-01T00:01:40.000Z");
  });

  it("of one namespace does not open another", async () => {
    await using test = testApp();
    await fill(test.store, ALL, [
      ...five(),
      pod({ name: "x", namespace: "team-b" }),
      pod({ name: "y", namespace: "team-b" }),
    ]);
    const token = metadata(await test.get("/pods?namespace=team-b&limit=1")).continue;
    await fill(test.store, ALL, five(), metaAt("101"));
    expect(failure(await next(test, "/pods?namespace=team-a", token)).code).toBe(410);
    expect(names(await next(test, "/pods?namespace=team-b", token))).toEqual(["y"]);
  });

  it("forgets the oldest views when there are many", async () => {
    await using test = testApp();
    const tokens: (string | undefined)[] = [];
    for (let version = 100; version < 166; version += 1) {
      await fill(test.store, ALL, five(String(version)), metaAt(String(version)));
      tokens.push(metadata(await test.get("/pods?limit=4")).continue);
    }
    expect(failure(await next(test, "/pods?limit=1", tokens[0])).code).toBe(410);
    expect(names(await next(test, "/pods?limit=1", tokens[2]))).toEqual(["e"]);
  });

  it("over the union of scopes keeps to one moment, whichever scope moves", async () => {
    await using test = testApp();
    const [a, b] = ["a", "b"].map((namespace) => ({ resource: PODS, namespace }));
    if (a === undefined || b === undefined) throw new Error("two scopes");
    await fill(test.store, a, [pod({ name: "p", namespace: "a" })], metaAt("5"));
    await fill(test.store, b, [pod({ name: "q", namespace: "b" })], metaAt("9"));
    const early = metadata(await test.get("/pods?limit=1"));
    await fill(test.store, b, [pod({ name: "r", namespace: "b" })], metaAt("10"));
    const late = metadata(await test.get("/pods?limit=1"));
    expect([early.resourceVersion, late.resourceVersion]).toEqual(["5", "5"]);
    expect(names(await next(test, "/pods?limit=1", early.continue))).toEqual(["q"]);
    expect(names(await next(test, "/pods?limit=1", late.continue))).toEqual(["r"]);
  });
});

describe("all pages together", () => {
  it("are the whole list, whatever changes meanwhile", async () => {
    const name = fc.string({ unit: fc.constantFrom("a", "b", "-", "0"), minLength: 1, maxLength: 3 });
    const keys = fc.uniqueArray(fc.record({ name, namespace: name }), {
      selector: (key) => `${key.namespace}/${key.name}`,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(keys, keys, fc.integer({ min: 1, max: 5 }), async (before, after, limit) => {
        await using test = testApp();
        await fill(
          test.store,
          ALL,
          before.map((key) => pod(key)),
          metaAt("100"),
        );
        const whole = (await test.get("/pods")).json<{ items: unknown[] }>().items;
        const items: unknown[] = [];
        let page = await test.get(`/pods?limit=${limit}`);
        let version = 101;
        for (;;) {
          items.push(...page.json<{ items: unknown[] }>().items);
          const token = metadata(page).continue;
          if (token === undefined) break;
          await fill(
            test.store,
            ALL,
            after.map((key) => pod({ ...key, version: String(version) })),
            metaAt(String(version)),
          );
          version += 1;
          page = await next(test, `/pods?limit=${limit}`, token);
        }
        expect(items).toEqual(whole);
      }),
      { seed: 20_260_103, numRuns: 100 },
    );
  });
});
