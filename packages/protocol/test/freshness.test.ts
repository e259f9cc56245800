import { describe, expect, it } from "vitest";
import {
  formatFreshness,
  formatWarning,
  type Freshness,
  parseFreshness,
  parseWarnings,
  worstState,
} from "@krm/protocol";

const FULL: Freshness = {
  state: "stale",
  verifiedAt: new Date("2026-11-23T06:13:54.123Z"),
  verifiedResourceVersion: "9007199254740993",
  streamedThrough: "9007199254741000",
  lastContact: new Date("2026-11-23T06:14:00.000Z"),
  warnings: ['pods: last contact "95s" ago, \\ and more', "second, with a comma"],
};
const BARE: Freshness = {
  state: "syncing",
  verifiedAt: undefined,
  verifiedResourceVersion: undefined,
  streamedThrough: undefined,
  lastContact: undefined,
  warnings: [],
};

describe("freshness headers", () => {
  it.each([FULL, BARE])("are read back as written ($state)", (freshness) => {
    const written = formatFreshness(freshness);
    const headers = new Headers();
    for (const [name, value] of Object.entries(written)) {
      for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
    }
    expect(parseFreshness(headers)).toEqual(freshness);
    const lowered = Object.fromEntries(Object.entries(written).map(([name, value]) => [name.toLowerCase(), value]));
    expect(parseFreshness(lowered)).toEqual(freshness);
  });

  it("leave out what is unknown", () => {
    expect(formatFreshness(BARE)).toEqual({ "KRM-State": "syncing" });
  });

  it("without a known state are not KRM's", () => {
    expect(parseFreshness(new Headers())).toBeUndefined();
    expect(parseFreshness({ "krm-state": "splendid" })).toBeUndefined();
  });

  it("with a time that does not parse leave it unknown", () => {
    expect(parseFreshness({ "krm-state": "synced", "krm-verified-at": "soon" })?.verifiedAt).toBeUndefined();
  });
});

describe("warnings", () => {
  it("carry only what a header can", () => {
    expect(formatWarning("a\r\nb “c”")).toBe('299 krm "a??b ?c?"');
  });

  it("are read whatever the agent, and past a quoted date", () => {
    expect(parseWarnings('299 - "one" "Mon, 23 Nov 2026 06:13:54 GMT", 299 krm "two, three"')).toEqual([
      "one",
      "two, three",
    ]);
  });

  it.each(["", "299 krm", '299 krm "unclosed', '299 krm "ends with a backslash\\'])(
    "reads nothing from %j",
    (header) => {
      expect(parseWarnings(header)).toEqual([]);
    },
  );
});

describe("worstState", () => {
  it("takes the worst of a union", () => {
    expect(worstState(["synced", "stale", "snapshot-only"])).toBe("stale");
    expect(worstState(["synced", "forbidden", "syncing"])).toBe("forbidden");
    expect(worstState([])).toBe("synced");
  });
});
