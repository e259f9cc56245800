import { Merger } from "../merge/merger.ts";
import { blamesTheWatch } from "../merge/ledger.ts";
import type { DecidedVerdict, MergeInput, Step } from "../merge/merge-input.ts";
import type { QueueBounds } from "../merge/input-queue.ts";
import { untilAborted } from "../internal/abort.ts";
import type { Scope } from "../model/scope.ts";
import type { EventLoopLag } from "../ports/event-loop.ts";
import { type Held, holdRoles, type Standing } from "../roles/hold-roles.ts";
import { runTogether } from "../roles/role-process.ts";
import { tellLost } from "../roles/tell-lost.ts";
import type { LeaseRequest } from "../store/lease.ts";
import type { ScopeStore, StoreManifest, ViewCommit } from "../store/store.ts";
import { streamerStart } from "../store/streamer-start.ts";
import { Streamer } from "../stream/streamer.ts";
import { Verifier } from "../verify/verifier.ts";
import { Reporter } from "./reporter.ts";
import type { RoleOptions } from "./role-options.ts";
import { type DesyncCause, type Role, type RolePhase, ROLES } from "./role-status.ts";

/** What the three roles of one scope work with. */
export interface ScopeMonitorOptions extends RoleOptions {
  readonly store: ScopeStore;
  readonly manifest: StoreManifest;
  readonly lease: LeaseRequest;
  readonly verifyEveryMs: number;
  readonly verifyBudgetPerHour: number;
  readonly pollEveryMs: number;
  readonly eventLoop: EventLoopLag;
  readonly queue?: QueueBounds | undefined;
  readonly onStanding?: ((standing: Standing) => void) | undefined;
  readonly onState: (state: RolePhase) => void;
  readonly onDesync: (cause: DesyncCause) => void;
  readonly onVerdict: (verdict: DecidedVerdict) => void;
  readonly onCommit: (commit: ViewCommit) => void;
  readonly onStep?: ((input: MergeInput, step: Step) => void) | undefined;
}

/** The roles of one scope while they are held. */
interface Session {
  readonly merger: Merger;
  readonly streamer: Streamer;
  readonly verifier: Verifier;
}

/**
 * Streamer, Verifier and Merger of one scope in one process: what the first two learn is handed to the third directly,
 * not through the store. All three roles are held together; while another process has one of them, this one stands by.
 */
export class ScopeMonitor {
  readonly scope: Scope;
  readonly #options: ScopeMonitorOptions;
  readonly #synced = Promise.withResolvers<void>();
  #session: Session | undefined;
  #phase: RolePhase["phase"] | undefined;

  constructor(options: ScopeMonitorOptions) {
    this.scope = options.listWatch.scope;
    this.#options = options;
  }

  /** Resolves when a complete list is in the store, and this process has added to it. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  verifyNow(): void {
    this.#session?.verifier.verifyNow();
  }

  /** Runs the roles until the signal aborts, or until one fails for a reason that is not the cluster's: then rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, lease, clock, logger, random, onStanding } = this.#options;
    await holdRoles({ store, lease, clock, logger, random, onStanding, roles: ROLES }, signal, (held, over) =>
      this.#hold(held, over),
    );
  }

  async #hold(held: Held<Role>, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    const reporter = new Reporter(held.leases, clock, logger);
    const { merger: lease } = held.leases;
    await lease.skipLogs({ signal });
    const session = this.#compose(held, reporter);
    this.#session = session;
    held.onRequest = (request) => {
      if (request === "relist") session.streamer.relist();
      if (request === "resync") session.streamer.resync("incomplete-settlement");
      if (request === "rewatch") session.streamer.rewatch();
      if (request === "new-history") session.streamer.newHistory();
      if (request === "verify-in-full") session.verifier.verifyNow(true);
      if (request === "verify-soon") session.verifier.verifySoon();
      tellLost(session.merger, request);
    };
    await reporter.during(async () =>
      runTogether(signal, [
        async (over) => session.merger.run(over),
        async (over) => session.streamer.run(over),
        async (over) => this.#verifyWhenSynced(session.verifier, over),
      ]),
    );
  }

  #compose(held: Held<Role>, reporter: Reporter): Session {
    const { listWatch, clock, logger, random, listSlot, pageSize, backoff, telemetry, queue, manifest } = this.#options;
    const before = this.#session;
    const { merger: view } = held.leases;
    const merger = new Merger({
      view,
      batch: manifest.batch,
      clock,
      logger,
      random,
      queue,
      onGap: (cause) => streamer.resync(cause),
      onIncomplete: () => verifier.verifyNow(true),
      onBelated: () => verifier.verifySoon(),
      onReport: (report) => reporter.put("merger", report),
      onCommit: (commit) => {
        if (commit.meta.version !== undefined) this.#synced.resolve();
        this.#options.onCommit(commit);
      },
      telemetry,
      onVerdict: (verdict) => {
        // Another connection may reach a server that tells everything.
        if (blamesTheWatch(verdict)) streamer.rewatch();
        this.#options.onVerdict(verdict);
      },
      onStep: this.#options.onStep,
    });
    const roles = { listWatch, sink: merger, clock, logger, random, listSlot, pageSize, backoff, telemetry };
    const streamer = new Streamer({
      ...roles,
      start: { ...streamerStart(view.loaded.meta, undefined), afterLoss: held.again },
      before: before?.streamer.report,
      pollEveryMs: this.#options.pollEveryMs,
      eventLoop: this.#options.eventLoop,
      onDesync: this.#options.onDesync,
      onReport: (report) => {
        reporter.put("streamer", report);
        if (report.state.phase === this.#phase) return;
        this.#phase = report.state.phase;
        this.#options.onState(report.state);
      },
    });
    const verifier = new Verifier({
      ...roles,
      verifiedAt: view.loaded.meta.verifiedAt,
      before: before?.verifier.report,
      everyMs: this.#options.verifyEveryMs,
      budgetPerHour: this.#options.verifyBudgetPerHour,
      soon: view.loaded.meta.version !== undefined,
      // The streamer's own list tells whether the cluster's history restarted.
      onBehind: () => streamer.relist(),
      onForeign: () => streamer.newHistory(),
      onReport: (report) => reporter.put("verifier", report),
    });
    return { merger, streamer, verifier };
  }

  /** Before the first list there is nothing to verify. */
  async #verifyWhenSynced(verifier: Verifier, signal: AbortSignal): Promise<void> {
    try {
      await untilAborted(this.synced, signal);
    } catch {
      return;
    }
    await verifier.run(signal);
  }
}
