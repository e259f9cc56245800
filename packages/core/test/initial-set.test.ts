import { describe, expect, test } from "vitest";
import type { ResourceVersion } from "../src/index.ts";
import { InitialSet } from "../src/stream/initial-set.ts";
import { storedObject } from "./support/objects.ts";

const seen = (set: InitialSet): string[] =>
  [...set.entries].map(([key, { uid, resourceVersion }]) => `${key} ${uid} ${resourceVersion}`);

describe("initial events", () => {
  test("are a set, whatever their order", () => {
    const set = new InitialSet(undefined);
    expect(set.take("ADDED", storedObject("b", "u2", "20"))).toBe(true);
    expect(set.take("ADDED", storedObject("a", "u1", "9"))).toBe(true);
    expect(seen(set)).toEqual(["ns/b u2 20", "ns/a u1 9"]);
    expect(set.bytes).toBe(2 * storedObject("a", "u1", "9").bytes.byteLength + 1);
  });

  test("among which something changes or goes are as that left them", () => {
    const set = new InitialSet(undefined);
    set.take("ADDED", storedObject("a", "u1", "9"));
    set.take("ADDED", storedObject("b", "u2", "20"));
    expect(set.take("MODIFIED", storedObject("a", "u1", "21"))).toBe(false);
    expect(set.take("DELETED", storedObject("b", "u2", "22"))).toBe(false);
    expect(seen(set)).toEqual(["ns/a u1 21"]);
    expect(set.take("ADDED", storedObject("b", "u3", "23"))).toBe(true);
    expect(seen(set)).toEqual(["ns/a u1 21", "ns/b u3 23"]);
  });

  test("that are overtaken by a change or a deletion do not bring the old state back", () => {
    const set = new InitialSet(undefined);
    set.take("MODIFIED", storedObject("a", "u1", "21"));
    set.take("ADDED", storedObject("a", "u1", "9"));
    set.take("DELETED", storedObject("b", "u2", "22"));
    set.take("ADDED", storedObject("b", "u2", "20"));
    set.take("DELETED", storedObject("a", "u0", "8"));
    expect(seen(set)).toEqual(["ns/a u1 21"]);
  });

  test("of what is held at that very version are kept without their body", () => {
    const { key, uid, resourceVersion } = storedObject("a", "u1", "9");
    const set = new InitialSet((asked) => (asked === key ? { key, uid, resourceVersion } : undefined));
    set.take("ADDED", storedObject("a", "u1", "9"));
    set.take("ADDED", storedObject("b", "u1", "9"));
    expect([...set.entries.values()].map(({ object }) => object?.name)).toEqual([undefined, "b"]);
    set.take("MODIFIED", storedObject("a", "u1", "10"));
    expect(set.entries.get(key)?.object?.resourceVersion).toBe("10");
    const reborn = new InitialSet(() => ({ key, uid, resourceVersion }));
    reborn.take("ADDED", storedObject("a", "u9", "9"));
    expect(reborn.entries.get(key)?.object).toBeDefined();
  });

  test("law 8: of versions that cannot be ordered are refused", () => {
    const object = { ...storedObject("a", "u1", "9"), resourceVersion: "v-1" as ResourceVersion };
    expect(() => new InitialSet(undefined).take("ADDED", object)).toThrow(
      expect.objectContaining({ code: "KRM_INVALID_RESOURCE_VERSION" }),
    );
  });
});
