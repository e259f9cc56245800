import { DEPLOYMENTS, MemoryStore, Monitor, PODS, type ResourceType, SERVICES, type Store } from "@krm/core";
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

test("what the feed has dropped before it was read is a gap, counted, and the rest goes on", async () => {
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
  expect(second.collector.report).toMatchObject({ gaps: 1, delays: 1 });
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

test("a place moves over what is settled without a gap", () => {
  const progress = new Progress({ cursor: "0", memo: undefined });
  const [one, two, three] = [progress.read("1"), progress.read("2"), progress.read("3")];
  two("m");
  expect(progress.place).toEqual({ cursor: "0", memo: "m" });
  one();
  expect(progress.place).toEqual({ cursor: "2", memo: "m" });
  expect(progress.waiting).toBe(1);
  three();
  expect(progress.place).toEqual({ cursor: "3", memo: "m" });
});
