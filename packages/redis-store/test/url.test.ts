import { KrmError } from "@krm/core";
import { describe, expect, it } from "vitest";
import { describeTarget } from "../src/connection/redis-target.ts";
import { parseRedisUrl } from "../src/connection/redis-url.ts";

const NOBODY = { user: undefined, password: undefined, passwordFile: undefined };
const PLAIN = { prefix: "krm", tls: undefined, ...NOBODY };
const TLS = { caFile: undefined, certFile: undefined, keyFile: undefined };
const SENTINEL = { sentinelUser: undefined, sentinelPasswordFile: undefined };

function refusal(url: string): KrmError {
  try {
    parseRedisUrl(url);
  } catch (error) {
    if (KrmError.is(error, "KRM_INVALID_ARGUMENT")) return error;
    throw error;
  }
  throw new Error(`${url} was not refused`);
}

describe("parseRedisUrl", () => {
  it.each([
    ["redis://h", { ...PLAIN, type: "single", host: "h", port: 6379, db: 0 }],
    ["redis://h:1/", { ...PLAIN, type: "single", host: "h", port: 1, db: 0 }],
    ["redis://127.0.0.1:65535/15", { ...PLAIN, type: "single", host: "127.0.0.1", port: 65535, db: 15 }],
    ["redis://[::1]:7000/2", { ...PLAIN, type: "single", host: "::1", port: 7000, db: 2 }],
    ["redis://[fe80::1]", { ...PLAIN, type: "single", host: "fe80::1", port: 6379, db: 0 }],
    ["redis://:p@h", { ...PLAIN, type: "single", host: "h", port: 6379, db: 0, password: "p" }],
    ["redis://u:p@h", { ...PLAIN, type: "single", host: "h", port: 6379, db: 0, user: "u", password: "p" }],
    ["redis://u:@h", { ...PLAIN, type: "single", host: "h", port: 6379, db: 0, user: "u", password: "" }],
    [
      "redis://u%40x:p%2F%3f%23%40%3A%25@h",
      { ...PLAIN, type: "single", host: "h", port: 6379, db: 0, user: "u@x", password: "p/?#@:%" },
    ],
    ["redis://u:p:q@h", { ...PLAIN, type: "single", host: "h", port: 6379, db: 0, user: "u", password: "p:q" }],
    [
      "redis://h?prefix=team-a&user=u&passwordFile=/run/a%20b",
      { ...PLAIN, type: "single", host: "h", port: 6379, db: 0, prefix: "team-a", user: "u", passwordFile: "/run/a b" },
    ],
    ["rediss://h", { ...PLAIN, type: "single", host: "h", port: 6379, db: 0, tls: TLS }],
    [
      "rediss://h?ca=a+b.pem&cert=c&key=k",
      {
        ...PLAIN,
        type: "single",
        host: "h",
        port: 6379,
        db: 0,
        tls: { caFile: "a+b.pem", certFile: "c", keyFile: "k" },
      },
    ],
    [
      "redis+sentinel://a,b:1,[::1]:2/my-master/3",
      {
        ...PLAIN,
        ...SENTINEL,
        type: "sentinel",
        sentinels: [
          { host: "a", port: 26379 },
          { host: "b", port: 1 },
          { host: "::1", port: 2 },
        ],
        masterName: "my-master",
        db: 3,
      },
    ],
    [
      "rediss+sentinel://u:p@a/m?sentinelUser=s&sentinelPasswordFile=f",
      {
        ...PLAIN,
        type: "sentinel",
        sentinels: [{ host: "a", port: 26379 }],
        masterName: "m",
        db: 0,
        tls: TLS,
        user: "u",
        password: "p",
        sentinelUser: "s",
        sentinelPasswordFile: "f",
      },
    ],
    [
      "redis+cluster://:p@a:1,b",
      {
        ...PLAIN,
        type: "cluster",
        nodes: [
          { host: "a", port: 1 },
          { host: "b", port: 6379 },
        ],
        password: "p",
      },
    ],
    ["rediss+cluster://a/", { ...PLAIN, type: "cluster", nodes: [{ host: "a", port: 6379 }], tls: TLS }],
  ])("reads %s", (url, target) => {
    expect(parseRedisUrl(url)).toEqual(target);
  });

  it.each([
    ["", "has no scheme"],
    ["localhost:6379", "has no scheme"],
    ["http://h", 'has the scheme "http"'],
    ["redis+sentinels://h/m", 'has the scheme "redis+sentinels"'],
    ["redis://", "has no host"],
    ["redis://:6379", "has no host"],
    ["redis://h,", "has no host"],
    ["redis://::1", "has no host"],
    ["redis://a b", "has a host that cannot be one"],
    ["redis://[h]", "has a host that cannot be one"],
    ["redis://h:0", 'has a port after "h" that is no number from 1 to 65535'],
    ["redis://h:65536", 'has a port after "h" that is no number from 1 to 65535'],
    ["redis://h:1e3", 'has a port after "h" that is no number from 1 to 65535'],
    ["redis://a:1,b:2", "names several hosts"],
    ["redis://h/x", "ends in something that is no database"],
    ["redis://h/0/1", "ends in something that is no database"],
    ["redis://@h", "has nothing before the @"],
    ["redis://:@h", "has nothing before the @"],
    ["redis://u@h", "has a user and no password"],
    ["redis://h?user=u", "has a user and no password"],
    ["redis://u:p@h?user=v", "names the user twice"],
    ["redis://u:p@h?passwordFile=f", "has a password and a passwordFile"],
    ["redis://u:%zz@h", "has a % in the password that encodes nothing"],
    ["redis://h#x", "has a #"],
    ["redis://h?db=1", 'has the parameter "db"'],
    ["redis://h?prefix=a&prefix=b", "has the parameter prefix twice"],
    ["redis://h?prefix", "has the parameter prefix without a value"],
    ["redis://h?prefix=", "has the parameter prefix without a value"],
    ["redis://h?prefix=a%7Bb", "has a prefix with a brace, a space or a control character"],
    ["redis://h?prefix=a%20b", "has a prefix with a brace, a space or a control character"],
    ["redis://h?prefix=a%00b", "has a prefix with a brace, a space or a control character"],
    ["redis://h?ca=f", "has the parameter ca and no TLS"],
    ["rediss://h?cert=f", "has cert without key"],
    ["rediss://h?key=f", "has key without cert"],
    ["redis://h?sentinelUser=s", "has the parameter sentinelUser and no Sentinels"],
    ["redis+sentinel://h", "does not name the master"],
    ["redis+sentinel://h/", "does not name the master"],
    ["redis+sentinel://h/a%20b", "has a master's name that Sentinel does not allow"],
    ["redis+sentinel://h/m/x", "ends in something that is no database"],
    ["redis+sentinel://h/m/1/2", "goes on after the database"],
    ["redis+sentinel://h/m?sentinelUser=s", "has sentinelUser without sentinelPasswordFile"],
    ["redis+cluster://h/0", "names a database, and a cluster has none"],
  ])("refuses %s", (url, problem) => {
    const { message, hint } = refusal(url);
    expect(message).toBe(`the URL of the Redis server ${problem}`);
    expect(hint).toBeTruthy();
  });

  it.each([
    "redis://u:pa/hunter2@h",
    "redis://u:hunter2?pa@h",
    "redis://u:pa#hunter2@h",
    "redis://u:hunter2",
    "redis://:hunter2",
    "redis://:hunter2@h:99999",
    "redis://u:hunter2@h/x",
    "redis://u:hunter2@h?nope=1",
    "redis://u:hunter2@a b",
    "redis://u:hunter2%@h",
    "redis+sentinel://u:hunter2@h",
  ])("tells nothing of the password in %s", (url) => {
    const { message, hint, stack, cause } = refusal(url);
    expect(`${message} ${hint} ${stack} ${String(cause)}`).not.toContain("hunter2");
  });
});

describe("describeTarget", () => {
  it.each([
    ["redis://u:p@[::1]/1?prefix=x", "redis://[::1]:6379/1"],
    ["rediss://h?user=u&passwordFile=f", "rediss://h:6379/0"],
    ["redis+sentinel://u:p@a,b:1/m", "redis+sentinel://a:26379,b:1/m/0"],
    ["rediss+cluster://u:p@a,b:1", "rediss+cluster://a:6379,b:1"],
  ])("shows %s as %s", (url, shown) => {
    expect(describeTarget(parseRedisUrl(url))).toBe(shown);
  });
});
