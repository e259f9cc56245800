import { KrmError, MemoryStore, Monitor, NODES, PODS, type RolePhase, type StreamerReport } from "@krm/core";
import type { RoleAtWork } from "@krm/metrics/prometheus";
import { ClusterSource, ManualClock, SimCluster } from "@krm/testkit";
import { beforeEach, describe, expect, it } from "vitest";
import { loopOf } from "../src/health/loop.ts";
import { LoopWatch } from "../src/health/loop-watch.ts";
import { MonitorBoard } from "../src/monitoring/monitor-board.ts";
import { StoreHealth } from "../src/stores/store-health.ts";
import { recordingLogger } from "./recording-logger.ts";

const MINUTE = 60_000;
const REFUSED = { code: "KRM_CONNECTION", message: "refused", hint: undefined, status: undefined } as const;

let clock: ManualClock;
let watch: LoopWatch;

beforeEach(() => {
  clock = new ManualClock();
  watch = new LoopWatch(clock);
});

function streamer(state: RolePhase, more: Partial<StreamerReport> = {}, resource = PODS): RoleAtWork {
  const counts = { events: 0, bookmarks: 0, lists: 0, watches: 0, stalls: 0, emptied: 0, failures: 0 };
  const none = { progress: undefined, lastContact: undefined, initial: undefined, silentSince: undefined };
  const report = { state, ...none, ...counts, desyncs: {}, ...more } as StreamerReport;
  return { role: "streamer", scope: { resource }, standing: "holding", report, queued: 0 };
}

function merger(queued: number, failing = false): RoleAtWork {
  const report = { queued, late: 0, failing: failing ? { since: 0, error: REFUSED } : undefined };
  return {
    role: "merger",
    scope: { resource: PODS },
    standing: "holding",
    report: report as RoleAtWork["report"],
    queued,
  };
}

/** Looks at a role that stays as it is, once a minute for so long. */
async function stuckAfter(
  minutes: number,
  at: RoleAtWork | ((minute: number) => RoleAtWork),
): Promise<readonly string[]> {
  for (let minute = 0; minute <= minutes; minute++) {
    if (minute > 0) await clock.advance(MINUTE);
    watch.look([loopOf(typeof at === "function" ? at(minute) : at, "same")], false);
  }
  return watch.stuck();
}

describe("a loop", () => {
  it.each<RolePhase["phase"] & ("listing" | "connecting" | "watching")>(["listing", "connecting", "watching"])(
    "that is %s hangs when nothing comes of it for longer than a request can last",
    async (phase) => {
      const still = streamer({ phase, since: 0 });
      expect(await stuckAfter(15, still)).toEqual([]);
      expect(await stuckAfter(1, still)).toEqual([`v1/pods streamer makes no progress (${phase})`]);
    },
  );

  it("that gets something now and then goes on, however long it takes", async () => {
    const events = (minute: number): RoleAtWork =>
      streamer({ phase: "watching", since: 0 }, { bookmarks: minute >> 3 });
    expect(await stuckAfter(120, events)).toEqual([]);
    const progress = { pages: 1, objects: 1, bytes: 1, expected: undefined };
    const listing = (minute: number): RoleAtWork =>
      streamer({ phase: "listing", since: 0 }, { progress: { ...progress, objects: minute >> 3 } });
    expect(await stuckAfter(120, listing)).toEqual([]);
  });

  it("that is merely disconnected goes on: it tries again", async () => {
    const trying = (minute: number): RoleAtWork => {
      const since = minute * MINUTE;
      return streamer({ phase: "backing-off", since, until: since + 30_000, attempt: minute, error: REFUSED });
    };
    expect(await stuckAfter(24 * 60, trying)).toEqual([]);
  });

  it("that does not come back from a pause hangs, however long the pause was to be", async () => {
    const pause = { since: 0, until: 60 * MINUTE };
    const blocked = streamer({ phase: "blocked", ...pause, reason: "forbidden", error: REFUSED });
    expect(await stuckAfter(75, blocked)).toEqual([]);
    expect(await stuckAfter(1, blocked)).toEqual(["v1/pods streamer makes no progress (blocked)"]);
  });

  it("whose pause seems over because the wall clock was put right does not hang", async () => {
    const waiting = streamer({ phase: "waiting", since: -1e12, until: -1e12 + MINUTE });
    expect(await stuckAfter(10, waiting)).toEqual([]);
  });

  it("of a merger hangs when what is queued is not written, and nothing says why", async () => {
    expect(await stuckAfter(6, merger(7))).toEqual(["v1/pods merger makes no progress (merging)"]);
    watch = new LoopWatch(clock);
    expect(await stuckAfter(60, merger(7, true))).toEqual([]);
    expect(await stuckAfter(60, merger(0))).toEqual([]);
  });

  it("of a role that another process has, or that nobody asked for yet, has all the time", async () => {
    const by = { ...streamer({ phase: "listing", since: 0 }), standing: "standing-by" } as const;
    expect(await stuckAfter(60, by)).toEqual([]);
    expect(await stuckAfter(60, { ...by, standing: "waiting-for-store" })).toEqual([]);
    expect(await stuckAfter(60, { ...by, standing: "holding", report: undefined })).toEqual([]);
  });

  it("is one of several, each on its own", async () => {
    for (let minute = 0; minute <= 20; minute++) {
      if (minute > 0) await clock.advance(MINUTE);
      const [still, going] = [
        streamer({ phase: "watching", since: 0 }),
        streamer({ phase: "watching", since: 0 }, { events: minute }, NODES),
      ];
      watch.look([loopOf(still, ""), loopOf(going, "")], false);
    }
    expect(watch.stuck()).toEqual(["v1/pods streamer makes no progress (watching)"]);
  });
});

describe("a store that does not answer", () => {
  it("makes nothing of a monitor look stuck that it would have told of", async () => {
    const still = [loopOf(streamer({ phase: "watching", since: 0 }), "")];
    watch.look(still, false);
    for (let minute = 0; minute < 60; minute++) {
      await clock.advance(MINUTE);
      watch.look(still, true);
    }
    expect(watch.stuck()).toEqual([]);
    await clock.advance(16 * MINUTE);
    watch.look(still, false);
    expect(watch.stuck()).toHaveLength(1);
  });

  it("makes a monitor unready, which knows only how its scopes were", async () => {
    const health = new StoreHealth(recordingLogger(), clock);
    const board = new MonitorBoard(health, clock);
    const memory = new MemoryStore();
    const source = new ClusterSource({ cluster: new SimCluster({ clock }) });
    await using monitor = new Monitor({ source, store: memory, resources: [PODS], clock });
    board.follow(monitor);
    monitor.start();
    while (!board.checks().every(({ ready }) => ready)) {
      await clock.advance(1000);
      board.see(await monitor.status());
    }
    const failing = health.heard("v1/pods", "meta", async () =>
      Promise.reject(new KrmError("KRM_STORE_FAILED", "gone")),
    );
    await failing.catch(() => {});
    await clock.advance(10_001);
    expect(board.checks()).toEqual([{ ready: false, line: "v1/pods holding, the store fails" }]);
  });

  it("does not stop a monitor's heart", async () => {
    const board = new MonitorBoard(new StoreHealth(recordingLogger(), clock), clock);
    await clock.advance(20_000);
    expect(board.silentMs).toBe(20_000);
    board.beat();
    expect([board.silentMs, board.stuck()]).toEqual([0, []]);
  });
});
