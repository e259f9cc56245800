import { encodeContinue } from "@krm/apimachinery";
import { PODS } from "@krm/core";
import fc from "fast-check";
import type { LightMyRequestResponse } from "fastify";
import { describe, expect, it } from "vitest";
import { failure, names, type TestApp, testApp } from "../support/app.ts";
import { fill, metaAt, pod } from "../support/fixtures.ts";

const ALL = { resource: PODS };
const URL = "/api/v1/namespaces/team-a/pods";

function pods(all: string, version = "1"): ReturnType<typeof pod>[] {
  return [...all].map((name) => pod({ name, version }));
}

function tokenOf(response: LightMyRequestResponse): string {
  return response.json<{ metadata: { continue?: string } }>().metadata.continue ?? "";
}

async function next(test: TestApp, token: string, query = "limit=2"): Promise<LightMyRequestResponse> {
  return test.get(`${URL}?${query}&continue=${encodeURIComponent(token)}`);
}

describe("pages", () => {
  it("of a chain come from one moment, though a repair leaves the version as it is", async () => {
    await using test = testApp();
    await fill(test.store, ALL, pods("abcde"), metaAt("69"));
    const before = tokenOf(await test.get(`${URL}?limit=2`));
    await fill(test.store, ALL, pods("abxyz"), metaAt("69"));
    const after = tokenOf(await test.get(`${URL}?limit=2`));
    expect(names(await next(test, before, "limit=9"))).toEqual(["c", "d", "e"]);
    expect(names(await next(test, after, "limit=9"))).toEqual(["x", "y", "z"]);
    // What names a version only gets the repaired one.
    const plain = encodeContinue({ resourceVersion: "69", start: "/b\0" });
    expect(names(await next(test, plain))).toEqual(["x", "y"]);
  });

  it("can be gone on with in another form, and with a token of the flat API's", async () => {
    await using test = testApp();
    await fill(test.store, ALL, pods("abcde"), metaAt("69"));
    const token = tokenOf(await test.get(`${URL}?limit=2`));
    const accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    const second = await test.get(`${URL}?limit=2&continue=${token}`, { accept });
    expect(names(second)).toEqual(["c", "d"]);
    expect(second.json()).toMatchObject({ metadata: { resourceVersion: "69", remainingItemCount: 1 } });
    const all = tokenOf(await test.get("/pods?limit=3"));
    expect(names(await test.get(`/api/v1/pods?continue=${all}`))).toEqual(["d", "e"]);
  });

  it("of a version: exactly that one, while it is kept", async () => {
    await using test = testApp();
    await fill(test.store, ALL, pods("abc"), metaAt("69"));
    await test.get(`${URL}?limit=1`);
    await fill(test.store, ALL, pods("xyz"), metaAt("80"));
    expect(names(await test.get(`${URL}?resourceVersion=69&resourceVersionMatch=Exact`))).toEqual(["a", "b", "c"]);
    // With a limit, a version without more words has always meant just that.
    const first = await test.get(`${URL}?resourceVersion=69&limit=2`);
    expect(names(first)).toEqual(["a", "b"]);
    expect(names(await next(test, tokenOf(first)))).toEqual(["c"]);
    expect(names(await test.get(`${URL}?resourceVersion=69`))).toEqual(["x", "y", "z"]);
    expect(failure(await test.get(`${URL}?resourceVersion=70&limit=2`))).toMatchObject({
      code: 410,
      message: "The resourceVersion for the provided list is too old.",
    });
    expect(failure(await test.get("/api/v1/pods?resourceVersion=69&resourceVersionMatch=Exact")).code).toBe(410);
    await test.clock.advance(300_000);
    expect(failure(await test.get(`${URL}?resourceVersion=69&resourceVersionMatch=Exact`)).code).toBe(410);
  });

  it("that have expired are a 410, with a token for the rest as it is by then", async () => {
    await using test = testApp();
    await fill(test.store, ALL, pods("abcde"), metaAt("69"));
    const token = tokenOf(await test.get(`${URL}?limit=2`));
    await fill(test.store, ALL, [...pods("abcde", "80"), pod({ name: "bb" })], metaAt("80"));
    await test.clock.advance(300_000);
    const expired = await next(test, token);
    expect(failure(expired)).toMatchObject({ code: 410, reason: "Expired" });
    expect(tokenOf(expired)).toBe(encodeContinue({ resourceVersion: "-1", start: "b\0" }));
    const rest = await next(test, tokenOf(expired));
    expect(names(rest)).toEqual(["bb", "c"]);
    expect(rest.json()).toMatchObject({ metadata: { resourceVersion: "80" } });
    expect(names(await next(test, tokenOf(rest)))).toEqual(["d", "e"]);
  });

  it("of many readers of one moment drive out nobody's", async () => {
    await using test = testApp();
    const spread = Array.from({ length: 70 }, (_, at) => ["a", "b"].map((name) => pod({ name, namespace: `n${at}` })));
    await fill(test.store, ALL, [...spread.flat(), ...pods("abc")], metaAt("69"));
    const token = tokenOf(await test.get(`${URL}?limit=1`));
    for (let at = 0; at < 70; at++) await test.get(`/api/v1/namespaces/n${at}/pods?limit=1`);
    await fill(test.store, ALL, pods("xyz"), metaAt("80"));
    expect(names(await next(test, token))).toEqual(["b", "c"]);
  });

  it("that were refused keep nothing", async () => {
    await using test = testApp();
    const accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    await fill(test.store, ALL, pods("abc"), metaAt("69"));
    expect((await test.get(`${URL}?limit=1`, { accept })).statusCode).toBe(406);
    await fill(test.store, ALL, pods("xyz"), metaAt("80"));
    expect(failure(await test.get(`${URL}?resourceVersion=69&resourceVersionMatch=Exact`)).code).toBe(410);
  });

  it("tell no other version than that of the first", async () => {
    await using test = testApp();
    await fill(test.store, ALL, pods("abc"), metaAt("69"));
    const token = Buffer.from(tokenOf(await test.get(`${URL}?limit=1`)), "base64url").toString();
    const forged = (version: string): string =>
      Buffer.from(token.replace('"rv":69', `"rv":${version}`)).toString("base64url");
    expect(names(await next(test, forged("69")))).toEqual(["b", "c"]);
    expect(failure(await next(test, forged("68"))).code).toBe(410);
    const ahead = next(test, forged("999999"));
    for (let look = 0; look < 3; look++) {
      await test.clock.untilSleeping();
      await test.clock.advance(1000);
    }
    expect(failure(await ahead).code).toBe(410);
  });

  it("of a moment that this server has not come to yet are waited for", async () => {
    await using test = testApp();
    await fill(test.store, ALL, pods("abc"), metaAt("60"));
    const rest = next(test, encodeContinue({ resourceVersion: "69", start: "/b\0" }), "limit=9");
    await test.clock.untilSleeping();
    await fill(test.store, ALL, pods("abcde"), metaAt("69"));
    expect(names(await rest)).toEqual(["c", "d", "e"]);
  });

  it("together are the whole list, in any form and whatever changes meanwhile", async () => {
    const name = fc.string({ unit: fc.constantFrom("a", "b", "-", "0"), minLength: 1, maxLength: 3 });
    const keys = fc.uniqueArray(name, { maxLength: 12 });
    const form = fc.constantFrom("", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
    const selector = fc.constantFrom("", "&labelSelector=odd", "&fieldSelector=metadata.name!%3Da");
    await fc.assert(
      fc.asyncProperty(
        keys,
        keys,
        form,
        selector,
        fc.integer({ min: 1, max: 5 }),
        async (before, after, accept, query, limit) => {
          await using test = testApp();
          const at = (all: readonly string[], version: string): ReturnType<typeof pod>[] =>
            all.map((each) => pod({ name: each, version, labels: each.length % 2 === 1 ? { odd: "" } : {} }));
          await fill(test.store, ALL, at(before, "1"), metaAt("100"));
          const whole = names(await test.get(`${URL}?${query}`));
          const seen: string[] = [];
          let page = await test.get(`${URL}?limit=${limit}${query}`, { accept });
          for (let version = 101; ; version++) {
            const { items } = page.json<{ items: { metadata: { name: string } }[] | null }>();
            seen.push(...(items ?? []).map((item) => item.metadata.name));
            const token = tokenOf(page);
            if (token === "") break;
            await fill(test.store, ALL, at(after, String(version)), metaAt(String(version)));
            page = await next(test, token, `limit=${limit}${query}`);
            expect(page.statusCode).toBe(200);
          }
          expect(seen).toEqual(whole);
        },
      ),
      { seed: 20_260_104, numRuns: 100 },
    );
  });
});
