import {
  canaryHolder,
  type ClockOffset,
  LEASES,
  MemoryStore,
  Monitor,
  objectKey,
  PODS,
  type ResourceType,
  type Scope,
  SERVICES,
  silentLogger,
  systemClock,
  type Uid,
} from "@krm/core";
import { Canary, type CanaryLease, Collector, type Delay, InfluxSink } from "@krm/metrics";
import { InfluxWriter } from "@krm/metrics/influx";
import {
  type ClusterEvent,
  ClusterSource,
  ManualClock,
  SeededRandom,
  SimCluster,
  swayAt,
  type SwaySpec,
} from "@krm/testkit";
import { type InfluxDbServer, withInfluxDb } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const START = Date.UTC(2026, 0, 1);
const NAMESPACE = "default";
const SWAY: SwaySpec = {
  pods: { maxMs: 5000, periodMs: 60_000 },
  services: { maxMs: 1000, periodMs: 30_000 },
  leases: { maxMs: 2000, periodMs: 47_000 },
};
const CANARY_SCOPE: Scope = { resource: LEASES, namespace: NAMESPACE };

/** What a cluster did, and what was measured of it into a database. */
interface Scene {
  readonly events: readonly ClusterEvent[];
  readonly canary: readonly Delay[];
}

/** Lets things happen to a cluster whose clock is off, for some simulated minutes, and writes what KRM measures of it. */
async function measured(influx: InfluxDbServer, database: string, clockOffsetMs: number): Promise<Scene> {
  const clock = new ManualClock({ now: START });
  const cluster = new SimCluster({ clock, clockOffsetMs });
  const offset: ClockOffset = { lowMs: clockOffsetMs - 100, highMs: clockOffsetMs + 100, samples: 3, at: START };
  const source = new ClusterSource({ cluster, sway: SWAY, clockOffset: () => offset });
  await using store = new MemoryStore();
  const options = { source, store, clock, resources: [PODS, SERVICES], scopes: [CANARY_SCOPE], random: () => 0.5 };
  await using monitor = new Monitor(options).start();
  await clock.advance(1000);
  await monitor.ready();

  const target = { api: "v1", url: influx.url, database } as const;
  const writer = new InfluxWriter({ target, clock: systemClock, logger: silentLogger, random: Math.random });
  const sink = new InfluxSink({ writer });
  const collector = new Collector({ store, sink, clock, random: () => 0.5 });
  const canaryDelays: Delay[] = [];
  const canary = new Canary({
    lease: leaseOf(cluster, clock),
    store: store.scope(CANARY_SCOPE),
    everyMs: 3000,
    clock,
    onDelay: (scope, delay) => {
      canaryDelays.push(delay);
      sink.delays(scope, [{ type: "delay", delay }], () => {});
    },
  });
  const stop = new AbortController();
  const running = [collector.run(stop.signal), canary.run(stop.signal), writer.run(stop.signal)];
  await clock.advance(1000);
  const events: ClusterEvent[] = [];
  cluster.subscribe((event) => events.push(event));
  await churn(cluster, clock);
  await writer.flush();
  stop.abort();
  await Promise.all(running);
  expect(canary.report).toMatchObject({ lost: 0, overdue: 0 });
  return { events, canary: canaryDelays };
}

async function churn(cluster: SimCluster, clock: ManualClock): Promise<void> {
  const random = new SeededRandom(7);
  for (let i = 0; i < 150; i++) {
    const spec = { containers: [{ name: "c", image: "i" }] };
    cluster.create(PODS, { metadata: { name: `p${i}`, namespace: NAMESPACE }, spec });
    cluster.create(SERVICES, { metadata: { name: `s${i}`, namespace: NAMESPACE }, spec: { ports: [{ port: 80 }] } });
    await clock.advance(1000 + random.integer(0, 1500));
    cluster.patch(PODS, NAMESPACE, `p${i}`, { metadata: { labels: { turn: String(i) } } });
    await clock.advance(1000 + random.integer(0, 1500));
    cluster.delete(PODS, NAMESPACE, `p${i}`);
    cluster.delete(SERVICES, NAMESPACE, `s${i}`);
    await clock.advance(random.integer(0, 1500));
  }
  await clock.advance(20_000);
}

function leaseOf(cluster: SimCluster, clock: ManualClock): CanaryLease {
  const name = "krm-canary";
  return {
    key: objectKey(NAMESPACE, name),
    renew: async () => {
      const spec = {
        holderIdentity: canaryHolder("test"),
        renewTime: `${new Date(clock.now()).toISOString().slice(0, 23)}000Z`,
      };
      const created = cluster.get(LEASES, NAMESPACE, name) === undefined;
      const { metadata } = created
        ? cluster.create(LEASES, { metadata: { name, namespace: NAMESPACE }, spec })
        : cluster.patch(LEASES, NAMESPACE, name, { spec });
      return { uid: metadata.uid as Uid, resourceVersion: metadata.resourceVersion, created };
    },
  };
}

