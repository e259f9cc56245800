import {
  DEFAULT_FEED_BOUNDS,
  DEPLOYMENTS,
  MemoryStore,
  Monitor,
  PODS,
  type ResourceType,
  type ScopeStore,
  SERVICES,
  type Store,
} from "@krm/core";
import {
  ClusterSource,
  type ClusterEvent,
  ManualClock,
  SeededRandom,
  SimCluster,
  swayAt,
  type SwaySpec,
} from "@krm/testkit";
import { afterEach, expect, test } from "vitest";
import { Collector } from "../src/collect/collector.ts";
import { Progress } from "../src/collect/progress.ts";
import { type DelayDetail, InfluxSink } from "../src/points/influx-sink.ts";
import { LineStore, type ReadPoint } from "./support/line-store.ts";

const START = Date.UTC(2026, 0, 1);
const NAMESPACE = "default";

const disposables: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of disposables.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

interface World {
  readonly clock: ManualClock;
  readonly cluster: SimCluster;
  readonly store: Store;
  readonly monitor: Monitor;
}

async function world(
  options: { sway?: SwaySpec; tell?: (event: ClusterEvent) => readonly ClusterEvent[] } = {},
): Promise<World> {
  const clock = new ManualClock({ now: START });
  const cluster = new SimCluster({ clock });
  // What is there before anybody watches has no delay.
  pod(cluster, "old");
  const store = new MemoryStore();
  const source = new ClusterSource({ cluster, ...options });
  const monitor = new Monitor({ source, store, clock, resources: [PODS, DEPLOYMENTS, SERVICES], random: () => 0.5 });
  monitor.start();
  disposables.push(store, monitor);
  await clock.advance(1000);
  await monitor.ready();
  return { clock, cluster, store, monitor };
}

interface Collecting extends AsyncDisposable {
  readonly collector: Collector;
  readonly sink: InfluxSink;
}

/** Runs a collector until it is disposed of; `crash`: without keeping where it was. */
function collect(
  { clock, store }: World,
  writer: LineStore,
  detail?: DelayDetail,
): Collecting & { crash(): Promise<void> } {
  const sink = new InfluxSink({ writer, detail });
  const collector = new Collector({ store, sink, clock, random: () => 0.5 });
  const stop = new AbortController();
  const running = collector.run(stop.signal);
  const crash = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  const made = {
    collector,
    sink,
    crash,
    async [Symbol.asyncDispose]() {
      await crash();
      sink.finish();
      await collector.keepCheckpoints();
    },
  };
  disposables.push(made);
  return made;
}

function pod(cluster: SimCluster, name: string): void {
  const spec = { containers: [{ name: "c", image: "i" }] };
  cluster.create(PODS, { metadata: { name, namespace: NAMESPACE }, spec });
}

function service(cluster: SimCluster, name: string): void {
  cluster.create(SERVICES, { metadata: { name, namespace: NAMESPACE }, spec: { ports: [{ port: 80 }] } });
}

/** What was measured of an event, in milliseconds. */
function delaysOf(points: readonly ReadPoint[], resource: ResourceType, event: string): number[] {
  return points
    .filter(({ tags }) => tags["resource"] === resource.resource && tags["event"] === event)
    .map(({ fields }) => Number(fields["delay"]) * 1000);
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN;
}

