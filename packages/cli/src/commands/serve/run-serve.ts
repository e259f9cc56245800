import { ReplicaStore, scopeStatus, type ScopeStatus, silentLogger, systemClock } from "@krm/core";
import { processMetrics, registerViewMetrics, storeMetrics } from "@krm/metrics/prometheus";
import type { ReaderCluster } from "../../cluster/reader-cluster.ts";
import type { ReadinessCheck } from "../../health/readiness.ts";
import type { CliIo } from "../../io.ts";
import { refuseUnsafe } from "../../listening/refuse-unsafe.ts";
import { serveReaders } from "../../listening/serve-readers.ts";
import { commandLogger, logFormat } from "../../logging/command-logger.ts";
import { roleLogger } from "../../logging/role-logger.ts";
import { tellEnd } from "../../logging/tell-end.ts";
import { FIRST_CONDITION, scopeCondition } from "../../monitoring/scope-news.ts";
import { tellChanges } from "../../monitoring/tell-news.ts";
import { observedStore } from "../../stores/observed-store.ts";
import { openStore } from "../../stores/open-store.ts";
import { StoreHealth } from "../../stores/store-health.ts";
import { untilEnded } from "../../until-ended.ts";
import type { ServeOptions } from "./command.ts";

/** Serves what a store holds until it is told to end. */
export async function runServe(options: ServeOptions, io: CliIo): Promise<void> {
  refuseUnsafe(options);
  const clock = systemClock;
  const logger = roleLogger(commandLogger(io, options), "server");
  await using resources = new AsyncDisposableStack();
  resources.use(tellEnd(logger, clock, io.signal));
  const { registry } = resources.use(processMetrics([]));
  let cluster: ReaderCluster | undefined;
  if (options.auth?.type === "tokenreview" || options.forwardUncached === true) {
    const { openReaderCluster } = await import("../../cluster/reader-cluster.ts");
    cluster = resources.use(openReaderCluster(options, io.env, logger));
  }
  const opened = resources.use(await openStore(options.store, { logger, clock, signal: io.signal }));
  // That the store does not answer is told by the one who follows it.
  const store = observedStore(opened, new StoreHealth(silentLogger, clock, storeMetrics(registry)));
  const replica = resources.use(new ReplicaStore({ source: store, clock, logger }));
  registerViewMetrics(registry, { store: replica, clock });
  // Readers get 503 until there is an answer.
  resources.use(await serveReaders(replica, [], options, logger, registry, cluster));
  logger.info({ store: options.store.shown }, "serving");
  replica.start();
  const stop = new AbortController();
  let beatAt = clock.monotonic();
  const read = async (): Promise<readonly ScopeStatus[]> => {
    beatAt = clock.monotonic();
    return Promise.all((await replica.scopes()).map(async (scope) => scopeStatus(replica.scope(scope), clock.now())));
  };
  if (options.healthListen !== undefined) {
    const { serveHealth } = await import("../../health/serve-health.ts");
    const checks = (): readonly ReadinessCheck[] => [
      { ready: replica.connected, line: replica.connected ? "store" : "store, it does not answer" },
    ];
    const about = { silentMs: () => clock.monotonic() - beatAt, checks, metrics: registry };
    resources.use(await serveHealth(about, options.healthListen, logger));
  }
  const telling = tellChanges(async () => (await read()).map(scopeCondition), {
    logger,
    clock,
    signal: AbortSignal.any([io.signal, stop.signal]),
    before: FIRST_CONDITION,
    each: logFormat(io, options) === "json",
  });
  resources.defer(async () => {
    stop.abort();
    await Promise.allSettled([telling]);
  });
  await untilEnded(io.signal, [replica.done, telling]);
}
