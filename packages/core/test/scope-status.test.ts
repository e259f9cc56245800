import { describe, expect, test } from "vitest";
import {
  DESYNC_CAUSES,
  judgeScope,
  type MergerReport,
  type RolePhase,
  type RoleReports,
  type StreamerReport,
  type ViewMeta,
} from "../src/index.ts";

const now = Date.UTC(2026, 0, 1);
const error = { code: "KRM_CONNECTION", message: "refused", hint: undefined, status: undefined } as const;

function view(more: Partial<ViewMeta> = {}): ViewMeta {
  return {
    epoch: 0,
    version: "7",
    resumeFloor: undefined,
    repairPending: false,
    horizon: "7",
    verifiedAt: now,
    streamedThrough: undefined,
    lastContact: now,
    snapshotOnly: false,
    cursor: "c",
    objects: 1,
    bytes: 1,
    ...more,
  };
}

function streamer(state: RolePhase): Partial<RoleReports> {
  const desyncs = Object.fromEntries(DESYNC_CAUSES.map((cause) => [cause, 0])) as StreamerReport["desyncs"];
  const quiet = { initial: undefined, silentSince: undefined, stalls: 0, emptied: 0 };
  const counters = { ...quiet, events: 0, bookmarks: 0, lists: 0, watches: 0, failures: 0 };
  return { streamer: { state, progress: undefined, lastContact: now, ...counters, desyncs } };
}

const watching = streamer({ phase: "watching", since: now });
const judge = (meta: ViewMeta, reports: Partial<RoleReports>): string => judgeScope(meta, reports, now).state;

describe("a view is", () => {
  test("syncing until there is a complete list, whatever the streamer does", () => {
    expect(judge(view({ version: undefined }), watching)).toBe("syncing");
    expect(judge(view({ version: undefined }), {})).toBe("syncing");
  });

  test("synced while a watch is heard of, up to 150 s of silence", () => {
    expect(judge(view({ lastContact: now - 150_000 }), watching)).toBe("synced");
    expect(judge(view({ lastContact: now - 150_001 }), watching)).toBe("stale");
  });

  test("stale after 10 s without a watch; a list that is under way is none", () => {
    for (const phase of ["listing", "connecting"] as const) {
      expect(judge(view({ lastContact: now - 10_000 }), streamer({ phase, since: now }))).toBe("synced");
      expect(judge(view({ lastContact: now - 10_001 }), streamer({ phase, since: now }))).toBe("stale");
    }
  });

  test("stale where nobody reports, or nothing was ever heard", () => {
    expect(judge(view({ lastContact: now - 11_000 }), {})).toBe("stale");
    expect(judge(view({ lastContact: undefined }), watching)).toBe("stale");
  });

  test("trap 41: stale where the last contact lies in the future", () => {
    expect(judge(view({ lastContact: now + 3_600_000 }), watching)).toBe("stale");
    expect(judge(view({ lastContact: now + 1000 }), watching)).toBe("synced");
  });

  test("forbidden or gone while the API server says so, with the view still there", () => {
    const blocked = (reason: "unauthorized" | "forbidden" | "gone"): Partial<RoleReports> =>
      streamer({ phase: "blocked", since: now, until: now, reason, error });
    expect(judge(view(), blocked("forbidden"))).toBe("forbidden");
    expect(judge(view(), blocked("unauthorized"))).toBe("forbidden");
    expect(judgeScope(view(), blocked("gone"), now)).toEqual({ state: "gone", error });
  });

  test("stale where the role that was turned away has not probed again when it should have: it is gone", () => {
    const blocked = (until: number): Partial<RoleReports> =>
      streamer({ phase: "blocked", since: now - 90_000, until, reason: "forbidden", error });
    const meta = view({ lastContact: now - 90_000 });
    expect(judge(meta, blocked(now - 10_000))).toBe("forbidden");
    expect(judge(meta, blocked(now - 10_001))).toBe("stale");
  });

  test("snapshot-only while it is polled, and stale when that stops", () => {
    const polling = streamer({ phase: "polling", since: now, until: now, reason: "not-watchable" });
    expect(judge(view(), polling)).toBe("snapshot-only");
    expect(judge(view({ snapshotOnly: true }), polling)).toBe("snapshot-only");
    expect(judge(view({ snapshotOnly: true, lastContact: now - 200_000 }), polling)).toBe("stale");
  });

  test("failed when what was received cannot be written for longer than 10 s", () => {
    const failing = (since: number): Partial<RoleReports> => ({
      ...watching,
      merger: { failing: { since, error } } as MergerReport,
    });
    expect(judge(view(), failing(now - 10_000))).toBe("synced");
    expect(judgeScope(view(), failing(now - 10_001), now)).toEqual({ state: "failed", error });
  });
});
