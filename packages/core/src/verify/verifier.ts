import { untilAborted } from "../internal/abort.ts";
import type { StreamSink } from "../stream/streamer.ts";
import { compareResourceVersions, type ResourceVersion } from "../model/resource-version.ts";
import type { RoleOptions } from "../monitor/role-options.ts";
import type { RolePhase, VerifierReport } from "../monitor/role-status.ts";
import { backoffMs, DEFAULT_BACKOFF } from "../stream/backoff.ts";
import { classify, errorReport } from "../stream/classify.ts";
import { isFinal } from "../store/final-failure.ts";
import { isComparable, takeSnapshot } from "./take-snapshot.ts";

/** Where a verifier's inputs go: the Merger of its scope, or a log on the way to it. All but `offer` is as of the last `caughtUp`. */
export interface VerifySink extends StreamSink {
  /** The cluster history that is merged. */
  readonly epoch: number;
  /** The stream has told everything up to here. */
  readonly position: ResourceVersion | undefined;
  /** False: the versions of this resource cannot be ordered, so there is nothing to verify (law 8). */
  readonly comparable: boolean;
}

/** What a Verifier works with. */
export interface VerifierOptions extends RoleOptions {
  readonly sink: VerifySink;
  /** When the view was last verified before this process: wall clock, epoch milliseconds. The first wait counts from then. */
  readonly verifiedAt?: number | undefined;
  /** The report of this process before, whose counters go on. */
  readonly before?: VerifierReport | undefined;
  /** The mean time between two verifications, in milliseconds; each wait is by chance half to one and a half of it. */
  readonly everyMs: number;
  readonly onReport: (report: VerifierReport) => void;
  /** The most recent list was older than what the stream had told before: a lagging server, or a restored cluster. */
  readonly onBehind?: (() => void) | undefined;
}

/**
 * Lists the whole scope now and then and hands the snapshot to the merge: complete, but old. What the stream missed
 * shows as drift there. Never ends by an error of the API server.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  #report: VerifierReport;
  #failures = 0;
  /** Cuts a wait short. */
  #now = Promise.withResolvers<void>();
  #inFull = false;

  constructor(options: VerifierOptions) {
    this.#options = options;
    const state = { phase: "idle", since: options.clock.now() } as const;
    this.#report =
      options.before === undefined
        ? {
            state,
            progress: undefined,
            lastContact: undefined,
            snapshots: 0,
            mode: undefined,
            requests: 0,
            asked: 0,
            failures: 0,
          }
        : { ...options.before, state, progress: undefined };
  }

  get report(): VerifierReport {
    return this.#report;
  }

  /** Starts the next verification at once. `inFull`: with every body, because the last settlement lacked one. */
  verifyNow(inFull = false): void {
    this.#inFull ||= inFull;
    this.#now.resolve();
  }

  /** Verifies until the signal aborts; then resolves. The first verification comes one wait after the last one. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, everyMs, random, verifiedAt } = this.#options;
    // A clock that jumped back must not put it off.
    const age = verifiedAt === undefined ? 0 : Math.max(0, clock.now() - verifiedAt);
    let waitMs = Math.max(0, everyMs * (0.5 + random()) - age);
    let reported = false;
    while (!signal.aborted) {
      if (!reported) this.#tell({ phase: "waiting", since: clock.now(), until: clock.now() + waitMs });
      try {
        await this.#pause(waitMs, signal);
        waitMs = await this.#verify(signal);
        reported = this.#failures > 0;
      } catch (error) {
        if (signal.aborted) break;
        throw error;
      }
    }
    this.#tell({ phase: "stopped", since: clock.now() });
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const cut = new AbortController();
    const stop = AbortSignal.any([signal, cut.signal]);
    const slept = this.#options.clock.sleep(ms, { signal: stop }).catch(() => {});
    try {
      await untilAborted(Promise.race([slept, this.#now.promise]), signal);
    } finally {
      cut.abort();
      this.#now = Promise.withResolvers<void>();
    }
  }

  /** One verification; returns how long to wait for the next. Rejects when `signal` aborts, or the store is final. */
  async #verify(signal: AbortSignal): Promise<number> {
    const { listWatch, sink, clock, listSlot, pageSize, everyMs, random } = this.#options;
    let epoch = sink.epoch;
    let started = false;
    const next = everyMs * (0.5 + random());
    try {
      // Snapshots must not pile up before a store that does not take them.
      await sink.caughtUp(signal);
      // Versions that cannot be ordered verify nothing; the streamer lists such a resource by itself.
      if (!sink.comparable) return next;
      await listSlot(signal, async () => {
        ({ epoch } = sink);
        const { position } = sink;
        this.#tell({ phase: "listing", since: clock.now() });
        started = sink.offer([{ type: "verification-started", epoch }]);
        const snapshot = await takeSnapshot(listWatch, {
          clock,
          signal,
          pageSize,
          known: this.#inFull ? undefined : sink.known,
          onProgress: (progress) => {
            this.#report = { ...this.#report, progress, lastContact: clock.now() };
            this.#options.onReport(this.#report);
          },
        });
        this.#inFull = false;
        if (isComparable(snapshot)) {
          sink.offer([{ type: "verified", epoch, snapshot, mode: "latest-full" }]);
          this.#report = { ...this.#report, snapshots: this.#report.snapshots + 1 };
          if (position !== undefined && compareResourceVersions(snapshot.resourceVersion, position) < 0)
            this.#options.onBehind?.();
        } else {
          sink.offer([{ type: "verification-abandoned", epoch }]);
        }
      });
      this.#failures = 0;
      this.#report = { ...this.#report, progress: undefined };
      return next;
    } catch (error) {
      if (started) sink.offer([{ type: "verification-abandoned", epoch }]);
      signal.throwIfAborted();
      if (isFinal(error)) throw error;
      return this.#failed(error);
    }
  }

  #failed(error: unknown): number {
    const { clock, random, everyMs, logger, backoff = DEFAULT_BACKOFF } = this.#options;
    this.#failures++;
    this.#report = { ...this.#report, failures: this.#report.failures + 1, progress: undefined };
    const trouble = classify(error);
    const since = clock.now();
    const report = errorReport(error);
    if (trouble.type === "poll") {
      this.#tell({ phase: "waiting", since, until: since + everyMs });
      return everyMs;
    }
    if (trouble.type === "blocked") {
      const ms = Math.round(backoff.probeMs * (1 + random() / 2));
      this.#tell({ phase: "blocked", since, until: since + ms, reason: trouble.reason, error: report });
      return ms;
    }
    const ms = backoffMs(
      this.#failures,
      random(),
      trouble.type === "retry" ? trouble.retryAfterMs : undefined,
      backoff,
    );
    logger.warn({ err: error, retryInMs: ms }, "the API server did not serve the verification");
    this.#tell({ phase: "backing-off", since, until: since + ms, attempt: this.#failures, error: report });
    return ms;
  }

  #tell(state: RolePhase): void {
    this.#report = { ...this.#report, state };
    this.#options.onReport(this.#report);
  }
}
