import { newestResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { RoleOptions } from "../monitor/role-options.ts";
import type { DesyncCause, PollingReason, StreamerReport } from "../monitor/role-status.ts";
import type { EventLoopLag } from "../ports/event-loop.ts";
import type { ListWatch, WatchEvent } from "../ports/list-watch.ts";
import { noTelemetry } from "../ports/telemetry.ts";
import { countedListWatch } from "../verify/counted-list-watch.ts";
import { type BackoffOptions, DEFAULT_BACKOFF } from "./backoff.ts";
import { classifyWatch, errorReport, type Trouble } from "./classify.ts";
import { GuardedWatch } from "./guarded-watch.ts";
import { isServed } from "./is-served.ts";
import { ScopeLister } from "./scope-lister.ts";
import { SilenceBound } from "./silence-bound.ts";
import { StreamLedger } from "./stream-ledger.ts";
import type { StreamSink, StreamStart } from "./stream-sink.ts";
import {
  startStreamer,
  type StreamerEvent,
  type StreamerState,
  type StreamerStep,
  stepStreamer,
} from "./streamer-state.ts";
import type { Told } from "./told.ts";
import { WatchConnection, watchSeconds } from "./watch-connection.ts";
import { watchInputs } from "./watch-inputs.ts";

/** What a Streamer works with. */
export interface StreamerOptions extends RoleOptions {
  readonly sink: StreamSink;
  /** What is in the store already. */
  readonly start?: StreamStart | undefined;
  /** The report of this process before, whose counters go on. */
  readonly before?: StreamerReport | undefined;
  /** How often what cannot be watched is listed, in milliseconds. */
  readonly pollEveryMs: number;
  /** Whether this process itself is slow, for the report. @default not told */
  readonly eventLoop?: EventLoopLag | undefined;
  readonly onReport: (report: StreamerReport) => void;
  readonly onDesync?: ((cause: DesyncCause) => void) | undefined;
}

/** Why what runs is to end: a known gap, or somebody's suspicion. */
type Interruption = DesyncCause | "suspicion" | "rewatch";

/**
 * List, then watch, for ever: client-go's Reflector. Everything that it learns goes to the sink in order; every gap
 * that it can know of ends in a list of the whole scope (law 7). Never ends by an error of the API server.
 */
export class Streamer {
  readonly #options: StreamerOptions;
  readonly #backoff: BackoffOptions;
  readonly #listWatch: ListWatch;
  readonly #ledger: StreamLedger;
  readonly #lister: ScopeLister;
  readonly #silence = new SilenceBound();
  readonly #told: Told;
  #state: StreamerState;
  /** Set while a list or watch runs; aborting it ends what runs, for the reason that `#cause` tells. */
  #interruption: AbortController = new AbortController();
  #cause: Interruption | undefined;
  /** As in `WatchMoment`, of the watch that runs. */
  #knownAt: number | undefined;
  /** The watch that a streaming list was the beginning of, until it is taken over. */
  #begun: WatchConnection | undefined;

  constructor(options: StreamerOptions) {
    const { telemetry = noTelemetry, start } = options;
    this.#options = options;
    this.#backoff = options.backoff ?? DEFAULT_BACKOFF;
    this.#listWatch = countedListWatch(options.listWatch, (verb) => telemetry.add("krm_api_requests_total", { verb }));
    this.#ledger = new StreamLedger({ ...options, listWatch: this.#listWatch, telemetry });
    this.#told = {
      epoch: start?.epoch ?? 0,
      position: start?.position,
      closes: undefined,
      inFull: false,
      foreign: false,
    };
    this.#state = startStreamer(start?.position);
    this.#lister = new ScopeLister({
      ...options,
      listWatch: this.#listWatch,
      ledger: this.#ledger,
      told: this.#told,
      onEpochReset: () => this.#desync("epoch-reset"),
    });
  }

  get report(): StreamerReport {
    return this.#ledger.report;
  }

  /** Tells the streamer of a gap that it cannot see itself. It lists the scope anew. */
  resync(cause: DesyncCause): void {
    this.#interrupt(cause);
  }

  /** Asks for a new list although no gap is known, as when a verification was older than the stream. Not counted. */
  relist(): void {
    this.#interrupt("suspicion");
  }

  /**
   * Asks for another watch from where the running one is, at once: it lost events, though no gap is known, and another
   * one may not. Not counted. Does nothing while none runs: the next is another one anyway.
   */
  rewatch(): void {
    if (this.report.state.phase === "watching") this.#interrupt("rewatch");
  }

  /** Objects are older than was told of them, by their own account: what is listed next is a new history (law 5). */
  newHistory(): void {
    this.#told.foreign = true;
    this.#interrupt("suspicion");
  }

  #interrupt(cause: Interruption): void {
    this.#told.inFull ||= cause === "incomplete-settlement";
    // A known gap is told once until its list begins; a mere suspicion gives way to it.
    const heavier = this.#cause === undefined || this.#cause === "rewatch" || this.#cause === "suspicion";
    if (heavier && !(this.#cause === "suspicion" && cause === "rewatch")) this.#cause = cause;
    this.#interruption.abort(new Error(`interrupted: ${cause}`));
  }

  /** Streams until the signal aborts; then resolves. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#options.start?.afterLoss === true) this.#desync("store-lost");
    while (!signal.aborted) {
      this.#interruption = new AbortController();
      const work = AbortSignal.any([signal, this.#interruption.signal]);
      let event: StreamerEvent;
      if (this.#cause !== undefined) event = this.#interrupted();
      else
        try {
          event = await this.#act(this.#state, work);
        } catch (error) {
          if (signal.aborted) break;
          if (!work.aborted) throw error;
          event = this.#interrupted();
        }
      try {
        if (this.#apply(event).vanished) await this.#empty(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
    this.#begun?.close();
    this.#ledger.tell({ phase: "stopped", since: this.#options.clock.now() });
  }

  #interrupted(): StreamerEvent {
    const cause = this.#cause;
    const { position: at } = this.#told;
    this.#cause = undefined;
    if (cause === "rewatch" && at !== undefined) return { type: "rewatch", at };
    if (cause !== undefined && cause !== "suspicion" && cause !== "rewatch") this.#desync(cause);
    return { type: "gap" };
  }

  #apply(event: StreamerEvent): StreamerStep {
    const step = stepStreamer(this.#state, event, { backoff: this.#backoff, random: this.#options.random() });
    this.#state = step.state;
    if (step.desync !== undefined) this.#desync(step.desync);
    // Only what is listed goes on by the watch that it began.
    if (event.type !== "listed" || step.state.phase !== "watching") {
      this.#begun?.close();
      this.#begun = undefined;
    }
    return step;
  }

  #desync(cause: DesyncCause): void {
    this.#told.closes ??= cause;
    this.#ledger.desync(cause);
    this.#options.onDesync?.(cause);
  }

  /** Does what the state says. Rejects only when `signal` aborts, or the store is final. */
  async #act(state: StreamerState, signal: AbortSignal): Promise<StreamerEvent> {
    const { clock, pollEveryMs } = this.#options;
    switch (state.phase) {
      case "listing":
        this.#ledger.tell({ phase: "listing", since: clock.now() });
        return this.#list(signal);
      case "watching":
        return this.#watch(state.at, signal);
      case "waiting": {
        const since = clock.now();
        const until = since + state.ms;
        const error = this.#ledger.error ?? errorReport(new Error("the watch ended at once"));
        if (state.why === "failed")
          this.#ledger.tell({ phase: "backing-off", since, until, attempt: state.failures, error });
        else this.#ledger.tell({ phase: "blocked", since, until, reason: state.why, error });
        await clock.sleep(state.ms, { signal });
        return { type: "elapsed" };
      }
      case "polling": {
        const since = clock.now();
        this.#ledger.tell({ phase: "polling", since, until: since + pollEveryMs, reason: state.reason });
        await clock.sleep(pollEveryMs, { signal });
        return this.#list(signal, state.reason);
      }
      default:
        return state satisfies never;
    }
  }

  async #list(signal: AbortSignal, polling?: PollingReason): Promise<StreamerEvent> {
    const { event, watch } = await this.#lister.list(signal, polling);
    this.#begun = watch;
    if (event.type !== "list-failed") return event;
    return { ...event, trouble: await this.#asked(event.trouble, signal) };
  }

  async #watch(from: ResourceVersion, signal: AbortSignal): Promise<StreamerEvent> {
    const { clock } = this.#options;
    const opened = clock.monotonic();
    const begun = this.#begun;
    this.#begun = undefined;
    const connection = begun ?? this.#connection(from);
    const watch = this.#guarded(connection, from);
    const stop = (): void => watch.close(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    let at = from;
    const lived = (): number => clock.monotonic() - opened;
    try {
      signal.throwIfAborted();
      if (begun === undefined) {
        this.#ledger.tell({ phase: "connecting", since: clock.now() });
        await connection.open();
      }
      this.#ledger.watching();
      this.#knownAt = connection.heardAt;
      // The server has accepted it: that it is there is told at once.
      this.#receive([], at);
      for await (const batch of watch.batches()) {
        // Bytes alone may be of anybody on the way, and vouch for nothing.
        if (batch.length === 0) this.#ledger.received(clock.now(), 0, 0, false);
        else at = this.#receive(batch, at, watch);
        if (this.#cause !== undefined) signal.throwIfAborted();
        this.#ledger.publish();
      }
      signal.throwIfAborted();
      return { type: "watch-ended", at, livedMs: lived(), silent: at === from };
    } catch (error) {
      signal.throwIfAborted();
      this.#ledger.failed(error);
      const trouble = await this.#asked(classifyWatch(error), signal);
      return { type: "watch-failed", at, livedMs: lived(), trouble };
    } finally {
      signal.removeEventListener("abort", stop);
      watch.close();
    }
  }

  #connection(from: ResourceVersion): WatchConnection {
    const request = { resourceVersion: from, timeoutSeconds: watchSeconds(this.#options.random()) };
    return new WatchConnection(this.#listWatch, request, this.#options.clock);
  }

  #guarded(connection: WatchConnection, from: ResourceVersion): GuardedWatch {
    const { clock, random } = this.#options;
    const ledger = this.#ledger;
    return new GuardedWatch(connection, from, {
      listWatch: this.#listWatch,
      clock,
      random,
      backoff: this.#backoff,
      silence: this.#silence,
      onTick: () => ledger.measure(),
      onStall: (silentMs, second) => {
        this.#knownAt = second.heardAt;
        ledger.stalled(silentMs);
      },
      onSecondFailed: (error) => ledger.failed(error, "a second watch was not served; the first goes on, in silence"),
    });
  }

  /** From the second 404 on, discovery is asked whether the resource is still there. */
  async #asked(trouble: Trouble, signal: AbortSignal): Promise<Trouble> {
    const gone = trouble.type === "blocked" && trouble.reason === "gone";
    if (!gone || this.#state.unserved === undefined) return trouble;
    const { clock } = this.#options;
    return { ...trouble, served: await isServed(this.#listWatch, { clock, signal }) };
  }

  /** The resource is no more: readers are told that its objects are not, either. */
  async #empty(signal: AbortSignal): Promise<void> {
    const { clock, sink } = this.#options;
    const { epoch, position } = this.#told;
    if (position === undefined) return;
    // Where the view was verified at a later version than the stream has told, an older list would change nothing.
    const settled = await sink.look(signal);
    const resourceVersion = settled.epoch === epoch ? newestResourceVersion(settled.horizon, position) : position;
    const snapshot = { resourceVersion, takenAt: clock.now(), entries: new Map() };
    this.#ledger.emptied();
    if (sink.offer([{ type: "relisted", epoch, snapshot }])) this.#told.position = resourceVersion;
    else this.resync("overflow");
  }

  /** Hands a batch over and returns the version that the stream has told now. Throws the error that a frame tells. */
  #receive(batch: readonly WatchEvent[], from: ResourceVersion, watch?: GuardedWatch): ResourceVersion {
    const told = this.#told;
    const observedAt = this.#options.clock.now();
    const moment = { from, epoch: told.epoch, observedAt, knownAt: this.#knownAt };
    const { inputs, at, events, bookmarks, knownAt, failure } = watchInputs(batch, moment);
    this.#knownAt = knownAt;
    const news = events > 0 || at !== from;
    this.#ledger.received(observedAt, events, bookmarks, news);
    if (news) watch?.told(at);
    if (this.#options.sink.offer(inputs)) told.position = newestResourceVersion(told.position, at);
    else this.resync("overflow");
    if (failure !== undefined) throw failure;
    return at;
  }
}