test("what is measured is what was injected, for created, changed and deleted, by resource", async () => {
  const sway: SwaySpec = { pods: { maxMs: 5000, periodMs: 60_000 }, services: { maxMs: 1000, periodMs: 30_000 } };
  const made = await world({ sway });
  const { clock, cluster } = made;
  const writer = new LineStore();
  await using _ = collect(made, writer);
  await clock.advance(1000);
  const events: ClusterEvent[] = [];
  cluster.subscribe((event) => events.push(event));
  const random = new SeededRandom(5);
  for (let i = 0; i < 300; i++) {
    pod(cluster, `p${i}`);
    service(cluster, `s${i}`);
    await clock.advance(1000 + random.integer(0, 1500));
    cluster.patch(PODS, NAMESPACE, `p${i}`, { metadata: { labels: { turn: String(i) } } });
    await clock.advance(1000 + random.integer(0, 1500));
    cluster.delete(PODS, NAMESPACE, `p${i}`);
    cluster.delete(SERVICES, NAMESPACE, `s${i}`);
    await clock.advance(random.integer(0, 1500));
  }
  await clock.advance(20_000);
  const points = writer.points("streamed_data");
  const injected = (resource: ResourceType, type: string): number[] =>
    events.flatMap((each) => {
      // The mark that a pod is deleted is told as a change of it, and measured as the deletion.
      const marks = each.type === "MODIFIED" && each.object.metadata.deletionTimestamp !== undefined;
      const wanted = each.resource.resource === resource.resource && each.type === type && !marks;
      return wanted ? swayAt(sway, resource, each.at) : [];
    });
  for (const [resource, event, type] of [
    [PODS, "ADDED", "ADDED"],
    [PODS, "MODIFIED", "MODIFIED"],
    [PODS, "DELETED", "DELETED"],
    [SERVICES, "ADDED", "ADDED"],
  ] as const) {
    const measured = delaysOf(points, resource, event);
    const known = injected(resource, type);
    expect(measured.length, `${resource.resource} ${event}`).toBe(known.length);
    // Times of the API server are cut to the second: a delay comes out up to a second too long, and never too short.
    for (const percent of [50, 95, 99]) {
      const off = percentile(measured, percent) - percentile(known, percent);
      expect(off, `p${percent} of ${resource.resource} ${event}`).toBeGreaterThanOrEqual(0);
      expect(off, `p${percent} of ${resource.resource} ${event}`).toBeLessThan(1000);
    }
  }
  expect(delaysOf(points, SERVICES, "DELETED")).toEqual([]);
});

test("after a crash everything is read again from where it was safe, and nothing is there twice", async () => {
  const made = await world();
  const { clock, cluster } = made;
  const writer = new LineStore();
  const first = collect(made, writer);
  await clock.advance(1000);
  for (let i = 0; i < 50; i++) pod(cluster, `a${i}`);
  await clock.advance(5000);
  expect(writer.points("streamed_data")).toHaveLength(50);
  writer.open = false;
  for (let i = 0; i < 50; i++) pod(cluster, `b${i}`);
  await clock.advance(5000);
  await first.crash();
  writer.lose();
  for (let i = 0; i < 50; i++) pod(cluster, `c${i}`);
  await clock.advance(1000);
  const second = collect(made, writer);
  await clock.advance(1000);
  expect(second.collector.report).toMatchObject({ delays: 100, gaps: 0 });
  expect(writer.points("streamed_data")).toHaveLength(150);
});

test("one that ended well reads nothing again", async () => {
  const made = await world();
  const { clock, cluster } = made;
  const writer = new LineStore();
  const first = collect(made, writer);
  await clock.advance(1000);
  pod(cluster, "a");
  await clock.advance(10);
  await first[Symbol.asyncDispose]();
  pod(cluster, "b");
  const second = collect(made, writer);
  await clock.advance(1000);
  expect(second.collector.report).toMatchObject({ delays: 1 });
  expect(writer.offered - writer.points("krm_scope").length - writer.points("krm_verification").length).toBe(2);
});

test("what the feed has dropped before it was read is a gap, counted; all that it still holds is read", async () => {
  const made = await world();
  const { clock, cluster } = made;
  const writer = new LineStore();
  await collect(made, writer).crash();
  const first = collect(made, writer);
  await clock.advance(3000);
  pod(cluster, "a");
  await clock.advance(3000);
  await first.crash();
  for (let i = 0; i < 5000; i++) pod(cluster, `b${i}`);
  await clock.advance(1000);
  const second = collect(made, writer);
  await clock.advance(1000);
  pod(cluster, "c");
  await clock.advance(1000);
  expect(second.collector.report).toMatchObject({ gaps: 1, delays: DEFAULT_FEED_BOUNDS.entries + 1 });
});

test("a missed event is one point, however often it is seen, and says which object it was", async () => {
  let dropped = 0;
  const made = await world({ tell: (event) => (event.type === "DELETED" && dropped++ === 0 ? [] : [event]) });
  const { clock, cluster, monitor } = made;
  const writer = new LineStore();
  collect(made, writer);
  await clock.advance(1000);
  pod(cluster, "a");
  await clock.advance(5000);
  cluster.delete(PODS, NAMESPACE, "a");
  pod(cluster, "b");
  await clock.advance(5000);
  monitor.verifyNow();
  await clock.advance(60_000);
  const [missed, ...more] = writer.points("krm_drift");
  expect(more).toEqual([]);
  expect(missed).toMatchObject({
    tags: { resource: "pods", type: "deleted", cause: "upstream" },
    fields: { object: "default/a" },
  });
  const last = writer.points("krm_verification").findLast(({ tags }) => tags["resource"] === "pods");
  expect(last?.fields).toMatchObject({ drift: 1, missed: 1, missed_upstream: 1 });
  expect(writer.points("krm_scope").at(-1)?.fields).toMatchObject({ state: "synced" });
});

