import fc from "fast-check";
import { expect, test } from "vitest";
import { compareResourceVersions, isResourceVersion, parseResourceVersion } from "../src/index.ts";

test("law 8: versions are ordered like the integers they spell, at any length", () => {
  const version = fc.bigInt({ min: 1n, max: 2n ** 128n - 1n });
  fc.assert(
    fc.property(version, version, (a, b) => {
      const order = compareResourceVersions(parseResourceVersion(String(a)), parseResourceVersion(String(b)));
      expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});

test("law 8: what is not a positive decimal is no version", () => {
  for (const text of ["", "0", "01", "-1", "1.0", "1e3", "abc", " 1", "１"])
    expect(isResourceVersion(text)).toBe(false);
  expect(() => parseResourceVersion("abc")).toThrow(expect.objectContaining({ code: "KRM_INVALID_RESOURCE_VERSION" }));
});
