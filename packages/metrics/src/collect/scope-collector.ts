import {
  type BackoffOptions,
  backoffMs,
  type Clock,
  compareResourceVersions,
  type FeedBatch,
  type FeedEntry,
  isFinal,
  type Logger,
  type ResourceVersion,
  scopeId,
  type ScopeStore,
  untilAborted,
  type ViewChange,
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
  /** Under which its checkpoint is kept; undefined: it keeps none. */
  readonly reader: string | undefined;
  /** Where it begins without a checkpoint. */
  readonly begin: "oldest" | "newest";
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

/** A place at which reading has failed so often in a row is left, if the store answers: what stands there cannot be read. */
const POISONED = 10;

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
  /** Something was read before, by this collector or by the one before it: what is missing since then is a gap. */
  #begun = false;
  /** Times that the feed was begun anew since something was read. */
  #resets = 0;
  #epoch: number | undefined;
  /** The newest version that was read. */
  #newest: ResourceVersion | undefined;
  /** Up to here changes were read before; they may come again. */
  #again: ResourceVersion | undefined;
  #failures = 0;

  constructor(options: ScopeCollectorOptions) {
    this.#options = options;
    this.#id = scopeId(options.store.scope);
  }

  /** Reads until the signal aborts. Rejects only when the store can never be asked again. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, backoff } = this.#options;
    const keeping = this.#keep(signal);
    while (!signal.aborted) {
      try {
        await this.#restore(signal);
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) break;
        if (isFinal(error)) throw error;
        await this.#failed(error, signal);
        await clock.sleep(backoffMs(this.#failures, random(), undefined, backoff), { signal }).catch(() => {});
      }
    }
    this.#options.counters.failing(this.#id, undefined);
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
    const { store, reader, sink, begin } = this.#options;
    if (this.#restored) return;
    this.#kept = reader === undefined ? undefined : await store.checkpoint(reader, { signal });
    const kept = readCheckpoint(this.#kept);
    this.#begun = kept !== undefined;
    const first = async (): Promise<string> =>
      begin === "oldest" ? store.oldestCursor({ signal }) : store.cursor({ signal });
    const place = kept ?? { cursor: await first(), memo: undefined };
    this.#progress = new Progress(place);
    this.#position = place.cursor;
    if (place.memo !== undefined) sink.restore?.(store.scope, place.memo);
    this.#restored = true;
  }

  /** Reads the feed until it ends, fails, or has to be begun anew. */
  async #follow(signal: AbortSignal): Promise<void> {
    for await (const batch of this.#options.store.changes({ since: this.#position, signal })) {
      this.#works();
      if (batch.type === "changes") {
        this.#take(batch.entries);
        this.#epoch = batch.meta?.epoch ?? this.#epoch;
        continue;
      }
      await this.#resume(batch, signal);
      return;
    }
  }

  /** The feed does not reach back to where this reader was: goes on with the oldest that there is. */
  async #resume(
    { cursor, complete = false }: Extract<FeedBatch, { readonly type: "reset" }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { counters, logger, store } = this.#options;
    const epoch = this.#epoch;
    ({ epoch: this.#epoch } = await store.meta({ signal }));
    // Versions go back where the history began anew.
    this.#again = epoch === this.#epoch ? this.#newest : undefined;
    // What was outrun once while it was gone back for is not chased again.
    const goesBack = !complete && this.#resets++ === 0;
    this.#position = goesBack ? await store.oldestCursor({ signal }) : cursor;
    this.#progress.pass(this.#position);
    if (complete || !this.#begun) return;
    counters.gap();
    logger.info(
      { scope: this.#id },
      "the change feed does not reach back to where the metrics were: delays of what happened in between are missing",
    );
  }

  #take(entries: readonly FeedEntry[]): void {
    const { counters, sink, store } = this.#options;
    const last = entries.at(-1);
    if (last === undefined) return;
    this.#position = last.cursor;
    this.#begun = true;
    this.#resets = 0;
    const fresh = entries.filter(({ change }) => this.#isFresh(change));
    const measured = fresh.map(({ change }): Measured => measureChange(change, store.scope));
    for (const each of measured) counters.count(each);
    const settles = measured.some((each) => each?.type === "delay");
    if (!settles) this.#progress.pass(last.cursor);
    sink.delays(store.scope, measured, settles ? this.#progress.read(last.cursor) : () => {});
  }

  /** False for an event that was read before the feed had to be gone back in. */
  #isFresh(change: ViewChange): boolean {
    if (change.origin !== "stream") return true;
    const version = change.type === "set" ? change.object.resourceVersion : change.resourceVersion;
    if (this.#again !== undefined && compareResourceVersions(version, this.#again) <= 0) return false;
    this.#again = undefined;
    this.#newest = version;
    return true;
  }

  #works(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#options.counters.failing(this.#id, undefined);
  }

  async #failed(cause: unknown, signal: AbortSignal): Promise<void> {
    const { counters, logger, store } = this.#options;
    this.#failures++;
    counters.failing(this.#id, cause);
    if (this.#failures % POISONED > 0) return;
    // If this fails as well, the store is away, and nothing is given up.
    const cursor = await store.cursor({ signal }).catch(() => undefined);
    if (cursor === undefined || cursor === this.#position) return;
    this.#position = cursor;
    this.#progress.pass(cursor);
    counters.gap();
    logger.warn({ err: cause, scope: this.#id }, "what stands in the change feed cannot be read; going on behind it");
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
