import { DEFAULT_RESOURCES, Monitor, ReplicaStore, ROLES, type Scope, systemClock } from "@krm/core";
import {
  DelayMetrics,
  processMetrics,
  registerRoleMetrics,
  registerViewMetrics,
  storeMetrics,
} from "@krm/metrics/prometheus";
import { openSources } from "../../cluster/cluster-sources.ts";
import { openReaderCluster } from "../../cluster/reader-cluster.ts";
import { resolveResources } from "../../cluster/resolve-resources.ts";
import type { CliIo } from "../../io.ts";
import { refuseUnsafe } from "../../listening/refuse-unsafe.ts";
import { serveReaders, type Serving } from "../../listening/serve-readers.ts";
import { commandLogger, logFormat } from "../../logging/command-logger.ts";
import { roleLogger } from "../../logging/role-logger.ts";
import { tellEnd } from "../../logging/tell-end.ts";
import { canaryScope, startCanary } from "../../metrics/start-canary.ts";
import { startCollecting } from "../../metrics/start-collecting.ts";
import { everySecond } from "../../monitoring/every-second.ts";
import { MonitorBoard } from "../../monitoring/monitor-board.ts";
import { lowered, quietLogger } from "../../monitoring/quiet-logger.ts";
import { tellNews } from "../../monitoring/tell-news.ts";
import { nodeLeaseScopes } from "../../options/node-lease-flags.ts";
import { observedStore } from "../../stores/observed-store.ts";
import { openStore } from "../../stores/open-store.ts";
import { StoreHealth } from "../../stores/store-health.ts";
import { untilEnded } from "../../until-ended.ts";
import type { MonitorCommandOptions } from "./command.ts";

/** Monitors a cluster until it is told to end. */
export async function runMonitor(names: readonly string[], options: MonitorCommandOptions, io: CliIo): Promise<void> {
  const { namespace, verifyEvery, verifyBudget, lease, serve, healthListen } = options;
  if (serve === true) refuseUnsafe(options);
  const clock = systemClock;
  const { signal } = io;
  const logger = roleLogger(commandLogger(io, options), "monitor");
  await using resources = new AsyncDisposableStack();
  resources.use(tellEnd(logger, clock, signal));
  const sources = resources.use(openSources(options, io.env, logger));
  const { registry, telemetry } = resources.use(processMetrics(ROLES));
  const storeHealth = new StoreHealth(logger, clock, storeMetrics(registry));
  const board = new MonitorBoard(storeHealth, clock);
  registerRoleMetrics(registry, ROLES, board);
  // Apart from all that may take long, or hang: the store, and an API server that is away.
  const stop = new AbortController();
  const beating = everySecond(() => board.beat(), clock, stop.signal);
  resources.defer(async () => {
    stop.abort();
    await Promise.allSettled([beating]);
  });
  if (healthListen !== undefined) {
    const { serveHealth } = await import("../../health/serve-health.ts");
    const health = {
      silentMs: () => board.silentMs,
      stuck: () => board.stuck(),
      checks: () => board.checks(),
      metrics: registry,
    };
    resources.use(await serveHealth(health, healthListen, logger));
  }
  const opened = resources.use(await openStore(options.store, { logger, clock, signal }));
  const store = observedStore(opened, storeHealth);
  const { shared } = store.manifest;
  const scopes: Scope[] = [];
  const failures: Promise<unknown>[] = [];
  // Readers get 503 until there is an answer, also while the names are looked up.
  let served = store;
  let serving: Serving | undefined;
  if (serve === true) {
    if (shared) {
      // That the store does not answer is told once, by the one who watches it.
      const quiet = lowered(quietLogger(logger), "info");
      const replica = resources.use(new ReplicaStore({ source: store, clock, logger: quiet })).start();
      failures.push(replica.done);
      served = replica;
    }
    const cluster = resources.use(openReaderCluster(options, io.env, logger));
    serving = resources.use(await serveReaders(served, scopes, options, logger, registry, cluster));
  } else if (!shared) {
    logger.warn({}, `nobody can read what is monitored: ${options.store.shown} belongs to this process. Add --serve.`);
  }
  registerViewMetrics(registry, { store: served, scopes, clock });
  const delays = new DelayMetrics(registry);
  // Prometheus gets delays off the commits; a collector reads all of them back from the store.
  const wanted = options.influxUrl !== undefined;
  const collecting = wanted
    ? resources.use(await startCollecting(options, { store, registry, clock, logger }))
    : undefined;
  if (collecting !== undefined) failures.push(collecting.done);
  logger.info({ ...sources.about, store: options.store.shown }, "monitoring");
  const watched =
    names.length === 0 ? DEFAULT_RESOURCES : await resolveResources(names, sources.main, { logger, clock, signal });
  const monitor = resources.use(
    new Monitor({
      source: sources,
      store,
      resources: watched,
      scopes: [...canaryScope(options), ...nodeLeaseScopes(options)],
      verifyEveryMs: verifyEvery,
      verifyBudgetPerHour: verifyBudget,
      telemetry,
      logger: quietLogger(logger),
      ...(namespace === undefined ? {} : { namespaces: namespace }),
      ...(lease === undefined ? {} : { leaseTtlMs: lease }),
    }),
  );
  scopes.push(...monitor.scopes);
  await serving?.followUnions();
  board.follow(monitor);
  monitor.events.on("commit", (scope, { changes }) => delays.changes(scope, changes));
  monitor.start();
  const canary = startCanary(options, {
    source: sources.main,
    store,
    registry,
    clock,
    logger,
    onDelay: (scope, delay) => {
      delays.take(scope, [{ type: "delay", delay }]);
      collecting?.delay(scope, delay);
    },
  });
  if (canary !== undefined) failures.push(resources.use(canary).done);
  const silence = new AbortController();
  const telling = tellNews(monitor, {
    logger,
    clock,
    shared,
    board,
    each: logFormat(io, options) === "json",
    signal: AbortSignal.any([signal, silence.signal]),
  });
  resources.defer(async () => {
    silence.abort();
    await Promise.allSettled([telling]);
  });
  await untilEnded(signal, [monitor.done, telling, beating, ...failures]);
}
