import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeContinue, encodeContinue, isWatchQuery, parseListOptions } from "../src/index.ts";
import { refusalOf } from "./refusal-of.ts";
import { SEED } from "./seed.ts";

function options(query: string, mode: "list" | "watch" = "list"): ReturnType<typeof parseListOptions> {
  return parseListOptions(new URLSearchParams(query), mode);
}

function refusal(run: () => unknown): { readonly code: number | undefined; readonly message: string | undefined } {
  const error = refusalOf(run);
  return { code: error?.status.code, message: error?.message };
}

function encode(json: string): string {
  return Buffer.from(json).toString("base64url");
}

describe("list options", () => {
  test("nothing asked for", () => {
    const { labels, ...rest } = options("");
    expect(labels.empty).toBe(true);
    expect(rest).toEqual({
      labelSelector: "",
      fieldSelector: "",
      limit: 0,
      continue: "",
      resourceVersion: "",
      resourceVersionMatch: "",
      watch: false,
      timeoutSeconds: undefined,
      allowWatchBookmarks: false,
      sendInitialEvents: undefined,
    });
  });

  test.for([
    ["", false],
    ["watch=1", true],
    ["watch=true", true],
    ["watch=nope", true],
    ["watch=", true],
    ["watch=0", false],
    ["watch=FALSE", false],
    ["watch=0&watch=1", false],
  ] as const)("%j asks for a watch: %j", ([query, watches]) => {
    expect(isWatchQuery(new URLSearchParams(query))).toBe(watches);
    expect(options(query).watch).toBe(watches);
  });

  test("a negative limit is none", () => {
    expect(options("limit=-1").limit).toBe(0);
    expect(options("limit=500").limit).toBe(500);
  });

  test("a watch from nowhere starts with what exists, one from a version does not", () => {
    expect(options("", "watch")).toMatchObject({ sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" });
    expect(options("resourceVersion=0", "watch").sendInitialEvents).toBe(true);
    expect(options("resourceVersion=7", "watch").sendInitialEvents).toBeUndefined();
    expect(options("sendInitialEvents=false&resourceVersionMatch=NotOlderThan", "watch").sendInitialEvents).toBe(false);
  });

  test("a version may have any number of digits", () => {
    const version = "340282366920938463463374607431768211455";
    expect(options(`resourceVersion=${version}`).resourceVersion).toBe(version);
  });

  test.for([
    ["limit=", 400, 'strconv.ParseInt: parsing "": invalid syntax'],
    ["limit=9223372036854775808", 400, 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
    ["timeoutSeconds=1.5", 400, 'strconv.ParseInt: parsing "1.5": invalid syntax'],
    ["labelSelector=%3D&resourceVersionMatch=Exact", 400, "found '=', expected: !, identifier, or 'end of string'"],
    ["fieldSelector=x&resourceVersionMatch=Exact", 400, "invalid selector: 'x'; can't understand 'x'"],
    [
      "sendInitialEvents=true",
      422,
      'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
    ],
    [
      "resourceVersion=00&resourceVersionMatch=Exact",
      422,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ],
    [
      "resourceVersionMatch=x",
      422,
      'ListOptions.meta.k8s.io "" is invalid: [resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided, resourceVersionMatch: Unsupported value: "x": supported values: "Exact", "NotOlderThan", ""]',
    ],
    [
      "watch=1&resourceVersion=5&resourceVersionMatch=NotOlderThan",
      422,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    ],
    [
      "watch=1&sendInitialEvents=true&resourceVersion=5&resourceVersionMatch=Exact",
      422,
      'ListOptions.meta.k8s.io "" is invalid: [resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
    ],
    [
      "resourceVersion=-1",
      400,
      'invalid resource version: resourceVersion: Invalid value: "-1": strconv.ParseUint: parsing "-1": invalid syntax',
    ],
  ] as const)("%s is refused", ([query, code, message]) => {
    expect(refusal(() => options(query))).toEqual({ code, message });
  });

  test("a version beside a continue token is refused", () => {
    const token = encodeContinue({ resourceVersion: "5", start: "a/b\0" });
    expect(refusal(() => options(`continue=${token}&resourceVersion=5`))).toEqual({
      code: 400,
      message: "specifying resource version is not allowed when using continue",
    });
    expect(options(`continue=${token}&resourceVersion=0`).continue).toBe(token);
  });
});

describe("continue tokens", () => {
  test("are the API server's own, byte for byte", () => {
    expect(encodeContinue({ resourceVersion: "69", start: "/b\0" })).toBe(
      "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NjksInN0YXJ0IjoiL2JcdTAwMDAifQ",
    );
    expect(encodeContinue({ resourceVersion: "-1", start: "b\0" })).toBe(
      "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYlx1MDAwMCJ9",
    );
  });

  test("come back as they were written, versions past 2^53 too", () => {
    const segment = fc
      .string({ unit: fc.constantFrom(..."abc-.:%<&é"), minLength: 1, maxLength: 9 })
      .filter((text) => text !== "." && text !== "..");
    const start = fc.array(segment, { minLength: 1, maxLength: 2 }).map((segments) => `${segments.join("/")}\0`);
    const version = fc.bigInt({ min: 1n, max: 2n ** 128n }).map(String);
    fc.assert(
      fc.property(version, start, fc.boolean(), (resourceVersion, key, slash) => {
        const token = encodeContinue({ resourceVersion, start: slash ? `/${key}` : key });
        expect(decodeContinue(token)).toEqual({ resourceVersion, start: key });
      }),
      { seed: SEED },
    );
  });

  test.for([
    ["a", "continue key is not valid: illegal base64 data at input byte 0"],
    ["ab=c", "continue key is not valid: illegal base64 data at input byte 2"],
    [encode("{"), "continue key is not valid: unexpected end of JSON input"],
    [encode("x"), "continue key is not valid: invalid character 'x' looking for beginning of value"],
    [encode('{"v":"v9"}'), "continue key is not valid: server does not recognize this encoded version v9"],
    [
      encode('{"v":"meta.k8s.io/v1","start":"a"}'),
      "continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
    ],
    [
      encode('{"v":"meta.k8s.io/v1","rv":1}'),
      "continue key is not valid: encoded start key empty (version meta.k8s.io/v1)",
    ],
    [encode('{"v":"meta.k8s.io/v1","rv":1,"start":"../x"}'), "continue key is not valid: ../x"],
    [encode('{"v":"meta.k8s.io/v1","rv":1,"start":"a//b"}'), "continue key is not valid: a//b"],
  ] as const)("%s is refused", ([token, message]) => {
    expect(refusal(() => decodeContinue(token))).toEqual({ code: 400, message: `invalid continue token: ${message}` });
  });

  test("any text is either a token, or a 400", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json().map(encode), fc.base64String()), (token) => {
        const refused = refusalOf(() => decodeContinue(token));
        expect(refused?.status.code ?? 400).toBe(400);
      }),
      { seed: SEED },
    );
  });
});
