import { Monitor, PODS, type RolePhase, type StreamerReport } from "@krm/core";
import { ClusterSource, ManualClock, SimCluster } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { FAULTS, FaultySource, type Place } from "./faulty-source.ts";
import { pod, settle, truth, until, view, withNamespaces } from "./support.ts";
import { open } from "./world.ts";

const PLACES: readonly Place[] = [
  "streaming list",
  "in a streaming list",
  "list",
  "page 2 of a list",
  "watch",
  "in a watch",
];

type FaultName = keyof typeof FAULTS;

/** A monitor, of a cluster whose API server fails at one place. */
class Faulty {
  readonly clock = new ManualClock();
  readonly cluster: SimCluster;
  readonly inner: ClusterSource;
  readonly source: FaultySource;
  readonly monitor: Monitor;

  constructor(place: Place, fault: FaultName) {
    this.cluster = withNamespaces(new SimCluster({ clock: this.clock, seed: 7 }), "team-a");
    for (let i = 0; i < 5; i++) pod(this.cluster, `p${i}`);
    this.inner = new ClusterSource({ cluster: this.cluster, streamingLists: place.includes("streaming") });
    this.source = new FaultySource(this.inner, place, FAULTS[fault]);
    this.monitor = new Monitor({
      source: this.source,
      clock: this.clock,
      resources: [PODS],
      random: () => 0,
      pageSize: 2,
      verifyEveryMs: 86_400_000,
    });
    open.push(this.monitor);
  }

  /** Until the fault has been met for the first time. */
  async meet(place: Place, times: number): Promise<void> {
    const later = place === "in a watch";
    if (!later) this.source.times = times;
    this.monitor.start();
    if (later) {
      await until(() => this.inner.openWatches === 1, "it watches");
      this.source.times = times;
      pod(this.cluster, "told");
    }
    await until(() => this.source.failed > 0, "it has failed");
    await settle();
  }

  async report(): Promise<StreamerReport> {
    const [status] = await this.monitor.status();
    return status?.reports.streamer as StreamerReport;
  }

  readonly equal = async (): Promise<boolean> =>
    JSON.stringify(await view(this.monitor.store, { resource: PODS })) === JSON.stringify(truth(this.cluster, PODS));
}

function described(state: RolePhase): string {
  const seconds = "until" in state ? ` ${(state.until - state.since) / 1000} s` : "";
  if (state.phase === "blocked" || state.phase === "polling") return `${state.phase}, ${state.reason}${seconds}`;
  return `${state.phase}${seconds}`;
}

/** The requests up to the failure. */
const BEFORE: Readonly<Record<Place, string>> = {
  "streaming list": "stream",
  "in a streaming list": "stream",
  list: "stream list",
  "page 2 of a list": "stream list page",
  watch: "stream list page page watch",
  "in a watch": "stream list page page watch",
};

/** What follows the failure at once: the known gap, further requests, and the state that this leads to. */
async function reaction(place: Place, fault: FaultName): Promise<string> {
  const w = new Faulty(place, fault);
  await w.meet(place, 1);
  const { state, desyncs } = await w.report();
  const gaps = Object.entries(desyncs).flatMap(([cause, count]) => (count > 0 ? [`gap ${cause}`] : []));
  const requests = w.source.requests.join(" ");
  expect(requests.startsWith(BEFORE[place])).toBe(true);
  return [...gaps, requests.slice(BEFORE[place].length).trim(), described(state)].filter(Boolean).join("; ");
}

const LISTED = "list page page watch; watching";
const BACK_OFF = "backing-off 0.8 s";
const EXPIRED = `gap expired; ${LISTED}`;
const UNDECODABLE = `gap undecodable; ${LISTED}`;
const UNAUTHORIZED = "blocked, unauthorized 60 s";
const FORBIDDEN = "blocked, forbidden 60 s";
const GONE = "blocked, gone 60 s";
const UNWATCHABLE = "polling, not-watchable 30 s";
const INCOMPARABLE = "polling, incomparable 30 s";

/**
 * One row per fault, one column per place: both are total, and the compiler sees to it. A verifier's list and its GETs
 * have a table of their own.
 */
