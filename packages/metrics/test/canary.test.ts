import { LEASES, MemoryStore, Monitor, objectKey, PODS, type Scope, type Uid } from "@krm/core";
import { ClusterSource, type ClusterSourceOptions, ManualClock, SimCluster } from "@krm/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { Canary, type CanaryLease, type CanaryOptions } from "../src/canary/canary.ts";
import type { Delay } from "../src/delay/delay.ts";

const NAMESPACE = "default";
const SCOPE: Scope = { resource: LEASES, namespace: NAMESPACE };
const START = Date.UTC(2026, 0, 1);

/** A Lease of a simulated cluster; its writes take 5 ms. */
function leaseOf(cluster: SimCluster, clock: ManualClock): CanaryLease {
  return {
    key: objectKey(NAMESPACE, "canary"),
    async renew(at, options) {
      const spec = { renewTime: `${new Date(at).toISOString().slice(0, 23)}000Z` };
      const before = cluster.get(LEASES, NAMESPACE, "canary");
      const write =
        before === undefined
          ? cluster.create(LEASES, { metadata: { name: "canary", namespace: NAMESPACE }, spec })
          : cluster.patch(LEASES, NAMESPACE, "canary", { spec });
      await clock.sleep(5, options);
      const { uid, resourceVersion } = write.metadata;
      return { uid: uid as Uid, resourceVersion, created: before === undefined };
    },
  };
}

interface Scene extends AsyncDisposable {
  readonly cluster: SimCluster;
  readonly clock: ManualClock;
  readonly source: ClusterSource;
  readonly monitor: Monitor;
  readonly canary: Canary;
  readonly delays: Delay[];
}

const scenes: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of scenes.splice(0)) await each[Symbol.asyncDispose]();
});

async function scene(
  source: Partial<ClusterSourceOptions> = {},
  options: Partial<CanaryOptions> = {},
  wrap: (lease: CanaryLease) => CanaryLease = (lease) => lease,
): Promise<Scene> {
  const clock = new ManualClock({ now: START });
  const cluster = new SimCluster({ clock });
  cluster.create(PODS, {
    metadata: { name: "p", namespace: NAMESPACE },
    spec: { containers: [{ name: "c", image: "i" }] },
  });
  const from = new ClusterSource({ cluster, ...source });
  const store = new MemoryStore();
  const monitor = new Monitor({ source: from, store, clock, resources: [PODS], scopes: [SCOPE], random: () => 0.5 });
  monitor.start();
  await clock.advance(1000);
  await monitor.ready();
  const delays: Delay[] = [];
  const canary = new Canary({
    lease: wrap(leaseOf(cluster, clock)),
    store: store.scope(SCOPE),
    clock,
    random: () => 0.5,
    onDelay: (_, delay) => delays.push(delay),
    ...options,
  });
  const stop = new AbortController();
  const running = canary.run(stop.signal);
  const made: Scene = {
    cluster,
    clock,
    source: from,
    monitor,
    canary,
    delays,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await monitor.stop();
      await store[Symbol.asyncDispose]();
    },
  };
  scenes.push(made);
  return made;
}

describe("a canary", () => {
  it("measures by one clock how long the stream takes, on a cluster that is quiet else", async () => {
    const { clock, delays, canary, cluster } = await scene({ sway: { "*": { maxMs: 2000, periodMs: 40_000 } } });
    await clock.advance(41_000);
    expect(canary.report).toMatchObject({ writes: 5, failures: 0, delays: 5, lost: 0, overdue: 0, waitingMs: 0 });
    // Delays rise from 0 to 2 s within 20 s, and fall again. The first write came 1 s after the start.
    expect(delays.map(({ event, seconds }) => [event, seconds])).toEqual([
      ["ADDED", 0.1],
      ["MODIFIED", 1.101],
      ["MODIFIED", 1.899],
      ["MODIFIED", 0.899],
      ["MODIFIED", 0.102],
    ]);
    expect(delays.every(({ source, resolutionSeconds }) => source === "canary" && resolutionSeconds === 0.005)).toBe(
      true,
    );
    expect(delays.at(-1)?.resourceVersion).toBe(cluster.get(LEASES, NAMESPACE, "canary")?.metadata.resourceVersion);
  });

  it("proves an event lost when the stream goes past it, and the ledger says so, once", async () => {
    let dropped = 0;
    const { clock, canary, monitor, source, delays } = await scene({
      tell: (event) => (event.type === "MODIFIED" && dropped++ === 0 ? [] : [event]),
    });
    await clock.advance(15_000);
    expect(canary.report).toMatchObject({ writes: 2, delays: 1, lost: 0 });
    source.bookmark();
    await clock.advance(5000);
    expect(canary.report).toMatchObject({ lost: 1 });
    await clock.advance(10_000);
    const status = await monitor.status();
    const ledger = status.find(({ scope }) => scope.resource === LEASES)?.reports.merger;
    expect(ledger?.missed.upstream).toEqual({ added: 0, modified: 1, deleted: 0, recreated: 0 });
    expect(ledger?.recent).toMatchObject([{ key: "default/canary", type: "modified", cause: "upstream" }]);
    expect(delays.length).toBe(canary.report.writes - 1);
    monitor.verifyNow();
    await clock.advance(10_000);
    const after = (await monitor.status()).find(({ scope }) => scope.resource === LEASES)?.reports.merger;
    expect(after?.missed).toEqual(ledger?.missed);
  });

  it("finds a stream that tells nothing overdue, and has it watch anew", async () => {
    let silent = true;
    const { clock, canary, source } = await scene({ tell: (event) => (silent ? [] : [event]) });
    const { watch } = source.requests;
    await clock.advance(29_000);
    expect(canary.report).toMatchObject({ overdue: 0, lost: 0 });
    silent = false;
    await clock.advance(11_000);
    expect(canary.report.overdue).toBeGreaterThanOrEqual(1);
    expect(canary.report.waitingMs).toBe(0);
    await clock.advance(10_000);
    expect(source.requests.watch).toBeGreaterThan(watch);
    expect(canary.report.delays).toBeGreaterThan(0);
  });

  it("tells once why it cannot write, and goes on", async () => {
    const lines: string[] = [];
    const log = (_: unknown, text: string): number => lines.push(text);
    const logger = { debug: () => {}, info: log, warn: log, error: log };
    let broken = true;
    const wrap = (lease: CanaryLease): CanaryLease => ({
      key: lease.key,
      renew: async (at, options) => {
        if (broken) throw new Error("no");
        return lease.renew(at, options);
      },
    });
    const { clock, canary } = await scene({}, { logger }, wrap);
    await clock.advance(60_000);
    expect(canary.report).toMatchObject({ writes: 0 });
    expect(canary.report.failures).toBeGreaterThan(1);
    expect(lines).toEqual(["the canary cannot write its Lease; trying on"]);
    broken = false;
    await clock.advance(60_000);
    expect(canary.report.writes).toBeGreaterThan(0);
    expect(lines).toEqual(["the canary cannot write its Lease; trying on", "the canary writes its Lease again"]);
  });
});
