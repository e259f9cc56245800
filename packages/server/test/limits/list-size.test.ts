// How large a list answer may be.
import { PODS } from "@krm/core";
import { describe, expect, it } from "vitest";
import { failure, names, testApp } from "../support/app.ts";
import { fill, object } from "../support/fixtures.ts";

const LISTS = ["/pods", "/api/v1/pods"];
const PODS_OF = [..."abcdefgh"].map((name) =>
  object({ name, namespace: "n", labels: { first: String(name === "a") } }, { filler: "x".repeat(1000) }),
);
const SIZE = PODS_OF.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
const ALL = PODS_OF.map(({ name }) => name);

describe("a list that is larger than an answer may be", () => {
  it.each(LISTS)("is refused at %s, with its size, the limit and the mend", async (url) => {
    await using test = testApp({ maxListSize: 5000 });
    await fill(test.store, { resource: PODS }, PODS_OF);
    const answer = await test.get(url);
    expect(failure(answer)).toEqual({
      code: 413,
      reason: "RequestEntityTooLarge",
      message:
        `Request entity is too large: the 8 objects of the list are ${SIZE} bytes, and an answer may hold 5000 here ` +
        "(--max-list-size): ask for pages (limit=2, and then continue), or for less by a selector or a namespace",
      causes: ["ListTooLarge"],
    });
    expect(answer.headers).toMatchObject({ "krm-state": "synced" });
    expect(answer.headers.etag).toBeUndefined();
  });

  it.each(LISTS)("can be had from %s in the pages that it tells to ask for", async (url) => {
    await using test = testApp({ maxListSize: 5000 });
    await fill(test.store, { resource: PODS }, PODS_OF);
    const read: string[] = [];
    for (let token = ""; ;) {
      const answer = await test.get(`${url}?limit=2&continue=${token}`);
      read.push(...names(answer));
      token = answer.json<{ metadata: { continue?: string } }>().metadata.continue ?? "";
      if (token === "") break;
    }
    expect(read).toEqual(ALL);
    expect(failure(await test.get(`${url}?limit=7`)).code).toBe(413);
    expect(names(await test.get(`${url}?labelSelector=first%3Dtrue`))).toEqual(["a"]);
  });

  it.each([
    "application/json;as=Table;v=v1;g=meta.k8s.io",
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    "application/yaml",
  ])("is refused as %s too: what is stored counts", async (accept) => {
    await using test = testApp({ maxListSize: SIZE - 1 });
    await fill(test.store, { resource: PODS }, PODS_OF);
    expect((await test.get("/api/v1/pods", { accept })).statusCode).toBe(413);
    expect((await test.get("/api/v1/pods?limit=7", { accept })).statusCode).toBe(200);
  });

  it("has pages from version 0 on, as informers begin, though the API server has none there", async () => {
    await using test = testApp({ maxListSize: 5000 });
    await fill(test.store, { resource: PODS }, PODS_OF);
    expect(names(await test.get("/api/v1/pods?resourceVersion=0&limit=2"))).toEqual(["a", "b"]);
    await using open = testApp();
    await fill(open.store, { resource: PODS }, PODS_OF);
    expect(names(await open.get("/api/v1/pods?resourceVersion=0&limit=2"))).toEqual(ALL);
  });

  it("is answered as far as it goes", async () => {
    for (const maxListSize of [SIZE, 0, undefined]) {
      await using test = testApp({ maxListSize });
      await fill(test.store, { resource: PODS }, PODS_OF);
      for (const url of LISTS) expect(names(await test.get(url))).toEqual(ALL);
    }
  });

  it("may be one object, of which there is no smaller page", async () => {
    await using test = testApp({ maxListSize: 1 });
    await fill(test.store, { resource: PODS }, PODS_OF);
    expect(names(await test.get("/pods?limit=1"))).toEqual(["a"]);
    expect(failure(await test.get("/pods?limit=2")).message).toContain("limit=1,");
    expect((await test.get("/api/v1/namespaces/n/pods/a")).statusCode).toBe(200);
  });
});

it.each([{ maxListSize: -1 }, { maxListSize: 1.5 }, { maxWatchesPerUser: Number.NaN }])(
  "%j is refused",
  async (options) => {
    await using test = testApp(options);
    const [[name, value] = []] = Object.entries(options);
    await expect(test.app.ready()).rejects.toMatchObject({
      code: "KRM_INVALID_ARGUMENT",
      message: `${name} cannot be ${value}`,
    });
  },
);