test("by interval: counts and quantiles, the same after a crash as without one", async () => {
  const made = await world({ sway: { pods: { maxMs: 5000, periodMs: 60_000 } } });
  const { clock, cluster } = made;
  const crashed = new LineStore();
  const whole = new LineStore();
  const detail = { type: "histograms", intervalMs: 10_000 } as const;
  let current = collect(made, crashed, detail);
  const sink = new InfluxSink({ writer: whole, detail });
  const other = new Collector({ store: made.store, sink, clock, reader: "other", random: () => 0.5 });
  const stop = new AbortController();
  const running = other.run(stop.signal);
  await clock.advance(1000);
  for (let i = 0; i < 120; i++) {
    pod(cluster, `p${i}`);
    await clock.advance(1000);
    if (i % 25 === 24) {
      await current.crash();
      crashed.lose();
      current = collect(made, crashed, detail);
    }
  }
  await clock.advance(60_000);
  stop.abort();
  await running;
  const points = whole.points("streamed_data_histogram");
  expect(points.reduce((sum, { fields }) => sum + Number(fields["count"]), 0)).toBe(120);
  expect(points.every(({ fields }) => Number(fields["p50"]) <= Number(fields["p99"]))).toBe(true);
  expect(points.every(({ fields }) => fields["le_300"] === fields["count"])).toBe(true);
  expect(new Map(crashed.points("streamed_data_histogram").map((point) => [point.time, point]))).toEqual(
    new Map(points.map((point) => [point.time, point])),
  );
});

test("by interval: a crash within a long one loses nothing, also where more came than a feed keeps", async () => {
  const made = await world();
  const { clock, cluster } = made;
  const writer = new LineStore();
  const detail = { type: "histograms", intervalMs: 600_000 } as const;
  const first = collect(made, writer, detail);
  await clock.advance(3000);
  for (let second = 0; second < 60; second++) {
    // From then on the first process writes nothing any more.
    if (second === 10) writer.open = false;
    for (let i = 0; i < 100; i++) pod(cluster, `p${second}-${i}`);
    await clock.advance(1000);
  }
  await first.crash();
  writer.lose();
  const second = collect(made, writer, detail);
  await clock.advance(20_000);
  expect(second.collector.report.gaps).toBe(0);
  const points = writer.points("streamed_data_histogram");
  expect(points).toMatchObject([{ tags: { event: "ADDED" }, fields: { count: 6000 } }]);
});

test("a place moves over what is settled without a gap, with what was said of that", () => {
  const progress = new Progress({ cursor: "0", memo: undefined });
  const [one, two, three] = [progress.read("1"), progress.read("2"), progress.read("3")];
  two("m");
  expect(progress.place).toEqual({ cursor: "0", memo: undefined });
  one("l");
  expect(progress.place).toEqual({ cursor: "2", memo: "m" });
  progress.pass("4");
  expect(progress.place).toEqual({ cursor: "2", memo: "m" });
  expect(progress.waiting).toBe(1);
  three();
  expect(progress.place).toEqual({ cursor: "4", memo: "m" });
  progress.pass("5");
  expect(progress.place).toEqual({ cursor: "5", memo: "m" });
});

test("two collectors into two databases go on each where it was itself", async () => {
  const made = await world();
  const { clock, cluster, store } = made;
  const [a, b] = [new LineStore(), new LineStore()];
  const begin = (writer: LineStore, reader: string): { end(): Promise<void> } => {
    const collector = new Collector({ store, sink: new InfluxSink({ writer }), reader, clock, random: () => 0.5 });
    const stop = new AbortController();
    const running = collector.run(stop.signal);
    return {
      async end() {
        stop.abort();
        await running;
        await collector.keepCheckpoints();
      },
    };
  };
  const first = begin(a, "a");
  const second = begin(b, "b");
  await clock.advance(3000);
  await first.end();
  for (let i = 0; i < 10; i++) pod(cluster, `p${i}`);
  await clock.advance(10_000);
  const again = begin(a, "a");
  await clock.advance(5000);
  expect([a.points("streamed_data").length, b.points("streamed_data").length]).toEqual([10, 10]);
  await again.end();
  await second.end();
});

