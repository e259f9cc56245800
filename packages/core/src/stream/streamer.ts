import { KrmError } from "../errors.ts";
import type { MergeInput } from "../merge/merge-input.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, newestResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Revision } from "../model/stored-object.ts";
import type { RoleOptions } from "../monitor/role-options.ts";
import type { DesyncCause, ErrorReport, RolePhase, StreamerReport } from "../monitor/role-status.ts";
import { DESYNC_CAUSES } from "../monitor/role-status.ts";
import type { WatchEvent } from "../ports/list-watch.ts";
import { isFinal } from "../store/final-failure.ts";
import { isComparable, takeSnapshot } from "../verify/take-snapshot.ts";
import { type BackoffOptions, DEFAULT_BACKOFF } from "./backoff.ts";
import { classify, errorReport, type Trouble } from "./classify.ts";
import { startStreamer, type StreamerEvent, type StreamerState, stepStreamer } from "./streamer-state.ts";
import { watchWithWatchdog } from "./watchdog.ts";
import { watchInputs } from "./watch-inputs.ts";

/** Where a streamer's inputs go: the Merger of its scope, or a log on the way to it. */
export interface StreamSink {
  /** Takes inputs in order. False: there is no room, none was taken, and the streamer must resync. */
  offer(inputs: readonly MergeInput[]): boolean;
  /** Resolves when what was offered before is taken up, so that there is room for a list, and `known` is of that time. */
  caughtUp(signal: AbortSignal): Promise<void>;
  /** What the view will hold of a key when a list that is taken now is merged. */
  readonly known: (key: ObjectKey) => Revision | undefined;
}

/** Where a streamer goes on instead of beginning with a list. */
export interface StreamStart {
  readonly epoch: number;
  /** Undefined: with a list after all. */
  readonly position: ResourceVersion | undefined;
  /** The store has lost, or may have lost, what was told to it after that position: a known gap, which is counted. */
  readonly afterLoss?: boolean | undefined;
}

/** What a Streamer works with. */
export interface StreamerOptions extends RoleOptions {
  readonly sink: StreamSink;
  /** What is in the store already. */
  readonly start?: StreamStart | undefined;
  /** The report of this process before, whose counters go on. */
  readonly before?: StreamerReport | undefined;
  /** How often what cannot be watched is listed, in milliseconds. */
  readonly pollEveryMs: number;
  readonly onReport: (report: StreamerReport) => void;
  readonly onDesync?: ((cause: DesyncCause) => void) | undefined;
}

/** Seconds a watch is asked to last: by chance in 5 to 10 minutes, as client-go asks, so that watches do not end together. */
const MIN_TIMEOUT_SECONDS = 300;

/**
 * List, then watch, for ever: client-go's Reflector. Everything that it learns goes to the sink in order; every gap
 * that it can know of ends in a list of the whole scope (law 7). Never ends by an error of the API server.
 */
export class Streamer {
  readonly #options: StreamerOptions;
  readonly #backoff: BackoffOptions;
  #state: StreamerState;
  /** The newest version that the stream has told. */
  #position: ResourceVersion | undefined;
  #epoch: number;
  /** Set while a list or watch runs; aborting it with a gap ends what runs and leads to a list. */
  #gap: AbortController = new AbortController();
  #cause: DesyncCause | "suspicion" | undefined;
  /** The known gap that the next list closes. */
  #closes: DesyncCause | undefined;
  #error: ErrorReport | undefined;
  /** The next list hands over every body, also of what the view should hold. */
  #inFull = false;
  #report: StreamerReport;