const TABLE: Readonly<Record<FaultName, Readonly<Record<Place, string>>>> = {
  "410 Expired": {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: LISTED,
    "page 2 of a list": LISTED,
    watch: EXPIRED,
    "in a watch": EXPIRED,
  },
  "410 Gone": {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: LISTED,
    "page 2 of a list": LISTED,
    watch: EXPIRED,
    "in a watch": EXPIRED,
  },
  "504 too large version": {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: BACK_OFF,
    "in a watch": BACK_OFF,
  },
  "504 Timeout": {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: BACK_OFF,
    "in a watch": BACK_OFF,
  },
  "429 Retry-After 7": {
    "streaming list": "backing-off 7 s",
    "in a streaming list": "backing-off 7 s",
    list: "backing-off 7 s",
    "page 2 of a list": "backing-off 7 s",
    watch: "backing-off 7 s",
    "in a watch": "backing-off 7 s",
  },
  "429": {
    "streaming list": BACK_OFF,
    "in a streaming list": BACK_OFF,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: BACK_OFF,
    "in a watch": BACK_OFF,
  },
  "500": {
    "streaming list": BACK_OFF,
    "in a streaming list": LISTED,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: BACK_OFF,
    "in a watch": BACK_OFF,
  },
  "500 StoreReadError": {
    "streaming list": BACK_OFF,
    "in a streaming list": LISTED,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: UNDECODABLE,
    "in a watch": UNDECODABLE,
  },
  "503": {
    "streaming list": BACK_OFF,
    "in a streaming list": BACK_OFF,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: BACK_OFF,
    "in a watch": BACK_OFF,
  },
  "422": {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: EXPIRED,
    "in a watch": EXPIRED,
  },
  "405": {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: UNWATCHABLE,
    "in a watch": UNWATCHABLE,
  },
  "406": {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: UNWATCHABLE,
    "in a watch": UNWATCHABLE,
  },
  "400": {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: EXPIRED,
    "in a watch": EXPIRED,
  },
  "401": {
    "streaming list": UNAUTHORIZED,
    "in a streaming list": UNAUTHORIZED,
    list: UNAUTHORIZED,
    "page 2 of a list": UNAUTHORIZED,
    watch: UNAUTHORIZED,
    "in a watch": UNAUTHORIZED,
  },
  "403": {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: FORBIDDEN,
    "page 2 of a list": FORBIDDEN,
    watch: FORBIDDEN,
    "in a watch": FORBIDDEN,
  },
  "404": {
    "streaming list": GONE,
    "in a streaming list": GONE,
    list: GONE,
    "page 2 of a list": GONE,
    watch: GONE,
    "in a watch": GONE,
  },
  refused: {
    "streaming list": BACK_OFF,
    "in a streaming list": LISTED,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: BACK_OFF,
    "in a watch": BACK_OFF,
  },
  reset: {
    "streaming list": BACK_OFF,
    "in a streaming list": LISTED,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: BACK_OFF,
    "in a watch": BACK_OFF,
  },
  "half a frame": {
    "streaming list": BACK_OFF,
    "in a streaming list": LISTED,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: BACK_OFF,
    "in a watch": BACK_OFF,
  },
  undecodable: {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: LISTED,
    "page 2 of a list": LISTED,
    watch: UNDECODABLE,
    "in a watch": UNDECODABLE,
  },
  oversized: {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: LISTED,
    "page 2 of a list": LISTED,
    watch: UNDECODABLE,
    "in a watch": UNDECODABLE,
  },
  "unknown type": {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: LISTED,
    "page 2 of a list": LISTED,
    watch: UNDECODABLE,
    "in a watch": UNDECODABLE,
  },
  "no version": {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: LISTED,
    "page 2 of a list": LISTED,
    watch: INCOMPARABLE,
    "in a watch": INCOMPARABLE,
  },
  "no KrmError": {
    "streaming list": LISTED,
    "in a streaming list": LISTED,
    list: BACK_OFF,
    "page 2 of a list": BACK_OFF,
    watch: BACK_OFF,
    "in a watch": BACK_OFF,
  },
};

describe("every fault at every place", () => {
  const cells = PLACES.flatMap((place) =>
    (Object.keys(FAULTS) as FaultName[]).map((fault) => ({ fault, place, expected: TABLE[fault][place] })),
  );

  test.for(cells)("$fault, $place → $expected", async ({ fault, place, expected }) => {
    expect(await reaction(place, fault)).toBe(expected);
  });

  test.for(cells)(
    "$fault, $place, for 10 minutes: no hot loop, and the view is the cluster when it is over",
    async (cell) => {
      const { fault, place } = cell;
      const w = new Faulty(place, fault);
      await w.meet(place, Number.POSITIVE_INFINITY);
      for (let seconds = 0; seconds < 600; seconds += 20) {
        pod(w.cluster, `at-${seconds}`);
        if (seconds % 60 === 0) w.cluster.delete(PODS, "team-a", `at-${seconds}`);
        await w.clock.advance(20_000);
        await settle();
      }
      // A try each 20 s or so, which costs a list of 6 pages at most.
      expect(w.source.requests.length).toBeLessThan(250);
      w.source.times = 0;
      for (let seconds = 0; seconds < 120 && !(await w.equal()); seconds += 5) {
        await w.clock.advance(5000);
        await settle();
      }
      expect(await w.equal()).toBe(true);
    },
  );
});