test("where nothing is kept, it can begin with what is new; a scope that comes later is read whole", async () => {
  const made = await world();
  const { clock, cluster, store } = made;
  for (let i = 0; i < 10; i++) pod(cluster, `old${i}`);
  await clock.advance(1000);
  const writer = new LineStore();
  const sink = new InfluxSink({ writer });
  const collector = new Collector({ store, sink, reader: false, begin: "newest", clock, random: () => 0.5 });
  const stop = new AbortController();
  const running = collector.run(stop.signal);
  await clock.advance(100);
  pod(cluster, "new");
  const source = new ClusterSource({ cluster });
  const later = new Monitor({ source, store, clock, resources: [PODS], namespaces: [NAMESPACE], random: () => 0.5 });
  later.start();
  await clock.advance(100);
  pod(cluster, "newer");
  await clock.advance(5000);
  stop.abort();
  await running;
  await later.stop();
  const points = writer.points("streamed_data");
  expect(points.filter(({ tags }) => tags["namespace"] === undefined)).toHaveLength(2);
  expect(points.filter(({ tags }) => tags["namespace"] === NAMESPACE)).toHaveLength(1);
});

/** A store of which something can be put in the way. */
function hindered(store: Store, hinder: (scope: ScopeStore) => Partial<ScopeStore>): Store {
  const scopes = new Map<ScopeStore, ScopeStore>();
  return {
    manifest: store.manifest,
    scopes: async (options) => store.scopes(options),
    scope: (scope) => {
      const of = store.scope(scope);
      const bound = Object.fromEntries(
        ["meta", "reports", "changes", "cursor", "oldestCursor", "checkpoint", "keepCheckpoint"].map((name) => [
          name,
          (of[name as "meta"] as unknown as (...args: unknown[]) => unknown).bind(of),
        ]),
      );
      const made = scopes.get(of) ?? ({ scope, ...bound, ...hinder(of) } as unknown as ScopeStore);
      scopes.set(of, made);
      return made;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

test("a scope that cannot be read is told once, and does not silence the others", async () => {
  const made = await world();
  const { clock, cluster } = made;
  const lines: string[] = [];
  const log = (_: unknown, text: string): unknown => lines.push(text);
  let broken = true;
  const store = hindered(made.store, (of) => {
    if (of.scope.resource !== SERVICES) return {};
    return {
      reports: async (options) => (broken ? Promise.reject(new Error("no")) : of.reports(options)),
      changes: (options) => {
        if (broken) throw new TypeError("cannot be decoded");
        return of.changes(options);
      },
      cursor: async (options) => (broken ? Promise.reject(new Error("no")) : of.cursor(options)),
    };
  });
  const writer = new LineStore();
  const sink = new InfluxSink({ writer });
  const logger = { debug: () => {}, info: log, warn: log, error: log };
  const collector = new Collector({ store, sink, clock, random: () => 0.5, logger });
  const stop = new AbortController();
  const running = collector.run(stop.signal);
  await clock.advance(1000);
  pod(cluster, "a");
  service(cluster, "a");
  await clock.advance(60_000);
  expect(collector.report).toMatchObject({ delays: 1, failing: 1, gaps: 0 });
  expect(new Set(writer.points("krm_scope").map(({ tags }) => tags["resource"]))).toEqual(
    new Set(["pods", "deployments"]),
  );
  expect(writer.points("krm_collector").at(-1)?.fields).toMatchObject({ scopes: 3, failing: 1, delays: 1 });
  expect(lines).toEqual(["the change feed cannot be read; trying on"]);
  broken = false;
  await clock.advance(20_000);
  expect(collector.report).toMatchObject({ delays: 2, failing: 0 });
  expect(lines.at(-1)).toBe("the change feeds can be read again");
  stop.abort();
  await running;
});

test("what stands in a feed and cannot be read is left behind, as a gap", async () => {
  const made = await world();
  const { clock, cluster } = made;
  let poison: string | undefined;
  const store = hindered(made.store, (of) => ({
    changes: (options) => {
      if (of.scope.resource === PODS && options.since === poison) throw new TypeError("cannot be decoded");
      return of.changes(options);
    },
  }));
  const writer = new LineStore();
  const sink = new InfluxSink({ writer });
  poison = await made.store.scope({ resource: PODS }).oldestCursor();
  pod(cluster, "a");
  await clock.advance(100);
  const collector = new Collector({ store, sink, clock, random: () => 0.5 });
  const stop = new AbortController();
  const running = collector.run(stop.signal);
  await clock.advance(60_000);
  pod(cluster, "b");
  await clock.advance(1000);
  expect(collector.report).toMatchObject({ delays: 1, gaps: 1, failing: 0 });
  stop.abort();
  await running;
});
