import {
  type ApiStatus,
  DEFAULT_RESOURCES,
  INGRESSES,
  KrmError,
  LEASES,
  Monitor,
  ROLES,
  type RoleReports,
  type Scope,
  type ScopeStatus,
  SERVICES,
} from "@krm/core";
import { Canary, Collector, InfluxSink, type Measured, type MetricsSink, TeeSink } from "@krm/metrics";
import {
  DelayMetrics,
  processMetrics,
  registerCanaryMetrics,
  registerCollectorMetrics,
  registerInfluxMetrics,
  registerRoleMetrics,
  registerViewMetrics,
  type RoleAtWork,
  storeMetrics,
} from "@krm/metrics/prometheus";
import type { InfluxReport } from "@krm/metrics/influx";
import {
  Churn,
  ClusterSource,
  generateCluster,
  ManualClock,
  parseFaults,
  SeededRandom,
  SimCluster,
} from "@krm/testkit";
import { canaryLease, LEASE_NAMESPACE } from "./canary-lease.ts";

/** What Prometheus gets of one scrape. `at`: epoch milliseconds. */
export interface Scrape {
  readonly at: number;
  readonly text: string;
}

/** What was measured of a cluster for a while. */
export interface MeasuredCluster {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** For InfluxDB, in its line protocol: delays one by one and by interval, samples, missed events. */
  readonly lines: readonly string[];
  readonly scrapes: readonly Scrape[];
}

const START = Date.UTC(2026, 0, 1);
const MINUTES = 16;
const SCRAPE_MS = 15_000;
/** The services' events come later by almost as much each time, so that every range of delays up to ten seconds is met. */
const TOUCH_MS = 5000;
const CLOCK_OFFSET_MS = 2500;

const FORBIDDEN: ApiStatus = {
  code: 403,
  reason: "Forbidden",
  message: "ingresses is forbidden",
  retryAfterSeconds: undefined,
};

/**
 * Lets a Monitor watch a simulated cluster for some minutes of a manual clock, whose API server loses events, tells some
 * of them minutes late, has a clock that is ahead, and forbids one resource; a canary and a collector with it. What comes
 * out is what the programs would write and tell.
 */
export async function measuredCluster(): Promise<MeasuredCluster> {
  const clock = new ManualClock({ now: START });
  const random = new SeededRandom(5);
  const cluster = new SimCluster({ clock, seed: 5, clockOffsetMs: CLOCK_OFFSET_MS });
  generateCluster(cluster, { pods: 30, nodes: 3, seed: 5 });
  using churn = new Churn({ cluster, seed: 5, eventsPerSecond: 2, nodeLeases: true });
  const source = new ClusterSource({
    cluster,
    tell: (event) => (random.chance(0.03) ? [] : [event]),
    sway: parseFaults("sway=4s/1m,sway.services=348s/12m").sway,
    clockOffset: () => ({
      lowMs: CLOCK_OFFSET_MS - 100,
      highMs: CLOCK_OFFSET_MS + 200,
      samples: 8,
      at: clock.now(),
    }),
    beforeRequest: ({ scope }) => {
      if (scope.resource.resource === INGRESSES.resource)
        throw new KrmError("KRM_API_STATUS", FORBIDDEN.message, { status: FORBIDDEN });
    },
  });

  const metrics = processMetrics(ROLES, clock);
  await using monitor = new Monitor({
    source,
    clock,
    resources: DEFAULT_RESOURCES,
    scopes: [{ resource: LEASES, namespace: LEASE_NAMESPACE }],
    verifyEveryMs: 60_000,
    random: () => random.next(),
    eventLoop: { read: () => ({ p99Ms: 12, maxMs: 40 }) },
    telemetry: metrics.telemetry,
  });

  const lines: string[] = [];
  const writer = {
    offer(offered: readonly string[], settled?: () => void): void {
      lines.push(...offered);
      settled?.();
    },
  };
  const oneByOne = new InfluxSink({ writer });
  const byInterval = new InfluxSink({ writer, detail: { type: "histograms", intervalMs: 60_000 } });
  const delays = new DelayMetrics(metrics.registry);
  const sink = new TeeSink([oneByOne, byInterval, counting(delays)]);
  const collector = new Collector({ store: monitor.store, sink, clock, random: () => random.next() });
  const canary = new Canary({
    lease: canaryLease(cluster),
    store: monitor.store.scope({ resource: LEASES, namespace: LEASE_NAMESPACE }),
    overdueAfterMs: 3000,
    clock,
    random: () => random.next(),
    onDelay: (scope, delay) => sink.delays(scope, [{ type: "delay", delay }], () => {}),
  });

  let statuses: readonly ScopeStatus[] = [];
  registerViewMetrics(metrics.registry, { store: monitor.store, scopes: monitor.scopes, clock });
  registerRoleMetrics(metrics.registry, ROLES, {
    get roles() {
      return statuses.flatMap(rolesAtWork);
    },
    store: { failingSeconds: () => 0 },
  });
  registerCollectorMetrics(metrics.registry, () => collector.report);
  registerCanaryMetrics(metrics.registry, () => canary.report);
  registerInfluxMetrics(metrics.registry, () => ({ report: influxReport(lines.length), now: clock.now() }));
  const calls = storeMetrics(metrics.registry);

  const stop = new AbortController();
  const { signal } = stop;
  monitor.start();
  const running = [churn.run({ signal }), collector.run(signal), canary.run(signal)];
  const scrapes: Scrape[] = [];
  for (let ms = 0; ms < MINUTES * 60_000; ms += SCRAPE_MS) {
    for (let touched = 0; touched < SCRAPE_MS; touched += TOUCH_MS) {
      touchServices(cluster, String(ms + touched));
      await clock.advance(TOUCH_MS);
    }
    if (ms % 60_000 === 0) source.bookmark();
    calls.answered("commit", 0.002);
    calls.failed("append", "KRM_STORE_FAILED", 0.02);
    statuses = await monitor.status();
    scrapes.push({ at: clock.now(), text: await metrics.registry.metrics() });
  }
  byInterval.finish();
  stop.abort();
  await Promise.all(running);
  metrics[Symbol.dispose]();
  return { from: START, to: clock.now(), lines, scrapes };
}

/** Changes every service: see {@link TOUCH_MS}. */
function touchServices(cluster: SimCluster, round: string): void {
  for (const { metadata } of cluster.list(SERVICES).items)
    cluster.patch(SERVICES, metadata.namespace, metadata.name, { metadata: { labels: { round } } });
}

/** Counts delays as they come, as a process that Prometheus scrapes does. */
function counting(delays: DelayMetrics): MetricsSink {
  return {
    delays(scope: Scope, measured: readonly Measured[], settled) {
      delays.take(scope, measured);
      settled();
    },
    status() {},
  };
}

function rolesAtWork({ scope, reports }: ScopeStatus): readonly RoleAtWork[] {
  return ROLES.map((role) => {
    const report: RoleReports[typeof role] | undefined = reports[role];
    return { role, scope, standing: "holding", report, queued: 0 };
  });
}

/** As of a writer whose database takes everything. */
function influxReport(written: number): InfluxReport {
  return {
    written,
    refused: {
      "field-type-conflict": 0,
      "beyond-retention": 0,
      limit: 0,
      unparseable: 0,
      "too-large": 0,
      other: 0,
    },
    dropped: 0,
    retried: 0,
    waiting: { lines: 0, bytes: 0, oldestAt: undefined },
    spilled: { segments: 0, lines: 0, bytes: 0, oldestAt: undefined, error: undefined },
    failing: undefined,
    lastWrittenAt: undefined,
  };
}
