import { randomUUID } from "node:crypto";
import { EventEmitter } from "eventemitter3";
import { KrmError } from "../errors.ts";
import { untilAborted } from "../internal/abort.ts";
import { Semaphore } from "../internal/semaphore.ts";
import type { MissedEvent } from "../merge/drift.ts";
import type { QueueBounds } from "../merge/input-queue.ts";
import type { MergeInput, Step, DecidedVerdict } from "../merge/merge-input.ts";
import { DEFAULT_RESOURCES, type ResourceType } from "../model/resource-type.ts";
import { type Scope, scopeId } from "../model/scope.ts";
import { type CallOptions, type Clock, systemClock } from "../ports/clock.ts";
import { type EventLoopLag, systemEventLoop } from "../ports/event-loop.ts";
import type { ListWatchSource } from "../ports/list-watch.ts";
import { type Logger, silentLogger } from "../ports/logger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Standing } from "../roles/hold-roles.ts";
import { DEFAULT_LEASE_TTL_MS, DEFAULT_VERIFY_BUDGET } from "../roles/role-process.ts";
import { MemoryStore } from "../store/memory-store.ts";
import type { Store, ViewCommit } from "../store/store.ts";
import type { BackoffOptions } from "../stream/backoff.ts";
import { checkMonitorOptions } from "./check-options.ts";
import type { DesyncCause, RolePhase } from "./role-status.ts";
import { ScopeMonitor } from "./scope-monitor.ts";
import { type ScopeStatus, scopeStatus, type StalenessBounds } from "./scope-status.ts";

/** What a Monitor can be told. Only `source` is needed. */
export interface MonitorOptions {
  /** The cluster. */
  readonly source: ListWatchSource;
  /** @default a `MemoryStore` of its own */
  readonly store?: Store;
  /** @default pods, deployments, persistentvolumeclaims, services, ingresses, nodes */
  readonly resources?: readonly ResourceType[];
  /** Each namespace is a scope of its own (law 11); cluster-scoped resources are watched whole all the same. @default all */
  readonly namespaces?: readonly string[];
  /** Scopes beside those of `resources` and `namespaces`: one resource in one namespace, say. @default none */
  readonly scopes?: readonly Scope[];
  /** The mean time between two verifications of a resource, in milliseconds. @default 300_000 */
  readonly verifyEveryMs?: number;
  /**
   * Requests to the API server an hour and resource that verifying may make on average: lists, and objects asked by name.
   * @default 600
   */
  readonly verifyBudgetPerHour?: number;
  /** How often what cannot be watched is listed, in milliseconds. @default 30_000 */
  readonly pollEveryMs?: number;
  /** Objects per page of a list. @default 500 */
  readonly pageSize?: number;
  /** Lists that run at the same time, over all resources. @default 2 */
  readonly concurrentLists?: number;
  /**
   * Over a store that processes share: how long this one keeps its roles without renewing them, in milliseconds. After a
   * crash another one takes over within about that. @default 15_000
   */
  readonly leaseTtlMs?: number;
  readonly backoff?: BackoffOptions;
  readonly queue?: QueueBounds;
  readonly staleness?: StalenessBounds;
  readonly clock?: Clock;
  /** Whether this process itself is slow, for the reports. @default systemEventLoop */
  readonly eventLoop?: EventLoopLag;
  /** In [0, 1), for jitter. @default Math.random */
  readonly random?: () => number;
  readonly logger?: Logger;
  /** Where the roles of a scope measure to. @default nowhere */
  readonly telemetry?: (scope: Scope) => Telemetry;
  /** Called with everything that is merged and what it did, in order, before that is written: for recorders and checkers. */
  readonly trace?: (scope: Scope, input: MergeInput, step: Step) => void;
}

/**
 * What a Monitor tells while it runs. What a listener throws is nobody's to catch: it is an uncaught exception of the
 * process, and the roles go on.
 */