  constructor(options: StreamerOptions) {
    this.#options = options;
    this.#backoff = options.backoff ?? DEFAULT_BACKOFF;
    this.#position = options.start?.position;
    this.#epoch = options.start?.epoch ?? 0;
    this.#state = startStreamer(this.#position);
    const state = { phase: "idle", since: options.clock.now() } as const;
    if (options.before !== undefined) {
      this.#report = { ...options.before, state, progress: undefined };
      return;
    }
    this.#report = {
      state,
      progress: undefined,
      lastContact: undefined,
      events: 0,
      bookmarks: 0,
      lists: 0,
      watches: 0,
      failures: 0,
      desyncs: Object.fromEntries(DESYNC_CAUSES.map((cause) => [cause, 0])) as Record<DesyncCause, number>,
    };
  }

  get report(): StreamerReport {
    return this.#report;
  }

  /** Tells the streamer of a gap that it cannot see itself. It lists the scope anew. */
  resync(cause: DesyncCause): void {
    this.#interrupt(cause);
  }

  /** Asks for a new list although no gap is known, as when a verification was older than the stream. Not counted. */
  relist(): void {
    this.#interrupt("suspicion");
  }

  #interrupt(cause: DesyncCause | "suspicion"): void {
    this.#inFull ||= cause === "incomplete-settlement";
    // A known gap is told once until its list begins; a mere suspicion gives way to it.
    if (this.#cause === undefined || this.#cause === "suspicion") this.#cause = cause;
    this.#gap.abort(new Error(`resync: ${cause}`));
  }

  /** Streams until the signal aborts; then resolves. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#options.start?.afterLoss === true) this.#desync("store-lost");
    while (!signal.aborted) {
      this.#gap = new AbortController();
      const work = AbortSignal.any([signal, this.#gap.signal]);
      let event: StreamerEvent;
      if (this.#cause !== undefined) event = this.#openGap();
      else
        try {
          event = await this.#act(this.#state, work);
        } catch (error) {
          if (signal.aborted) break;
          if (!work.aborted) throw error;
          event = this.#openGap();
        }
      this.#apply(event);
    }
    this.#tell({ phase: "stopped", since: this.#options.clock.now() });
  }

  #openGap(): StreamerEvent {
    const cause = this.#cause;
    this.#cause = undefined;
    if (cause !== undefined && cause !== "suspicion") this.#desync(cause);
    return { type: "gap" };
  }

  #apply(event: StreamerEvent): void {
    const step = stepStreamer(this.#state, event, { backoff: this.#backoff, random: this.#options.random() });
    this.#state = step.state;
    if (step.desync !== undefined) this.#desync(step.desync);
  }

  #desync(cause: DesyncCause): void {
    const { desyncs } = this.#report;
    this.#closes ??= cause;
    this.#report = { ...this.#report, desyncs: { ...desyncs, [cause]: desyncs[cause] + 1 } };
    this.#options.logger.warn({ cause }, "the stream has a gap; resyncing");
    this.#options.onDesync?.(cause);
  }

  /** Does what the state says. Rejects only when `signal` aborts. */
  async #act(state: StreamerState, signal: AbortSignal): Promise<StreamerEvent> {
    const { clock } = this.#options;
    switch (state.phase) {
      case "listing":
        return this.#list(signal);
      case "watching":
        return this.#watch(state.at, signal);
      case "waiting": {
        const since = clock.now();
        const until = since + state.ms;
        const error = this.#error ?? errorReport(new Error("the watch ended at once"));
        if (state.why === "failed") this.#tell({ phase: "backing-off", since, until, attempt: state.failures, error });
        else this.#tell({ phase: "blocked", since, until, reason: state.why, error });
        await clock.sleep(state.ms, { signal });
        return { type: "elapsed" };
      }
      case "polling": {
        const since = clock.now();
        this.#tell({ phase: "polling", since, until: since + this.#options.pollEveryMs, reason: state.reason });
        await clock.sleep(this.#options.pollEveryMs, { signal });
        return this.#list(signal, state.reason === "incomparable");
      }
      default:
        return state satisfies never;
    }
  }

  async #list(signal: AbortSignal, opaque = false): Promise<StreamerEvent> {
    const { clock, sink, listSlot } = this.#options;
    try {
      if (this.#report.state.phase !== "polling") this.#tell({ phase: "listing", since: clock.now() });
      // What was received before must be merged before; a queue that overflowed has room again then.
      await sink.caughtUp(signal);
      return await listSlot(signal, async () => {
        const snapshot = await this.#take(signal, opaque || this.#inFull);
        this.#report = { ...this.#report, lists: this.#report.lists + 1 };
        if (!isComparable(snapshot)) {
          sink.offer([{ type: "polled", epoch: this.#epoch, snapshot }]);
          return { type: "listed-incomparable" };
        }
        return { type: "listed", version: await this.#handOver(snapshot, signal) };
      });
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal(error)) throw error;
      const trouble = classify(error);
      // A list must be read again, with every body, before its versions can be told to be incomparable for sure.
      if (trouble.type === "poll" && trouble.reason === "incomparable" && !opaque) return this.#list(signal, true);
      this.#failed(error);
      return { type: "list-failed", trouble };
    }
  }

  #take(signal: AbortSignal, inFull: boolean): ReturnType<typeof takeSnapshot> {
    const { listWatch, sink, clock, pageSize } = this.#options;
    return takeSnapshot(listWatch, {
      clock,
      signal,
      pageSize,
      known: inFull || this.#position === undefined ? undefined : sink.known,
      onProgress: (progress) => {
        this.#report = { ...this.#report, progress, lastContact: clock.now() };
        this.#options.onReport(this.#report);
      },
    });
  }

  /** Gives a list to the sink and returns its version; first sees whether the cluster's history restarted (law 5). */
  async #handOver(snapshot: Snapshot, signal: AbortSignal): Promise<ResourceVersion> {
    const { logger } = this.#options;
    const before = this.#position;
    if (before !== undefined && compareResourceVersions(snapshot.resourceVersion, before) < 0) {
      // The most recent state is older than what was told. If a second list, with every body, says so too, it is a new
      // history. Nothing is remembered of it before it is handed over: what fails here starts over from the beginning.
      const again = await this.#take(signal, true);
      if (!isComparable(again))
        throw new KrmError("KRM_INVALID_RESOURCE_VERSION", "versions can no longer be compared");
      const version = again.resourceVersion;
      if (compareResourceVersions(version, before) < 0) {
        this.#epoch++;
        this.#position = version;
        this.#inFull = false;
        this.#options.sink.offer([{ type: "epoch-reset", epoch: this.#epoch, snapshot: again }]);
        logger.warn({ before, now: version }, "the cluster's history restarted at an older version; starting over");
        this.#desync("epoch-reset");
        this.#closes = undefined;
        return version;
      }
      return this.#relisted(again);
    }
    return this.#relisted(snapshot);
  }

  #relisted(snapshot: Snapshot): ResourceVersion {
    this.#position = snapshot.resourceVersion;
    // Before it is merged, which may show that the next one must be in full.
    this.#inFull = false;
    const cause = this.#closes;
    this.#closes = undefined;
    this.#options.sink.offer([{ type: "relisted", epoch: this.#epoch, snapshot, cause }]);
    return snapshot.resourceVersion;
  }

  async #watch(from: ResourceVersion, signal: AbortSignal): Promise<StreamerEvent> {
    const { listWatch, clock, random } = this.#options;
    const timeoutSeconds = Math.floor(MIN_TIMEOUT_SECONDS * (1 + random()));
    const opened = clock.monotonic();
    let at = from;
    const lived = (): number => clock.monotonic() - opened;
    try {
      this.#tell({ phase: "connecting", since: clock.now() });
      const batches = watchWithWatchdog(listWatch, { resourceVersion: from, timeoutSeconds }, { clock, signal });
      for await (const batch of batches) {
        if (this.#report.state.phase !== "watching") {
          this.#report = { ...this.#report, watches: this.#report.watches + 1, progress: undefined };
          this.#tell({ phase: "watching", since: clock.now() });
        }
        at = this.#receive(batch, at);
        if (this.#cause !== undefined) signal.throwIfAborted();
        this.#options.onReport(this.#report);
      }
      return { type: "watch-ended", at, livedMs: lived(), silent: at === from };
    } catch (error) {
      signal.throwIfAborted();
      this.#failed(error);
      return { type: "watch-failed", at, livedMs: lived(), trouble: this.#troubleOf(error) };
    }
  }

  #troubleOf(error: unknown): Trouble {
    const trouble = classify(error);
    // A server that refuses the request as such will not take it the next time either; a list gives another version.
    if (KrmError.is(error, "KRM_API_STATUS") && error.status?.code === 400) return { type: "expired" };
    return trouble;
  }

  /** Hands a batch over and returns the version that the stream has told now. Throws the error that a frame tells. */
  #receive(batch: readonly WatchEvent[], from: ResourceVersion): ResourceVersion {
    const observedAt = this.#options.clock.now();
    const { inputs, at, events, bookmarks, failure } = watchInputs(batch, from, this.#epoch, observedAt);
    const report = this.#report;
    this.#report = {
      ...report,
      events: report.events + events,
      bookmarks: report.bookmarks + bookmarks,
      lastContact: observedAt,
    };
    if (this.#options.sink.offer(inputs)) this.#position = newestResourceVersion(this.#position, at);
    else this.resync("overflow");
    if (failure !== undefined) throw failure;
    return at;
  }

  #failed(error: unknown): void {
    this.#error = errorReport(error);
    this.#report = { ...this.#report, failures: this.#report.failures + 1 };
    this.#options.logger.warn({ err: error }, "the API server did not serve the stream");
  }

  #tell(state: RolePhase): void {
    this.#report = { ...this.#report, state };
    this.#options.onReport(this.#report);
  }
}
