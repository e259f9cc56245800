import { createHash } from "node:crypto";
import type { Clock, Logger, Scope, Store } from "@krm/core";
import { Collector, type Delay, type DelayDetail, InfluxSink, type MetricsSink, TeeSink } from "@krm/metrics";
import { type InfluxReport, type InfluxTarget, InfluxWriter } from "@krm/metrics/influx";
import { type ProcessMetrics, registerCollectorMetrics, registerInfluxMetrics } from "@krm/metrics/prometheus";
import type { InfluxFlagOptions } from "../options/influx-flags.ts";
import { quietLogger } from "../monitoring/quiet-logger.ts";
import { influxTarget } from "./influx-target.ts";

/** What collecting works with. */
export interface CollectingOptions {
  readonly store: Store;
  readonly registry: ProcessMetrics["registry"];
  /** Other places where what is measured goes. */
  readonly sinks?: readonly MetricsSink[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A collector at work. Disposing it writes what was measured, as far as the database takes it. */
export interface Collecting extends AsyncDisposable {
  /** Rejects when the store can never be asked again. */
  readonly done: Promise<void>;
  readonly collector: Collector;
  /** How writing to InfluxDB goes; undefined: nothing is written. */
  readonly influx: InfluxReport | undefined;
  /** Takes a delay that did not come out of a feed. */
  delay(scope: Scope, delay: Delay): void;
}

const MIB = 1024 * 1024;
const nothing = (): void => {};

/**
 * Begins to measure what a store's feeds tell, and to write it to InfluxDB, where the flags name one.
 *
 * @throws UsageError; KrmError `KRM_INVALID_ARGUMENT` for a database that cannot be
 */
export async function startCollecting(flags: InfluxFlagOptions, options: CollectingOptions): Promise<Collecting> {
  const { store, registry, sinks = [], clock, logger } = options;
  const target = flags.influxUrl === undefined ? undefined : await influxTarget(flags, flags.influxUrl);
  const writer = target && influxWriter(flags, target, options);
  const influx =
    writer && new InfluxSink({ writer, tags: Object.fromEntries(flags.influxTag ?? []), detail: detailOf(flags) });
  const sink = new TeeSink(influx === undefined ? sinks : [influx, ...sinks]);
  // Two databases are two readers. Without one, what Prometheus counts begins with the process.
  const place = target && ({ reader: readerName(target, flags), begin: "oldest" } as const);
  const sampleEveryMs = Math.max(1000, Math.min(flags.influxFlush, 10_000));
  const reading = place ?? ({ reader: false, begin: "newest" } as const);
  // That the store does not answer is told once, by whoever watches it.
  const collector = new Collector({ store, sink, ...reading, sampleEveryMs, clock, logger: quietLogger(logger) });
  registerCollectorMetrics(registry, () => collector.report);
  if (writer !== undefined) registerInfluxMetrics(registry, () => ({ report: writer.report, now: clock.now() }));
  const collecting = new AbortController();
  const writing = new AbortController();
  const written = writer?.run(writing.signal) ?? Promise.resolve();
  const done = collector.run(collecting.signal);
  // Whoever awaits `done` gets the failure; until then it must not count as unhandled.
  for (const each of [done, written]) each.catch(nothing);
  return {
    collector,
    done: Promise.race([done, written.then(async () => done)]),
    get influx() {
      return writer?.report;
    },
    delay: (scope, delay) => sink.delays(scope, [{ type: "delay", delay }], nothing),
    async [Symbol.asyncDispose]() {
      collecting.abort();
      await done.catch(nothing);
      influx?.finish();
      writing.abort();
      await written.catch(nothing);
      await collector.keepCheckpoints().catch((error: unknown) => {
        logger.debug({ err: error }, "the store did not take how far the metrics had come");
      });
    },
  };
}

/** The same for the same place and form of points. */
function readerName(target: InfluxTarget, { influxHistograms }: InfluxFlagOptions): string {
  const place =
    target.api === "v1"
      ? [target.url, target.database, target.retentionPolicy ?? ""]
      : [target.url, target.org, target.bucket];
  const digest = createHash("sha256")
    .update(JSON.stringify([...place, influxHistograms === undefined ? "objects" : "histograms"]))
    .digest("hex");
  return `metrics-${digest.slice(0, 16)}`;
}

function influxWriter(
  { influxFlush, influxSpill, influxSpillMib }: InfluxFlagOptions,
  target: InfluxTarget,
  { clock, logger }: CollectingOptions,
): InfluxWriter {
  return new InfluxWriter({
    target,
    clock,
    logger,
    random: Math.random,
    flushEveryMs: influxFlush,
    overflow:
      influxSpill === undefined
        ? { type: "drop-oldest" }
        : { type: "spill", folder: influxSpill, maxBytes: influxSpillMib * MIB },
  });
}

function detailOf({ influxHistograms: intervalMs }: InfluxFlagOptions): DelayDetail {
  return intervalMs === undefined ? { type: "objects" } : { type: "histograms", intervalMs };
}
