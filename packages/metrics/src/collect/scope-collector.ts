import {
  type BackoffOptions,
  backoffMs,
  type Clock,
  type FeedBatch,
  isFinal,
  type Logger,
  scopeId,
  type ScopeStore,
  untilAborted,
} from "@krm/core";
import type { Measured } from "../delay/delay.ts";
import { measureChange } from "../delay/measure-change.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { CollectorCounters } from "./collector-counters.ts";
import type { MetricsSink } from "./metrics-sink.ts";
import { Progress } from "./progress.ts";

/** What collecting from one scope works with. */
export interface ScopeCollectorOptions {
  readonly store: ScopeStore;
  readonly sink: MetricsSink;
  /** Under which its checkpoint is kept; undefined: it keeps none, and begins where the feed does. */
  readonly reader: string | undefined;
  /** How often the checkpoint is kept, where it has moved. Milliseconds. */
  readonly keepEveryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Chance for back-off, in [0, 1). */
  readonly random: () => number;
  readonly backoff: BackoffOptions;
  readonly counters: CollectorCounters;
}

/** The last checkpoint is given so long to be kept when the collector ends, in milliseconds. */
const LAST_KEEP_MS = 2000;

/**
 * Reads the change feed of one scope from where it was left, and hands what each change tells to the sink. Nothing is
 * handed over twice but after a crash: then what was not settled comes again, and gives the same points.
 */
export class ScopeCollector {
  readonly #options: ScopeCollectorOptions;
  readonly #id: string;
  #progress = new Progress();
  /** Where reading goes on: ahead of what is settled. Undefined: nothing was read yet. */
  #position: string | undefined;
  #kept: string | undefined;
  #restored = false;

  constructor(options: ScopeCollectorOptions) {
    this.#options = options;
    this.#id = scopeId(options.store.scope);
  }

  /** Reads until the signal aborts. Rejects only when the store can never be asked again. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, random, backoff } = this.#options;
    const keeping = this.#keep(signal);
    keeping.catch(() => {});
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#restore(signal);
        for await (const batch of this.#options.store.changes({ since: this.#position, signal })) {
          failures = 0;
          this.#take(batch);
        }
      } catch (error) {
        if (signal.aborted) break;
        if (isFinal(error)) throw error;
        if (failures++ === 0)
          logger.debug({ err: error, scope: this.#id }, "could not read the change feed; trying again");
        await clock.sleep(backoffMs(failures, random(), undefined, backoff), { signal }).catch(() => {});
      }
    }
    await keeping;
  }

  /** Keeps the place that was reached; for the end, when the sink has settled all that it could. */
  async keepNow(): Promise<void> {
    const { store, reader } = this.#options;
    const { place } = this.#progress;
    if (reader === undefined || place === undefined) return;
    const checkpoint = writeCheckpoint(place);
    if (checkpoint === this.#kept) return;
    await store.keepCheckpoint(reader, checkpoint, { signal: AbortSignal.timeout(LAST_KEEP_MS) });
    this.#kept = checkpoint;
  }

  async #restore(signal: AbortSignal): Promise<void> {
    const { store, reader, sink } = this.#options;
    if (this.#restored) return;
    if (reader === undefined) {
      this.#position = await store.oldestCursor({ signal });
    } else {
      this.#kept = await store.checkpoint(reader, { signal });
      const place = readCheckpoint(this.#kept) ?? { cursor: await store.oldestCursor({ signal }), memo: undefined };
      this.#progress = new Progress(place);
      this.#position = place.cursor;
      if (place.memo !== undefined) sink.restore?.(store.scope, place.memo);
    }
    this.#restored = true;
  }

  #take(batch: FeedBatch): void {
    const { counters, logger, sink, store } = this.#options;
    if (batch.type === "reset") {
      counters.gap();
      logger.info(
        { scope: this.#id },
        "the change feed was begun anew, or does not reach back to where the metrics were: delays of what happened in between are not measured",
      );
      this.#position = batch.cursor;
      this.#progress.read(batch.cursor)();
      return;
    }
    const last = batch.entries.at(-1);
    if (last === undefined) return;
    const measured = batch.entries.map(({ change }): Measured => measureChange(change, store.scope));
    for (const each of measured) counters.count(each);
    this.#position = last.cursor;
    sink.delays(store.scope, measured, this.#progress.read(last.cursor));
  }

  /** Keeps the place now and then. A store that fails loses nothing but time: what is not kept is read again. */
  async #keep(signal: AbortSignal): Promise<void> {
    const { clock, keepEveryMs, reader } = this.#options;
    if (reader === undefined) return;
    while (!signal.aborted) {
      await clock.sleep(keepEveryMs, { signal }).catch(() => {});
      if (signal.aborted) return;
      await untilAborted(this.keepNow(), signal).catch(() => {});
    }
  }
}
