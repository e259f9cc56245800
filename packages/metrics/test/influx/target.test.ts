import { KrmError } from "@krm/core";
import { describe, expect, test } from "vitest";
import type { InfluxTarget } from "../../src/influx/index.ts";
import { authorization, checkTarget, redacted, targetName, writePath } from "../../src/influx/target.ts";

const V1: InfluxTarget & { api: "v1" } = { api: "v1", url: "http://db:8086", database: "krm" };
const V2: InfluxTarget & { api: "v2" } = { api: "v2", url: "http://db:8086", org: "o", bucket: "b" };

describe("a target", () => {
  test.each<InfluxTarget>([
    V1,
    { ...V1, url: "https://[::1]:8086/influx/" },
    { ...V1, user: "u", password: "p:w ö" },
    V2,
    { ...V2, token: "" },
    { ...V2, url: "http://vm:8480/insert/0/influx", token: "abc==" },
  ])("can be %j", (target) => {
    expect(() => checkTarget(target)).not.toThrow();
  });

  test.each<[string, unknown]>([
    ["api", { ...V1, api: "v3" }],
    ["url", { ...V1, url: "db:8086" }],
    ["url", { ...V1, url: "unix:///run/influx" }],
    ["url", { ...V1, url: undefined }],
    ["url", { ...V1, url: "http://user:hush@db:8086" }],
    ["url", { ...V1, url: "http://db:8086/?u=x&p=hush" }],
    ["url", { ...V1, url: "http://db:8086/write" }],
    ["url", { ...V2, url: "http://db:8086/api/v2/" }],
    ["database", { ...V1, database: "" }],
    ["retentionPolicy", { ...V1, retentionPolicy: "" }],
    ["password", { ...V1, password: "hush" }],
    ["user", { ...V1, user: "a:b", password: "hush" }],
    ["org", { ...V2, org: "" }],
    ["bucket", { ...V2, bucket: undefined }],
    ["token", { ...V2, token: "hush\n" }],
  ])("is refused for its %s: %j", (option, target) => {
    let error: unknown;
    try {
      checkTarget(target as InfluxTarget);
    } catch (thrown) {
      error = thrown;
    }
    expect(KrmError.is(error, "KRM_INVALID_ARGUMENT")).toBe(true);
    const { message, hint } = error as KrmError;
    expect(message).toContain(`target's ${option} cannot be used`);
    expect(hint).toBeDefined();
    expect(message + hint).not.toContain("hush");
  });

  test("says who writes in a header", () => {
    expect(authorization(V1)).toBeUndefined();
    expect(authorization({ ...V1, user: "u" })).toBe(`Basic ${btoa("u:")}`);
    expect(authorization({ ...V1, user: "u", password: "p:w" })).toBe(`Basic ${btoa("u:p:w")}`);
    expect(authorization({ ...V2, token: "" })).toBeUndefined();
    expect(authorization({ ...V2, token: "t" })).toBe("Token t");
  });

  test("has a path and a name without a secret", () => {
    expect(writePath({ ...V1, database: "k&m", user: "u", password: "hush" })).toBe("/write?db=k%26m&precision=ns");
    expect(writePath({ ...V1, retentionPolicy: "a b" })).toBe("/write?db=krm&precision=ns&rp=a+b");
    expect(targetName({ ...V1, url: "http://db:8086/x/" })).toBe("http://db:8086/x");
  });

  test("is kept out of what a server repeats", () => {
    const said = `no: hush, ${btoa("u:hush")}`;
    expect(redacted(said, { ...V1, user: "u", password: "hush" })).toBe("no: ***, ***");
    expect(redacted("no: hush", { ...V2, token: "hush" })).toBe("no: ***");
    expect(redacted("no", { ...V2, token: "" })).toBe("no");
  });
});
