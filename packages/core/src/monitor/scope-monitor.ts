import { untilAborted } from "../internal/abort.ts";
import { Merger } from "../merge/merger.ts";
import type { MergeInput, Step, Verdict } from "../merge/merge-input.ts";
import type { QueueBounds } from "../merge/input-queue.ts";
import type { Scope } from "../model/scope.ts";
import type { ScopeStore, ViewCommit } from "../store/store.ts";
import { Streamer } from "../stream/streamer.ts";
import { Verifier } from "../verify/verifier.ts";
import { Reporter } from "./reporter.ts";
import type { RoleOptions } from "./role-options.ts";
import type { DesyncCause, RolePhase } from "./role-status.ts";

/** What the three roles of one scope work with. */
export interface ScopeMonitorOptions extends RoleOptions {
  readonly store: ScopeStore;
  readonly verifyEveryMs: number;
  readonly pollEveryMs: number;
  readonly queue?: QueueBounds | undefined;
  readonly onState: (state: RolePhase) => void;
  readonly onDesync: (cause: DesyncCause) => void;
  readonly onVerdict: (verdict: Verdict) => void;
  readonly onCommit: (commit: ViewCommit) => void;
  readonly onStep?: ((input: MergeInput, step: Step) => void) | undefined;
}

/** Streamer, Verifier and Merger of one scope, wired together in one process. */
export class ScopeMonitor {
  readonly scope: Scope;
  readonly #merger: Merger;
  readonly #streamer: Streamer;
  readonly #verifier: Verifier;
  readonly #reporter: Reporter;
  readonly #synced = Promise.withResolvers<void>();
  #phase: RolePhase["phase"] | undefined;

  constructor(options: ScopeMonitorOptions) {
    const { listWatch, store, clock, logger, random, listSlot, pageSize, backoff } = options;
    this.scope = listWatch.scope;
    this.#reporter = new Reporter(store, clock, logger);
    this.#merger = new Merger({
      store,
      clock,
      logger,
      random,
      backoff,
      queue: options.queue,
      onGap: (cause) => this.#streamer.resync(cause),
      onIncomplete: () => this.#verifier.verifyNow(true),
      onReport: (report) => this.#reporter.put("merger", report),
      onCommit: (commit) => {
        if (commit.meta.version !== undefined) this.#synced.resolve();
        options.onCommit(commit);
      },
      onVerdict: options.onVerdict,
      onStep: options.onStep,
    });
    const roles = { listWatch, sink: this.#merger, clock, logger, random, listSlot, pageSize, backoff };
    this.#streamer = new Streamer({
      ...roles,
      pollEveryMs: options.pollEveryMs,
      onDesync: options.onDesync,
      onReport: (report) => {
        this.#reporter.put("streamer", report);
        if (report.state.phase === this.#phase) return;
        this.#phase = report.state.phase;
        options.onState(report.state);
      },
    });
    this.#verifier = new Verifier({
      ...roles,
      everyMs: options.verifyEveryMs,
      // The streamer's own list tells whether the cluster's history restarted.
      onBehind: () => this.#streamer.relist(),
      onReport: (report) => this.#reporter.put("verifier", report),
    });
  }

  /** Resolves when the first complete list is in the store. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  verifyNow(): void {
    this.#verifier.verifyNow();
  }

  /** Runs the roles until the signal aborts, or until one fails for a reason that is not the cluster's: then rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const roles = AbortSignal.any([signal, failed.signal]);
    const guard = async (role: Promise<void>): Promise<void> => {
      try {
        await role;
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    };
    const reports = new AbortController();
    const reported = this.#reporter.run(reports.signal);
    const ended = await Promise.allSettled([
      guard(this.#merger.run(roles)),
      guard(this.#streamer.run(roles)),
      guard(this.#verifyWhenSynced(roles)),
    ]);
    reports.abort();
    await reported;
    const failure = ended.find((result) => result.status === "rejected");
    if (failure !== undefined) throw failure.reason;
  }

  /** Before the first list there is nothing to verify. */
  async #verifyWhenSynced(signal: AbortSignal): Promise<void> {
    try {
      await untilAborted(this.synced, signal);
    } catch {
      return;
    }
    await this.#verifier.run(signal);
  }
}