/** What was injected, in seconds. The mark that a pod is deleted is told as a change of it, and measured as the deletion. */
function injected(events: readonly ClusterEvent[], resource: ResourceType, type: string): number[] {
  return events.flatMap((event) => {
    const marks = event.type === "MODIFIED" && event.object.metadata.deletionTimestamp !== undefined;
    const wanted = event.resource.resource === resource.resource && event.type === type && !marks;
    return wanted ? swayAt(SWAY, resource, event.at) / 1000 : [];
  });
}

/** As InfluxQL's PERCENTILE chooses. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((percent / 100) * sorted.length + 0.5) - 1] ?? Number.NaN;
}

withInfluxDb(process.env, (starter) => {
  let influx: InfluxDbServer;
  beforeAll(async () => {
    influx = await starter.start();
  });
  afterAll(async () => influx[Symbol.asyncDispose]());

  describe.for([
    ["a clock that is right", 0],
    ["a clock that is 3 s ahead", 3000],
    ["a clock that is 3 s behind", -3000],
  ] as const)("on a cluster with %s", ([, offsetMs]) => {
    const database = `krm${offsetMs}`.replace("-", "m");
    let scene: Scene;
    beforeAll(async () => {
      scene = await measured(influx, database, offsetMs);
    }, 60_000);

    /** Read back: how many, and the percentiles. */
    async function read(resource: string, event: string, source: string): Promise<readonly number[]> {
      const [series] = await influx.query(
        `SELECT count(delay), percentile(delay, 50), percentile(delay, 95), percentile(delay, 99) FROM streamed_data
         WHERE resource = '${resource}' AND event = '${event}' AND source = '${source}'`,
        { db: database },
      );
      return (series?.values?.[0] ?? []).slice(1) as number[];
    }

    it.for([
      [PODS, "ADDED", "creationTimestamp", "ADDED"],
      [PODS, "MODIFIED", "managedFields", "MODIFIED"],
      [PODS, "DELETED", "deletionTimestamp", "DELETED"],
      [SERVICES, "ADDED", "creationTimestamp", "ADDED"],
    ] as const)("InfluxQL reads back what was injected: %s", async ([resource, event, source, type]) => {
      const known = injected(scene.events, resource, type);
      const [count, ...percentiles] = await read(resource.resource, event, source);
      expect(count).toBe(known.length);
      for (const [i, percent] of [50, 95, 99].entries()) {
        // Times of the API server are cut to the second, and by its own clock: too long by up to 1 s, less the offset.
        const off = (percentiles[i] ?? Number.NaN) - percentile(known, percent) + offsetMs / 1000;
        expect(off, `p${percent}`).toBeGreaterThanOrEqual(-0.001);
        expect(off, `p${percent}`).toBeLessThan(1);
      }
    });

    it("the canary is right to the millisecond, whatever the clock", async () => {
      const created = await read("leases", "ADDED", "canary");
      const [count = 0, ...percentiles] = await read("leases", "MODIFIED", "canary");
      expect((created[0] ?? 0) + count).toBe(scene.canary.length);
      const known = scene.canary.filter(({ event }) => event === "MODIFIED");
      const truth = known.map(({ observedAt, seconds }) => swayAt(SWAY, LEASES, observedAt - seconds * 1000) / 1000);
      expect(truth.length).toBeGreaterThan(100);
      // And is counted once: not as any Lease too.
      for (const [event, source] of [
        ["ADDED", "creationTimestamp"],
        ["MODIFIED", "renewTime"],
        ["MODIFIED", "managedFields"],
      ] as const)
        expect(await read("leases", event, source), source).toEqual([]);
      for (const [i, percent] of [50, 95, 99].entries())
        expect(percentiles[i], `p${percent}`).toBeCloseTo(percentile(truth, percent), 3);
    });

    it("the offset is shown beside, and nothing is subtracted", async () => {
      const [series] = await influx.query(
        "SELECT last(clock_offset_low), last(clock_offset_high) FROM krm_scope WHERE resource = 'pods'",
        { db: database },
      );
      expect(series?.values?.[0]?.slice(1)).toEqual([(offsetMs - 100) / 1000, (offsetMs + 100) / 1000]);
    });

    it("services, which are deleted at once, have no delay of their deletion", async () => {
      expect(await read("services", "DELETED", "deletionTimestamp")).toEqual([]);
    });
  });
});