export interface MonitorEvents {
  /** The first complete list of a scope is in the store. */
  synced: [scope: Scope];
  /** The streamer is doing something else now. */
  state: [scope: Scope, state: RolePhase];
  /** The roles of a scope are this monitor's now, or another process has them, or the store does not say. */
  standing: [scope: Scope, standing: Standing];
  /** A known gap; a resync follows. */
  desync: [scope: Scope, cause: DesyncCause];
  /** A verification was decided. */
  verified: [scope: Scope, verdict: DecidedVerdict];
  /** An event that the stream missed. */
  drift: [scope: Scope, missed: MissedEvent];
  /** The view was written. */
  commit: [scope: Scope, commit: ViewCommit];
}

/**
 * All three roles for each resource, in one process, over one source and one store.
 *
 * @example
 * await using monitor = new Monitor({ source, resources: [PODS] }).start();
 * await monitor.ready();
 * const { objects } = await monitor.store.scope({ resource: PODS }).read();
 */
export class Monitor implements AsyncDisposable {
  readonly store: Store;
  readonly events: EventEmitter<MonitorEvents> = new EventEmitter<MonitorEvents>();
  readonly #options: MonitorOptions;
  readonly #clock: Clock;
  readonly #scopes: readonly ScopeMonitor[];
  readonly #holder: string = randomUUID();
  readonly #stop = new AbortController();
  readonly #ready: Promise<unknown>;
  #running: Promise<void> | undefined;
  /** Settles when the roles have ended before all was synced. */
  readonly #ended = Promise.withResolvers<never>();

  /** @throws KrmError `KRM_INVALID_ARGUMENT` for an option that is unknown, or that nothing can be made of. */
  constructor(options: MonitorOptions) {
    checkMonitorOptions(options);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.store = options.store ?? new MemoryStore();
    const lists = new Semaphore(options.concurrentLists ?? 2);
    this.#scopes = scopesFor(options).map((scope) => this.#scopeMonitor(scope, lists));
    this.#ready = Promise.race([Promise.all(this.#scopes.map(({ synced }) => synced)), this.#ended.promise]);
    this.#ready.catch(() => {});
  }

  get scopes(): readonly Scope[] {
    return this.#scopes.map(({ scope }) => scope);
  }

