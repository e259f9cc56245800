import type { MergerStatus, ScopeStatusBody } from "@krm/protocol";
import { describe, expect, test } from "vitest";
import { isVerified, unexplained } from "./verification.ts";

const NONE = { added: 0, modified: 0, deleted: 0, recreated: 0 };
const MERGER: MergerStatus = {
  verifications: {},
  modes: {},
  missed: NONE,
  missedByCause: {},
  exposure: { totalSeconds: 0, longestSeconds: 0 },
  repairs: 0,
  pending: 0,
  resynced: 0,
  late: 0,
  contradictions: 0,
  queued: 0,
  recent: [],
};
const PODS: ScopeStatusBody = {
  resource: "v1/pods",
  name: "pods",
  kind: "Pod",
  state: "synced",
  objects: 1,
  bytes: 1,
  epoch: 0,
};
const NOON = Date.parse("2026-01-01T12:00:00Z");

describe("that all is verified anew", () => {
  test.each([
    ["never verified", PODS, false],
    ["verified before", { ...PODS, verifiedAt: "2026-01-01T11:59:59Z" }, false],
    ["verified since, and out of touch", { ...PODS, verifiedAt: "2026-01-01T12:00:01Z", state: "stale" }, false],
    ["verified since", { ...PODS, verifiedAt: "2026-01-01T12:00:01Z" }, true],
  ] as const)("is told of a resource: %s", (_name, scope, verified) => {
    expect(isVerified(scope, NOON)).toBe(verified);
  });
});

describe("what was missed without a reason", () => {
  const found = (missedByCause: MergerStatus["missedByCause"]): readonly string[] =>
    unexplained({ scopes: [{ ...PODS, merger: { ...MERGER, missedByCause } }] });

  test("is counted where nothing hid it, and nowhere else", () => {
    expect(found({ upstream: { ...NONE, added: 1, modified: 2 } })).toEqual(["pods: 3"]);
    expect(found({ expired: { ...NONE, added: 1, modified: 2 } })).toEqual([]);
  });

  test("is not none where nobody tells", () => {
    expect(() => unexplained({ scopes: [PODS] })).toThrow("pods does not tell what verifications have found");
  });
});
