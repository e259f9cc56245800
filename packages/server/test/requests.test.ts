import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NODES, PODS } from "@krm/core";
import { LIST_PARAMETERS } from "@krm/protocol";
import { failure, testApp } from "./support/app.ts";
import { fill, pod } from "./support/fixtures.ts";
import { impatientClock } from "./support/impatient-clock.ts";

describe("query parameters", () => {
  it.each([
    ["/pods?nmae=a", 400, 'unknown query parameter "nmae"; known ones: name, namespace, node, owner, label_selector'],
    ["/pods?watch=1", 400, 'unknown query parameter "watch"'],
    ["/status?name=a", 400, 'unknown query parameter "name"; known ones: delays'],
    ["/openapi.json?name=a", 400, 'unknown query parameter "name"; there are none here'],
    ["/pods?name=a&name=b", 400, 'query parameter "name" is given more than once'],
    ["/pods?name=&name=b", 400, 'query parameter "name" is given more than once'],
    ["/pods?label_selector=a&labelSelector=a", 400, "are the same parameter"],
    ["/pods?limit=abc", 400, 'query parameter "limit": strconv.ParseInt: parsing "abc": invalid syntax'],
    ["/pods?limit=99999999999999999999", 400, "value out of range"],
    ["/pods?resourceVersion=abc", 400, "invalid resource version"],
    ["/pods?resourceVersionMatch=Exact", 422, "resourceVersionMatch is forbidden unless resourceVersion is provided"],
    ["/pods?resourceVersion=0&resourceVersionMatch=Exact", 422, 'is forbidden for resourceVersion "0"'],
    ["/pods?resourceVersion=7&resourceVersionMatch=Nonsense", 422, 'supported values: "Exact", "NotOlderThan"'],
    ["/pods?maxStaleness=30", 400, '"30" is not a duration'],
    ["/pods?maxStaleness=soon", 400, 'query parameter "maxStaleness": "soon" is not a duration'],
    ["/pods?name=a%2Fb", 400, "may not contain '/' or '%'"],
    ["/pods?namespace=..", 400, "may not be '.' or '..'"],
    [`/pods?node=${"n".repeat(254)}`, 400, "is longer than 253 characters"],
    [`/pods?labelSelector=${"a".repeat(9000)}`, 400, "8192 are read at most"],
    ["/pods?fieldSelector=metadata.name%3Da%zz", 400, 'the query string holds "%zz", which is no percent-encoding'],
    ["/pods?name=%4", 400, 'the query string holds "%4", which is no percent-encoding'],
    ["/pods?continue=garbage", 400, "invalid continue token"],
  ])("%s is a %i", async (url, code, message) => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    const answer = failure(await test.get(url));
    expect(answer.code).toBe(code);
    expect(answer.message).toContain(message);
  });

  it.each([
    ["labelSelector", "a%20b"],
    ["fieldSelector", "spec.nope%3D1"],
    ["fieldSelector", "metadata.name"],
    ["limit", "x"],
    ["continue", "garbage"],
    ["resourceVersion", "abc"],
    ["maxStaleness", "soon"],
    ["name", ".."],
  ])("the details of a bad %s name it", async (parameter, value) => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    const response = await test.get(`/pods?namespace=team-a&${parameter}=${value}`);
    expect(response.json()).toMatchObject({
      code: 400,
      reason: "BadRequest",
      details: { causes: [{ reason: "InvalidParameter", field: parameter }] },
    });
  });

  it("that are empty count as absent", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, [pod({ name: "a" })]);
    const query = LIST_PARAMETERS.filter((name) => name !== "label_selector").map((name) => `${name}=`);
    expect((await test.get(`/pods?${query.join("&")}`)).statusCode).toBe(200);
  });
});

describe("methods", () => {
  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const)("%s is a 405, body or not", async (method) => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    for (const url of ["/pods", "/status", "/"]) {
      const response = await test.app.inject({ method, url, headers: { "content-type": "text/odd" }, payload: "{" });
      expect(failure(response)).toMatchObject({
        code: 405,
        reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource",
      });
      expect(response.headers["allow"]).toBe("GET, HEAD");
    }
  });
});

describe("any query", () => {
  const value = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "",
      "0",
      "-1",
      "1",
      "30s",
      "Exact",
      "NotOlderThan",
      "a=b",
      "!a",
      "a in (b",
      "metadata.name=a",
      "node-1",
    ),
    fc.integer().map(String),
    fc.bigInt().map(String),
    fc.base64String(),
    fc
      .record({ v: fc.constant("meta.k8s.io/v1"), rv: fc.integer(), start: fc.string() })
      .map((token) => Buffer.from(JSON.stringify(token)).toString("base64url")),
  );
  const parameter = fc.tuple(
    fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...LIST_PARAMETERS) }, { weight: 1, arbitrary: fc.string() }),
    value,
  );
  const query = fc.oneof(
    fc
      .array(parameter, { maxLength: 4 })
      .map((pairs) => new URLSearchParams(pairs.map(([k, v]): [string, string] => [k, v.toWellFormed()])).toString()),
    fc.string({ unit: fc.constantFrom("%", "&", "=", "+", ";", "a", "0", "%zz", "%ff", "limit", "name", "?", "#") }),
  );

  it("is answered or refused, and never our fault", { timeout: 60_000 }, async () => {
    await using test = testApp({ clock: impatientClock() });
    await fill(test.store, { resource: PODS }, [pod({ name: "a", labels: { a: "b" } }), pod({ name: "b" })]);
    await fill(test.store, { resource: NODES }, []);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("pods", "po", "nodes", "status", "livez", "readyz"),
        query,
        async (path, text) => {
          const response = await test.get(`/${path}?${text}`);
          expect([200, 400, 410, 422, 504]).toContain(response.statusCode);
          if (response.statusCode !== 200) failure(response);
        },
      ),
      { seed: 20_260_101, numRuns: 3000 },
    );
  });

  it("of any path is answered or refused, and never our fault", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, []);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 80 }), async (path) => {
        const response = await test.get(`/${encodeURIComponent(path)}`);
        expect(response.statusCode).toBeLessThan(500);
      }),
      { seed: 20_260_102, numRuns: 500 },
    );
  });
});
