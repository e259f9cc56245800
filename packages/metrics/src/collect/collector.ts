import {
  type BackoffOptions,
  backoffMs,
  type Clock,
  isFinal,
  type Logger,
  type Scope,
  scopeId,
  type ScopeStatus,
  scopeStatus,
  silentLogger,
  type StalenessBounds,
  type Store,
  STORE_BACKOFF,
  systemClock,
  untilAborted,
} from "@krm/core";
import { CollectorCounters, type CollectorReport } from "./collector-counters.ts";
import type { MetricsSink } from "./metrics-sink.ts";
import { ScopeCollector } from "./scope-collector.ts";

/** What a collector is made with. */
export interface CollectorOptions {
  /** The store itself, not a replica of it: that keeps no checkpoints. */
  readonly store: Store;
  readonly sink: MetricsSink;
  /**
   * The name under which the store keeps how far this collector has come, so that it goes on there after a restart. Where
   * nothing is kept yet, it begins as `begin` says. Two with different sinks need two names: else one goes on where the
   * other one is. `false`: it keeps no place.
   *
   * @default "metrics"
   */
  readonly reader?: string | false | undefined;
  /**
   * Where it begins in scopes that are there already, without a checkpoint: with all that their feeds hold, or with what
   * happens from now on. A scope that comes later is read from its first change.
   *
   * @default "oldest"
   */
  readonly begin?: "oldest" | "newest" | undefined;
  /** How often each scope's status is handed to the sink. Milliseconds. @default 10_000 */
  readonly sampleEveryMs?: number | undefined;
  /** How often the place is kept in the store. Milliseconds. @default 2000 */
  readonly keepEveryMs?: number | undefined;
  /** When a view counts as stale. @default DEFAULT_STALENESS */
  readonly staleness?: StalenessBounds | undefined;
  /** @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** @default silent */
  readonly logger?: Logger | undefined;
  /** Chance for back-off, in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
  /** How long to wait for a store that fails. @default STORE_BACKOFF */
  readonly backoff?: BackoffOptions | undefined;
}

/** How often a store is asked for scopes that are new to it. */
const LOOK_EVERY_MS = 1000;

/**
 * Measures how late the streams of a store's scopes were told of changes, and samples how each scope is. It needs nothing
 * but the store: the monitors that fill it may be other processes.
 *
 * Delays are read off the change feeds, so what a feed has dropped before the collector came to it is not measured; that
 * is counted (`gaps`) and logged.
 *
 * @example
 * const writer = new InfluxWriter({ target, clock, logger, random });
 * const collector = new Collector({ store, sink: new InfluxSink({ writer }) });
 * await Promise.all([writer.run(signal), collector.run(signal)]);
 */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #clock: Clock;
  readonly #counters: CollectorCounters;
  readonly #scopes = new Map<string, ScopeCollector>();

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { logger = silentLogger } = options;
    this.#counters = new CollectorCounters((error, scope) => {
      if (error === undefined) logger.info({}, "the change feeds can be read again");
      else logger.warn({ err: error, scope }, "the change feed cannot be read; trying on");
    });
  }

  /** What was read since it began. */
  get report(): CollectorReport {
    return this.#counters.report;
  }

  /** Collects until the signal aborts. Rejects only when the store can never be asked again. */
  async run(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const all = AbortSignal.any([signal, over.signal]);
    const untilOver = async (work: Promise<void>): Promise<void> => {
      try {
        await work;
      } catch (error) {
        over.abort(error);
      }
    };
    const scopes: Promise<void>[] = [];
    const begin = (scope: Scope, first: boolean): void => {
      const collector = this.#scopeCollector(scope, first ? this.#options.begin : "oldest");
      this.#scopes.set(scopeId(scope), collector);
      this.#counters.scopes++;
      scopes.push(untilOver(collector.run(all)));
    };
    await Promise.all([untilOver(this.#find(all, begin)), untilOver(this.#sample(all))]);
    await Promise.all(scopes);
    over.signal.throwIfAborted();
  }

  /**
   * Keeps in the store how far the sink has come; for the end, after the sink has settled all that it could. Rejects when
   * the store does not take it in two seconds: then some points are written a second time after the restart.
   */
  async keepCheckpoints(): Promise<void> {
    await Promise.all([...this.#scopes.values()].map(async (each) => each.keepNow()));
  }

  #scopeCollector(scope: Scope, begin: "oldest" | "newest" = "oldest"): ScopeCollector {
    const { store, sink, reader = "metrics", keepEveryMs = 2000, random = Math.random } = this.#options;
    const { logger = silentLogger, backoff = STORE_BACKOFF } = this.#options;
    return new ScopeCollector({
      store: store.scope(scope),
      sink,
      reader: reader === false ? undefined : reader,
      begin,
      keepEveryMs,
      clock: this.#clock,
      logger,
      random,
      backoff,
      counters: this.#counters,
    });
  }

  /** Asks for the scopes for ever, and begins with each that is new. */
  async #find(signal: AbortSignal, begin: (scope: Scope, first: boolean) => void): Promise<void> {
    const { store, random = Math.random, backoff = STORE_BACKOFF } = this.#options;
    let first = true;
    for (let failures = 0; !signal.aborted;) {
      try {
        for (const scope of await untilAborted(store.scopes({ signal }), signal))
          if (!this.#scopes.has(scopeId(scope))) begin(scope, first);
        first = false;
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (isFinal(error)) throw error;
        failures++;
      }
      const pause = failures === 0 ? LOOK_EVERY_MS : backoffMs(failures, random(), undefined, backoff);
      await this.#clock.sleep(pause, { signal }).catch(() => {});
    }
  }

  /** Hands each scope's status to the sink now and then. One that cannot be read leaves a gap, not an old value. */
  async #sample(signal: AbortSignal): Promise<void> {
    const { store, sink, sampleEveryMs = 10_000 } = this.#options;
    while (!signal.aborted) {
      await this.#clock.sleep(sampleEveryMs, { signal }).catch(() => {});
      if (signal.aborted) return;
      const scopes = await this.#read(async () => store.scopes({ signal }), signal);
      for (const scope of scopes ?? []) await this.#sampleOne(scope, signal);
      sink.collector?.(this.report, this.#clock.now());
    }
  }

  async #sampleOne(scope: Scope, signal: AbortSignal): Promise<void> {
    const { store, sink, staleness } = this.#options;
    const now = this.#clock.now();
    const read = async (): Promise<ScopeStatus> => scopeStatus(store.scope(scope), now, staleness, { signal });
    const status = await this.#read(read, signal);
    if (status !== undefined) sink.status(status, now);
  }

  /** Undefined: it could not be read now. Rejects where it never will be. */
  async #read<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    try {
      return await untilAborted(read(), signal);
    } catch (error) {
      if (!signal.aborted && isFinal(error)) throw error;
      return undefined;
    }
  }
}