  /** Starts the roles. They run until `stop`, or until the signal aborts. */
  start(options: CallOptions = {}): this {
    if (this.#running !== undefined) throw new KrmError("KRM_INVALID_ARGUMENT", "this monitor was started before");
    const signal =
      options.signal === undefined ? this.#stop.signal : AbortSignal.any([options.signal, this.#stop.signal]);
    this.#running = this.#run(signal);
    // Whoever awaits `done` or `stop` gets the failure; until then it must not count as unhandled.
    this.#running.catch(() => {});
    return this;
  }

  /** Resolves when the roles have ended; rejects if one failed for a reason that is not the cluster's (a closed store). */
  get done(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /**
   * Resolves when every scope is synced: one that is forbidden holds it up until that is mended, so give a signal or
   * look at `status` where this must not wait. Rejects when the signal aborts, and with `KRM_NOT_READY` when the
   * monitor ends first; its `cause` is then why, where one of the roles failed.
   */
  async ready(options: CallOptions = {}): Promise<void> {
    await (options.signal === undefined ? this.#ready : untilAborted(this.#ready, options.signal));
  }

  /** How each scope is now. */
  async status(options?: CallOptions): Promise<readonly ScopeStatus[]> {
    const now = this.#clock.now();
    const { staleness } = this.#options;
    return Promise.all(this.#scopes.map(({ scope }) => scopeStatus(this.store.scope(scope), now, staleness, options)));
  }

  /** Verifies every scope at once instead of when it is due. The results come as `verified` events. */
  verifyNow(): void {
    for (const scope of this.#scopes) scope.verifyNow();
  }

  /** Ends the roles and waits for them. The store stays open unless it is the monitor's own. */
  async stop(): Promise<void> {
    this.#stop.abort();
    if (this.#running === undefined) this.#end();
    try {
      await this.done;
    } finally {
      if (this.#options.store === undefined) await this.store[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Runs every scope; when one ends for a reason that is not the cluster's, the others are ended too. */
  async #run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const all = AbortSignal.any([signal, failed.signal]);
    const ended = await Promise.allSettled(
      this.#scopes.map(async (scope) => {
        void scope.synced.then(() => this.#emit("synced", scope.scope));
        try {
          await scope.run(all);
        } catch (error) {
          failed.abort(error);
          throw error;
        }
      }),
    );
    const failure = ended.find((result) => result.status === "rejected");
    this.#end(failure?.reason);
    if (failure !== undefined) throw failure.reason;
  }

  /** Nothing more will be synced. */
  #end(cause?: unknown): void {
    this.#ended.reject(new KrmError("KRM_NOT_READY", "the monitor ended before every resource was synced", { cause }));
  }

  #emit<E extends keyof MonitorEvents>(event: E, ...args: MonitorEvents[E]): void {
    try {
      // The emitter's types cannot see that E's arguments are E's.
      (this.events.emit as (event: E, ...args: MonitorEvents[E]) => boolean).call(this.events, event, ...args);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #scopeMonitor(scope: Scope, lists: Semaphore): ScopeMonitor {
    const { source, logger = silentLogger, random = Math.random, backoff, queue, trace } = this.#options;
    return new ScopeMonitor({
      listWatch: source.listWatch(scope),
      store: this.store.scope(scope),
      manifest: this.store.manifest,
      lease: { holder: this.#holder, ttlMs: this.#options.leaseTtlMs ?? DEFAULT_LEASE_TTL_MS },
      clock: this.#clock,
      logger: withScope(logger, scope),
      random,
      listSlot: (signal, work) => lists.run(signal, work),
      pageSize: this.#options.pageSize ?? 500,
      verifyEveryMs: this.#options.verifyEveryMs ?? 300_000,
      verifyBudgetPerHour: this.#options.verifyBudgetPerHour ?? DEFAULT_VERIFY_BUDGET,
      pollEveryMs: this.#options.pollEveryMs ?? 30_000,
      eventLoop: this.#options.eventLoop ?? systemEventLoop,
      backoff,
      queue,
      telemetry: this.#options.telemetry?.(scope),
      onStep: trace && ((input, step) => trace(scope, input, step)),
      onStanding: (standing) => this.#emit("standing", scope, standing),
      onState: (state) => this.#emit("state", scope, state),
      onDesync: (cause) => this.#emit("desync", scope, cause),
      onCommit: (commit) => this.#emit("commit", scope, commit),
      onVerdict: (verdict) => {
        this.#emit("verified", scope, verdict);
        for (const drift of verdict.drift) this.#emit("drift", scope, drift);
      },
    });
  }
}

function scopesFor({ resources = DEFAULT_RESOURCES, namespaces, scopes: more = [] }: MonitorOptions): Scope[] {
  const scopes = resources.flatMap((resource): Scope[] =>
    namespaces === undefined || !resource.namespaced
      ? [{ resource }]
      : namespaces.map((namespace) => ({ resource, namespace })),
  );
  // Two mergers on one scope would undo each other.
  return [...new Map([...scopes, ...more].map((scope) => [scopeId(scope), scope])).values()];
}

function withScope(logger: Logger, scope: Scope): Logger {
  const tag = { scope: scopeId(scope) };
  return {
    debug: (fields, message) => logger.debug({ ...tag, ...fields }, message),
    info: (fields, message) => logger.info({ ...tag, ...fields }, message),
    warn: (fields, message) => logger.warn({ ...tag, ...fields }, message),
    error: (fields, message) => logger.error({ ...tag, ...fields }, message),
  };
}
