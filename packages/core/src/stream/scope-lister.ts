import { KrmError } from "../errors.ts";
import { compareResourceVersions, type ResourceVersion } from "../model/resource-version.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { RoleOptions } from "../monitor/role-options.ts";
import type { PollingReason } from "../monitor/role-status.ts";
import type { ListWatch } from "../ports/list-watch.ts";
import { isFinal } from "../store/final-failure.ts";
import { isComparable, takeSnapshot } from "../verify/take-snapshot.ts";
import { classifyList } from "./classify.ts";
import type { StreamerEvent } from "./streamer-state.ts";
import type { StreamLedger } from "./stream-ledger.ts";
import type { StreamSink } from "./stream-sink.ts";
import { type StreamingList, takeStreamingList } from "./streaming-list.ts";
import { StreamingRefusal } from "./streaming-refusal.ts";
import type { Told } from "./told.ts";
import { type WatchConnection, watchSeconds } from "./watch-connection.ts";

/** What a ScopeLister works with. */
export interface ScopeListerOptions extends Pick<RoleOptions, "clock" | "logger" | "random" | "listSlot" | "pageSize"> {
  readonly listWatch: ListWatch;
  readonly sink: StreamSink;
  readonly ledger: StreamLedger;
  readonly told: Told;
  /** A list showed that the cluster's history restarted. */
  readonly onEpochReset: () => void;
}

/** What listing came to. */
export interface Listing {
  readonly event: StreamerEvent;
  /** The watch that goes on from the list, where it was a streaming list. */
  readonly watch?: WatchConnection | undefined;
}

/** A server that refused streaming lists is asked for one again after this long. */
const REFUSED_FOR_MS = 3_600_000;

/**
 * How a streamer lists its scope: by a streaming list where the server makes them (one request, and the watch goes on
 * without a gap), by LIST where not. Hands what was listed to the sink; first sees whether the history restarted.
 */
export class ScopeLister {
  readonly #options: ScopeListerOptions;
  /** Monotonic. */
  #refusedUntil: number | undefined;

  constructor(options: ScopeListerOptions) {
    this.#options = options;
  }

  /**
   * Rejects only when `signal` aborts, or the store is final.
   *
   * @param polling it can only be listed
   */
  async list(signal: AbortSignal, polling?: PollingReason): Promise<Listing> {
    const { ledger, listSlot, sink } = this.#options;
    // Versions that are not expected to be comparable vouch for no body.
    const opaque = polling === "incomparable";
    try {
      // What was received before must be merged before; a queue that overflowed has room again then.
      await sink.caughtUp(signal);
      return await listSlot(signal, async () => {
        const streamed = polling === undefined ? await this.#streamed(signal) : undefined;
        return streamed ?? { event: await this.#listed(signal, opaque) };
      });
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal(error)) throw error;
      const trouble = classifyList(error);
      // A list must be read again, with every body, before its versions can be told to be incomparable for sure.
      if (trouble.type === "poll" && trouble.reason === "incomparable" && !opaque)
        return this.list(signal, "incomparable");
      ledger.failed(error);
      return { event: { type: "list-failed", trouble } };
    }
  }

  /** Undefined: a LIST is to be tried. */
  async #streamed(signal: AbortSignal): Promise<Listing | undefined> {
    const { clock, ledger, listWatch, logger, random, told } = this.#options;
    if (this.#refusedUntil !== undefined && clock.monotonic() < this.#refusedUntil) return undefined;
    let list: StreamingList;
    try {
      list = await takeStreamingList(listWatch, {
        clock,
        signal,
        timeoutSeconds: watchSeconds(random()),
        notOlderThan: told.position,
        known: this.#known(told.inFull),
        onProgress: (progress) => ledger.progress(progress),
      });
    } catch (error) {
      if (!(error instanceof StreamingRefusal)) throw error;
      const { cause: err, lasting } = error;
      if (lasting) this.#refusedUntil = clock.monotonic() + REFUSED_FOR_MS;
      logger.info({ err, lasting }, "no streaming list; listing instead");
      return undefined;
    }
    const { snapshot, watch } = list;
    try {
      ledger.listed("streaming");
      const version = await this.#handOver(snapshot, signal);
      if (version === snapshot.resourceVersion) return { event: { type: "listed", version }, watch };
      watch.close();
      return { event: { type: "listed", version } };
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  async #listed(signal: AbortSignal, opaque: boolean): Promise<StreamerEvent> {
    const { ledger, sink, told } = this.#options;
    const snapshot = await this.#take(signal, opaque || told.inFull);
    ledger.listed("list");
    if (!isComparable(snapshot)) {
      sink.offer([{ type: "polled", epoch: told.epoch, snapshot }]);
      return { type: "listed-incomparable" };
    }
    return { type: "listed", version: await this.#handOver(snapshot, signal) };
  }

  #known(inFull: boolean): StreamSink["known"] | undefined {
    const { sink, told } = this.#options;
    return inFull || told.position === undefined ? undefined : sink.known;
  }

  /** `elsewhere`: of another API server than the list before, where there are several. */
  #take(signal: AbortSignal, inFull: boolean, elsewhere?: true): ReturnType<typeof takeSnapshot> {
    const { listWatch, clock, pageSize, ledger } = this.#options;
    const known = this.#known(inFull);
    return takeSnapshot(listWatch, {
      clock,
      signal,
      pageSize,
      known,
      elsewhere,
      onProgress: (progress) => ledger.progress(progress),
    });
  }

  /** Gives a list to the sink and returns its version; first sees whether the cluster's history restarted (law 5). */
  async #handOver(snapshot: Snapshot, signal: AbortSignal): Promise<ResourceVersion> {
    const { logger, sink, told, onEpochReset } = this.#options;
    const before = told.position;
    const isOlder = (version: ResourceVersion): boolean =>
      before !== undefined && compareResourceVersions(version, before) < 0;
    if (!told.foreign && !isOlder(snapshot.resourceVersion)) return this.#relisted(snapshot);
    // The most recent state is older than what was told. If a second list, with every body, says so too, it is a new
    // history. Nothing is remembered of it before it is handed over: what fails here starts over from the beginning.
    const again = await this.#take(signal, true, true);
    if (!isComparable(again)) throw new KrmError("KRM_INVALID_RESOURCE_VERSION", "versions can no longer be compared");
    const version = again.resourceVersion;
    if (!told.foreign && !isOlder(version)) return this.#relisted(again);
    told.epoch++;
    told.foreign = false;
    told.position = version;
    told.inFull = false;
    sink.offer([{ type: "epoch-reset", epoch: told.epoch, snapshot: again }]);
    logger.warn({ before, now: version }, "the cluster's history restarted; starting over");
    onEpochReset();
    told.closes = undefined;
    return version;
  }

  #relisted(snapshot: Snapshot): ResourceVersion {
    const { sink, told } = this.#options;
    told.position = snapshot.resourceVersion;
    // Before it is merged, which may show that the next one must be in full.
    told.inFull = false;
    const cause = told.closes;
    told.closes = undefined;
    sink.offer([{ type: "relisted", epoch: told.epoch, snapshot, cause }]);
    return snapshot.resourceVersion;
  }
}
