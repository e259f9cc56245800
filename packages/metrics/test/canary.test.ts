import {
  type CanaryLease,
  KrmError,
  LEASES,
  type MergerReport,
  MemoryStore,
  Monitor,
  objectKey,
  PODS,
  type Scope,
  type ScopeStore,
  type Uid,
} from "@krm/core";
import { ClusterSource, type ClusterSourceOptions, ManualClock, SimCluster } from "@krm/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { Canary, type CanaryOptions } from "../src/canary/canary.ts";
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
  readonly store: ScopeStore;
  readonly canary: Canary;
  readonly delays: Delay[];
  /** What was logged: level and text. */
  readonly lines: string[];
  /** What merging the Lease's scope has found. */
  readonly ledger: () => Promise<MergerReport | undefined>;
}

const scenes: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of scenes.splice(0)) await each[Symbol.asyncDispose]();
});

async function scene(
  source: Partial<ClusterSourceOptions> = {},
  options: Partial<CanaryOptions> = {},
  wrap: (lease: CanaryLease, clock: ManualClock) => CanaryLease = (lease) => lease,
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
  const delays: Delay[] = [];
  const lines: string[] = [];
  const log =
    (level: string) =>
    (_: unknown, text: string): number =>
      lines.push(`${level}: ${text}`);
  const canary = new Canary({
    lease: wrap(leaseOf(cluster, clock), clock),
    store: store.scope(SCOPE),
    clock,
    logger: { debug: () => {}, info: log("info"), warn: log("warn"), error: log("error") },
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
    store: store.scope(SCOPE),
    canary,
    delays,
    lines,
    ledger: async () => (await monitor.status()).find(({ scope: of }) => of.resource === LEASES)?.reports.merger,
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

/** What was written is told, lost, not known, or waited for: each write once. */
function expectSum({ report }: Canary): void {
  expect(report.writes).toBe(report.delays + report.lost + report.unknown + report.pending);
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
    const { clock, canary, monitor, source, delays, ledger, store } = await scene({
      tell: (event) => (event.type === "MODIFIED" && dropped++ < 2 ? [] : [event]),
    });
    await clock.advance(9000);
    const { object: created } = await store.get(objectKey(NAMESPACE, "canary"));
    await clock.advance(16_000);
    expect(canary.report).toMatchObject({ writes: 3, delays: 1, lost: 0, pending: 2 });
    source.bookmark();
    await clock.advance(4000);
    expect(canary.report).toMatchObject({ lost: 2, pending: 0 });
    await clock.advance(11_000);
    const found = await ledger();
    expect(found?.missed.upstream).toEqual({ added: 0, modified: 2, deleted: 0, recreated: 0 });
    const shown = { uid: created?.uid, resourceVersion: created?.resourceVersion };
    expect(found?.recent).toMatchObject([
      { key: "default/canary", type: "modified", cause: "upstream", shown, actual: { uid: created?.uid } },
      { key: "default/canary", type: "modified", cause: "upstream", shown, actual: { uid: created?.uid } },
    ]);
    expect(delays.length).toBe(canary.report.writes - 2);
    expectSum(canary);
    monitor.verifyNow();
    await clock.advance(10_000);
    expect((await ledger())?.missed).toEqual(found?.missed);
  });

  it("tells a loss again until the store takes it", async () => {
    let dropped = 0;
    const { clock, canary, source, ledger, store } = await scene({
      tell: (event) => (event.type === "MODIFIED" && dropped++ === 0 ? [] : [event]),
    });
    const ask = store.ask.bind(store);
    let failures = 0;
    store.ask = async (...args) => {
      if (failures++ < 3) throw new KrmError("KRM_STORE_FAILED", "away");
      return ask(...args);
    };
    await clock.advance(15_000);
    source.bookmark();
    await clock.advance(60_000);
    expect(failures).toBeGreaterThan(3);
    expect(canary.report).toMatchObject({ lost: 1 });
    expect((await ledger())?.missed.upstream.modified).toBe(1);
  });

  it("takes an etcd restore for no loss, and has the streamer start over", async () => {
    const { clock, canary, cluster, ledger, monitor, lines } = await scene();
    await clock.advance(5000);
    const version = cluster.get(LEASES, NAMESPACE, "canary")?.metadata.resourceVersion ?? "";
    for (let i = 0; i < 500; i++)
      cluster.create(PODS, {
        metadata: { name: `p${i}`, namespace: NAMESPACE },
        spec: { containers: [{ name: "c", image: "i" }] },
      });
    await clock.advance(30_000);
    expect(canary.report).toMatchObject({ writes: 4, delays: 4 });
    cluster.restore(version);
    await clock.advance(180_000);
    const { writes, delays, lost, unknown } = canary.report;
    expect({ writes, lost }).toEqual({ writes: 22, lost: 0 });
    // Two that prove it, and one until the view begins anew.
    expect(unknown).toBeLessThanOrEqual(3);
    expect(delays).toBeGreaterThanOrEqual(18);
    expectSum(canary);
    expect((await ledger())?.missed.upstream.modified).toBe(0);
    const status = (await monitor.status()).find(({ scope: of }) => of.resource === LEASES);
    expect(status?.view.epoch).toBe(1);
    expect(lines).toEqual([
      "warn: writes of the canary get older versions than the watch has told: the cluster's history began anew; asking for a list",
    ]);
  });

  it("measures until the view showed it, at the time of that, however late its answer comes", async () => {
    const { clock, delays } = await scene({}, {}, (lease, time) => ({
      key: lease.key,
      async renew(at, options) {
        const renewed = await lease.renew(at, options);
        await time.sleep(3000, options);
        return renewed;
      },
    }));
    await clock.advance(5000);
    expect(delays).toMatchObject([{ resolutionSeconds: 3.005 }]);
    const [delay] = delays;
    expect(delay?.seconds).toBeLessThan(0.2);
    expect(delay?.observedAt).toBe(START + 1000 + (delay?.seconds ?? 0) * 1000);
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

  it("finds a write overdue in time also where writes are rare, and tells when it is over", async () => {
    let silent = true;
    const { clock, canary, lines, store, source } = await scene(
      { tell: (event) => (silent ? [] : [event]) },
      { everyMs: 600_000 },
    );
    const asked: string[] = [];
    const ask = store.ask.bind(store);
    store.ask = async (role, request, options) => {
      asked.push(`${role} ${request}`);
      return ask(role, request, options);
    };
    await clock.advance(30_100);
    expect(canary.report).toMatchObject({ overdue: 1, pending: 1 });
    expect(lines).toEqual(["warn: the view has not shown a write of the canary yet; asking for another watch"]);
    silent = false;
    await clock.advance(30_000);
    expect(canary.report).toMatchObject({ overdue: 1, delays: 1, pending: 0 });
    expect(lines.slice(1)).toEqual(["info: the view is up with the writes of the canary again"]);
    expect(asked).toEqual(["streamer rewatch"]);
    expect(source.requests.watch).toBeGreaterThan(1);
    expectSum(canary);
  });

  it("that nobody watches for says so once, asks once, and keeps no more than it needs", async () => {
    const { clock, canary, lines, store } = await scene(
      {
        beforeRequest: ({ scope: of }) => {
          if (of.resource === LEASES) throw new KrmError("KRM_CONNECTION", "no");
        },
      },
      { everyMs: 1000 },
    );
    let asked = 0;
    store.ask = async () => void asked++;
    await clock.advance(600_000);
    const { writes, unknown, pending, waitingMs } = canary.report;
    expect(writes).toBeGreaterThan(590);
    expect({ pending, unknown }).toEqual({ pending: 100, unknown: writes - 100 });
    expect(waitingMs).toBeGreaterThan(598_000);
    expect(lines).toEqual(["warn: the view has not shown a write of the canary yet; asking for another watch"]);
    expect(asked).toBe(1);
    expectSum(canary);
  });

  it("gives up a write that is not answered, and looks for what is overdue all the while", async () => {
    let hanging = false;
    const { clock, canary, lines } = await scene({ tell: () => [] }, {}, (lease) => ({
      key: lease.key,
      // Does not heed its signal either.
      renew: async (at, options) => (hanging ? new Promise<never>(() => {}) : lease.renew(at, options)),
    }));
    await clock.advance(1000);
    expect(canary.report).toMatchObject({ writes: 1, failures: 0, pending: 1 });
    hanging = true;
    await clock.advance(29_100);
    expect(canary.report).toMatchObject({ writes: 1, failures: 1, overdue: 1 });
    hanging = false;
    await clock.advance(20_000);
    expect(canary.report.writes).toBeGreaterThan(1);
    expect(lines.filter((line) => line.includes("Lease"))).toEqual([
      "warn: the canary cannot write its Lease; trying on",
      "info: the canary writes its Lease again",
    ]);
  });

  it("counts a write once that was answered with a version that cannot be ordered", async () => {
    const { clock, canary, lines } = await scene({}, {}, (lease) => ({
      key: lease.key,
      renew: async (at, options) => ({ ...(await lease.renew(at, options)), resourceVersion: "0x7" }),
    }));
    await clock.advance(35_000);
    expect(canary.report).toMatchObject({ writes: 4, failures: 0, unknown: 4, delays: 0, pending: 0 });
    expect(lines).toEqual([
      "warn: a write of the canary was answered with a version that cannot be ordered; trying on",
    ]);
  });

  it("tells once why it cannot write, and goes on", async () => {
    let broken = true;
    const { clock, canary, lines } = await scene({}, {}, (lease) => ({
      key: lease.key,
      renew: async (at, options) => {
        if (broken) throw new Error("no");
        return lease.renew(at, options);
      },
    }));
    await clock.advance(60_000);
    expect(canary.report).toMatchObject({ writes: 0 });
    expect(canary.report.failures).toBeGreaterThan(1);
    expect(lines).toEqual(["warn: the canary cannot write its Lease; trying on"]);
    broken = false;
    await clock.advance(60_000);
    expect(canary.report.writes).toBeGreaterThan(0);
    expect(lines.slice(1)).toEqual(["info: the canary writes its Lease again"]);
  });
});
