import { systemClock } from "@krm/core";
import type { MetricsSink } from "@krm/metrics";
import { DelayMetrics, processMetrics, registerViewMetrics, storeMetrics } from "@krm/metrics/prometheus";
import type { ReadinessCheck } from "../../health/readiness.ts";
import type { CliIo } from "../../io.ts";
import { commandLogger } from "../../logging/command-logger.ts";
import { roleLogger } from "../../logging/role-logger.ts";
import { tellEnd } from "../../logging/tell-end.ts";
import { MinuteSummary } from "../../metrics/minute-summary.ts";
import { startCollecting } from "../../metrics/start-collecting.ts";
import { observedStore } from "../../stores/observed-store.ts";
import { openStore } from "../../stores/open-store.ts";
import { StoreHealth } from "../../stores/store-health.ts";
import { untilEnded } from "../../until-ended.ts";
import type { MetricsOptions } from "./command.ts";

/** Measures what a store's feeds tell until it is told to end. */
export async function runMetrics(options: MetricsOptions, io: CliIo): Promise<void> {
  const clock = systemClock;
  const { signal } = io;
  const logger = roleLogger(commandLogger(io, options), "collector");
  await using resources = new AsyncDisposableStack();
  resources.use(tellEnd(logger, clock, signal));
  const { registry } = resources.use(processMetrics([]));
  const health = new StoreHealth(logger, clock, storeMetrics(registry));
  const opened = resources.use(await openStore(options.store, { logger, clock, signal }));
  const store = observedStore(opened, health);
  registerViewMetrics(registry, { store: opened, clock });
  const delays = new DelayMetrics(registry);
  const summary = new MinuteSummary();
  const prometheus: MetricsSink = {
    delays(scope, measured, settled) {
      delays.take(scope, measured);
      settled();
    },
    status: () => {},
  };
  const sinks = [prometheus, summary];
  const collecting = resources.use(await startCollecting(options, { store, registry, sinks, clock, logger }));
  let beatAt = clock.monotonic();
  if (options.healthListen !== undefined) {
    const { serveHealth } = await import("../../health/serve-health.ts");
    const checks = (): readonly ReadinessCheck[] => {
      const ready = !health.failing && collecting.collector.report.failing === 0;
      return [{ ready, line: ready ? "store" : "store, it fails" }];
    };
    const about = { silentMs: () => clock.monotonic() - beatAt, checks, metrics: registry };
    resources.use(await serveHealth(about, options.healthListen, logger));
  }
  logger.info(
    { store: options.store.shown, ...(options.influxUrl === undefined ? {} : { influx: options.influxUrl }) },
    "measuring",
  );
  const stop = new AbortController();
  const telling = (async () => {
    const until = AbortSignal.any([signal, stop.signal]);
    for (let seconds = 1; !until.aborted; seconds++) {
      await clock.sleep(1000, { signal: until }).catch(() => {});
      beatAt = clock.monotonic();
      if (seconds % 60 === 0) logger.info({}, summary.tell(collecting.collector.report, collecting.influx));
    }
  })();
  resources.defer(async () => {
    stop.abort();
    await telling;
  });
  await untilEnded(signal, [collecting.done, telling]);
}
