import { describe, expect, test } from "vitest";
import { type Failure, failureError } from "../../src/influx/exchange/failure-error.ts";
import type { InfluxTarget } from "../../src/influx/index.ts";

const V1: InfluxTarget = { api: "v1", url: "http://db:8086/", database: 'k"rm', user: "krm", password: "hush" };
const V2: InfluxTarget = { api: "v2", url: "https://db/influx", org: "o", bucket: "b", token: "hush" };
const unreachable = (code: string, words = "words of Node.js"): Failure => ({ type: "unreachable", code, words });

describe("a failure is told", () => {
  test.each<[Failure, InfluxTarget, string | undefined, string, string, string]>([
    [
      unreachable("ECONNREFUSED"),
      V1,
      undefined,
      "KRM_CONNECTION",
      "InfluxDB at http://db:8086: the connection was refused (ECONNREFUSED)",
      "is this its port",
    ],
    [
      unreachable("ENOTFOUND"),
      V2,
      undefined,
      "KRM_CONNECTION",
      "InfluxDB at https://db/influx: the name cannot be resolved (ENOTFOUND)",
      "DNS",
    ],
    [
      unreachable("DEPTH_ZERO_SELF_SIGNED_CERT"),
      V2,
      undefined,
      "KRM_CONNECTION",
      "not trusted here",
      "NODE_EXTRA_CA_CERTS",
    ],
    [
      unreachable("HPE_INVALID_CONSTANT"),
      V1,
      undefined,
      "KRM_CONNECTION",
      "is not HTTP (HPE_INVALID_CONSTANT)",
      "https://",
    ],
    [unreachable("EPROTO"), V2, undefined, "KRM_CONNECTION", "does not speak TLS", "http://"],
    [
      { type: "blocked", reason: "unauthorized", status: 401, words: "authorization failed" },
      V1,
      undefined,
      "KRM_METRICS_REFUSED",
      "InfluxDB at http://db:8086 does not accept the user and the password (401): authorization failed",
      "give a user",
    ],
    [
      { type: "blocked", reason: "unauthorized", status: 401, words: "" },
      V2,
      undefined,
      "KRM_METRICS_REFUSED",
      "does not accept the token (401)",
      "give a token",
    ],
    [
      { type: "blocked", reason: "forbidden", status: 403, words: "" },
      V1,
      undefined,
      "KRM_METRICS_REFUSED",
      'does not let the user krm write to the database "k\\"rm"',
      String.raw`GRANT WRITE ON "k\"rm" TO "krm"`,
    ],
    [
      { type: "blocked", reason: "forbidden", status: 403, words: "" },
      V2,
      undefined,
      "KRM_METRICS_REFUSED",
      'does not let the token write to the bucket "b"',
      'bucket "b"',
    ],
    [
      { type: "blocked", reason: "not-found", status: 404, words: "" },
      V2,
      undefined,
      "KRM_METRICS_REFUSED",
      'does not have the bucket "b" (404)',
      "create it",
    ],
    [
      { type: "blocked", reason: "not-found", status: 404, words: "" },
      V1,
      "requires admin privilege",
      "KRM_METRICS_REFUSED",
      'does not have the database "k\\"rm", and KRM could not create it: requires admin privilege (404)',
      String.raw`CREATE DATABASE "k\"rm"`,
    ],
    [
      { type: "blocked", reason: "unexpected", status: 404, words: "404 page not found" },
      V2,
      undefined,
      "KRM_METRICS_REFUSED",
      "does not answer a write as InfluxDB does (404): 404 page not found",
      "v1",
    ],
    [
      { type: "retry", retryAfterMs: undefined, status: 503, words: "overloaded" },
      V1,
      undefined,
      "KRM_METRICS_REFUSED",
      "InfluxDB at http://db:8086 answered 503 to a write: overloaded",
      "by itself",
    ],
  ])("%j of %j", (failure, target, uncreated, code, message, hint) => {
    const error = failureError(failure, target, uncreated);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
    expect(`${error.message} ${error.hint}`).not.toContain("hush");
  });
});
