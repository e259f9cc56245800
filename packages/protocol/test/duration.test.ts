import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "@krm/protocol";

describe("parseDuration", () => {
  it.each([
    ["30s", 30_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["500ms", 500],
    ["1h1m1s1ms", 3_661_001],
    ["0s", 0],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    "",
    "30",
    "30000",
    "s",
    "-5s",
    "1.5s",
    "5m1h",
    "1s1s",
    "5 s",
    "5S",
    "5d",
    "9007199254740993h",
    "1".repeat(64) + "s",
  ])("refuses %j and says how to write it", (text) => {
    expect(() => parseDuration(text)).toThrow(/is not a duration: write whole numbers with units/);
  });
});

describe("formatDuration", () => {
  it.each([0, 1, 999, 1000, 60_000, 90_061_001, 3_600_000])("writes %d as parseDuration reads it", (ms) => {
    expect(parseDuration(formatDuration(ms))).toBe(ms);
  });

  it("is short", () => {
    expect(formatDuration(5_400_000)).toBe("1h30m");
    expect(formatDuration(0)).toBe("0s");
  });
});
