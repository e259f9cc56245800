import {
  askRole,
  type BackoffOptions,
  backoffMs,
  type CanaryLease,
  type Clock,
  DEFAULT_BACKOFF,
  isResourceVersion,
  KrmError,
  type Logger,
  lostEventRequest,
  type RenewedLease,
  type RoleRequest,
  type Scope,
  scopeId,
  type ScopeStore,
  silentLogger,
  systemClock,
  untilAborted,
} from "@krm/core";
import type { Delay } from "../delay/delay.ts";
import { readCanaryFeed } from "./canary-feed.ts";
import { canaryDelay, canaryDrift } from "./canary-news.ts";
import { type CanaryInput, type CanaryOutcome, IDLE_CANARY, stepCanary } from "./canary-state.ts";
import { renewInTime } from "./renew-in-time.ts";

/** What a canary works with. */
export interface CanaryOptions {
  readonly lease: CanaryLease;
  /** The scope that watches the Lease; a Monitor must fill it. */
  readonly store: ScopeStore;
  /** Milliseconds between two writes. @default 10_000 */
  readonly everyMs?: number | undefined;
  /** A write that the view has not shown for so long is overdue, in milliseconds. @default 30_000 */
  readonly overdueAfterMs?: number | undefined;
  readonly onDelay?: ((scope: Scope, delay: Delay) => void) | undefined;
  /** @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** @default silent */
  readonly logger?: Logger | undefined;
  /** Chance for back-off, in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
  readonly backoff?: BackoffOptions | undefined;
}

/** What a canary has done since it began: `writes` is `delays` + `lost` + `unknown` + `pending`. */
export interface CanaryReport {
  /** Writes that were answered. */
  readonly writes: number;
  readonly failures: number;
  readonly delays: number;
  /** Events that the stream has passed without telling. */
  readonly lost: number;
  /** Writes of which neither a delay nor a loss can be said: a list told them, they changed nothing, nobody could see. */
  readonly unknown: number;
  /** Writes that are still waited for. */
  readonly pending: number;
  /** Writes that the view did not show within the bound; some of them later. */
  readonly overdue: number;
  /** For how long the oldest write that is waited for has been, in milliseconds; 0: there is none. */
  readonly waitingMs: number;
}

/** Between these, what a write may take is the time between two of them. A server gives up after a minute. */
const RENEW_MS = { least: 10_000, most: 60_000 } as const;

/**
 * Renews a Lease of its own now and then, and measures by one clock how long it takes until the view shows it: from when
 * the write was sent, so that a delay may be too long by the time that the write took (`resolutionSeconds`), and with
 * what it takes to merge and store the event. It works on a quiet cluster too, and what it does not see is news as well:
 *
 * - The stream goes past the write without telling: that event is **lost**, which is proven, since the answer to the write
 *   had its version. It goes into the ledger of missed events.
 * - The view does not come so far within the bound: the write is **overdue**, and the streamer is asked to watch anew,
 *   once until the view is up with the writes again.
 * - The stream was past the write before it was sent: the cluster's history has begun anew (an etcd restore). At the
 *   second such write in a row the streamer is asked to start over.
 *
 * @example
 * const canary = new Canary({ lease, store: monitor.store.scope({ resource: LEASES, namespace: "default" }) });
 * await canary.run(signal);
 */
export class Canary {
  readonly #options: CanaryOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #random: () => number;
  #state = IDLE_CANARY;
  #counts = { writes: 0, failures: 0, delays: 0, lost: 0, unknown: 0, overdue: 0 };
  /** Code of the failure that was told. */
  #failing: string | undefined;
  /** Aborts when the run ends. */
  #ended: AbortSignal = AbortSignal.abort();

  constructor(options: CanaryOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#random = options.random ?? Math.random;
  }

  get report(): CanaryReport {
    const { pending } = this.#state;
    const oldest = pending[0]?.sentAt;
    const waitingMs = oldest === undefined ? 0 : this.#clock.monotonic() - oldest;
    return { ...this.#counts, pending: pending.length, waitingMs };
  }

  /** Goes on until the signal aborts. Rejects only when the store can never be asked again. */
  async run(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const all = AbortSignal.any([signal, over.signal]);
    const fail = (error: unknown): void => over.abort(error);
    this.#ended = all;
    const begun = Promise.withResolvers<void>();
    const onInput = (input: CanaryInput): void => {
      this.#step(input);
      begun.resolve();
    };
    const { store, lease } = this.#options;
    const feed = { store, key: lease.key, clock: this.#clock, random: this.#random, onInput };
    const read = readCanaryFeed(feed, all).catch(fail);
    // A write whose event came before the feed is read would count as lost.
    await untilAborted(begun.promise, all).catch(() => {});
    await Promise.all([read, this.#write(all).catch(fail), this.#look(all).catch(fail)]);
    over.signal.throwIfAborted();
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { everyMs = 10_000, backoff = DEFAULT_BACKOFF } = this.#options;
    for (let failures = 0; !signal.aborted;) {
      failures = (await this.#writeOnce(signal)) ? 0 : failures + 1;
      const pause = failures === 0 ? 0 : backoffMs(failures, this.#random(), undefined, backoff);
      await this.#clock.sleep(Math.max(everyMs, pause), { signal }).catch(() => {});
    }
  }

  /** False: it failed. */
  async #writeOnce(signal: AbortSignal): Promise<boolean> {
    const { lease, everyMs = 10_000 } = this.#options;
    const ms = Math.min(Math.max(RENEW_MS.least, everyMs), RENEW_MS.most);
    const sentAt = this.#clock.monotonic();
    const writtenAt = this.#clock.now();
    this.#step({ type: "writing" });
    let renewed: RenewedLease;
    try {
      renewed = await renewInTime(lease, writtenAt, { ms, clock: this.#clock, signal });
    } catch (error) {
      this.#step({ type: "not-written" });
      if (signal.aborted) return false;
      this.#counts.failures++;
      this.#tell(error, "the canary cannot write its Lease; trying on");
      return false;
    }
    const { uid, resourceVersion: version, created } = renewed;
    this.#counts.writes++;
    if (isResourceVersion(version)) {
      this.#worksAgain();
      const answeredAt = this.#clock.monotonic();
      this.#step({ type: "written", write: { uid, version, created, sentAt, answeredAt, writtenAt } });
      this.#tick();
    } else {
      this.#step({ type: "not-written" });
      this.#counts.unknown++;
      const error = new KrmError("KRM_INVALID_RESOURCE_VERSION", `${lease.key}: ${version}`);
      this.#tell(error, "a write of the canary was answered with a version that cannot be ordered; trying on");
    }
    return true;
  }

  /** Looks for what is overdue, by itself: neither writes nor the feed may come in time. */
  async #look(signal: AbortSignal): Promise<void> {
    for (;;) {
      const now = this.#clock.monotonic();
      const next = this.#state.pending.find(({ overdue }) => !overdue)?.sentAt ?? now;
      // Nothing that is sent meanwhile can be due before.
      await this.#clock.sleep(Math.max(0, next + this.#overdueAfterMs - now), { signal }).catch(() => {});
      if (signal.aborted) return;
      this.#tick();
    }
  }

  #tick(): void {
    this.#step({ type: "tick", at: this.#clock.monotonic(), overdueAfterMs: this.#overdueAfterMs });
  }

  get #overdueAfterMs(): number {
    return this.#options.overdueAfterMs ?? 30_000;
  }

  #step(input: CanaryInput): void {
    const { state, outcomes } = stepCanary(this.#state, input);
    this.#state = state;
    for (const outcome of outcomes) this.#act(outcome);
  }

  #act(outcome: CanaryOutcome): void {
    const { store, lease, onDelay } = this.#options;
    const scope = scopeId(store.scope);
    const secondsSince = (at: number): number => (this.#clock.monotonic() - at) / 1000;
    switch (outcome.type) {
      case "delay":
        this.#counts.delays++;
        return onDelay?.(store.scope, canaryDelay(outcome.write, outcome.seen));
      case "lost": {
        const { version, sentAt } = outcome.write;
        this.#counts.lost++;
        this.#logger.warn(
          { scope, version, seconds: secondsSince(sentAt) },
          "the watch went past a write of the canary without telling of it: it loses events",
        );
        return this.#ask("merger", lostEventRequest(canaryDrift(lease.key, outcome.write, outcome.shown)));
      }
      case "unknown":
        this.#counts.unknown++;
        return undefined;
      case "overdue":
        this.#counts.overdue++;
        return undefined;
      case "silent": {
        const { version, sentAt } = outcome.write;
        this.#logger.warn(
          { scope, version, seconds: secondsSince(sentAt) },
          "the view has not shown a write of the canary yet; asking for another watch",
        );
        return this.#ask("streamer", "rewatch");
      }
      case "heard":
        return this.#logger.info(
          { scope, seconds: secondsSince(outcome.silentSince) },
          "the view is up with the writes of the canary again",
        );
      case "new-history": {
        const { version } = outcome.write;
        this.#logger.warn(
          { scope, version, told: outcome.floor },
          "writes of the canary get older versions than the watch has told: the cluster's history began anew; asking for a list",
        );
        return this.#ask("streamer", "new-history");
      }
      default:
        return outcome satisfies never;
    }
  }

  #ask(role: "merger" | "streamer", request: RoleRequest): void {
    const { store } = this.#options;
    void askRole(role, request, { store, clock: this.#clock, random: this.#random, signal: this.#ended });
  }

  /** Tells a failure, until another one comes, or none. */
  #tell(error: unknown, text: string): void {
    const code = KrmError.is(error) ? `${error.code} ${error.status?.code ?? ""}` : String(error);
    if (this.#failing === code) return;
    this.#failing = code;
    this.#logger.warn({ err: error }, text);
  }

  #worksAgain(): void {
    if (this.#failing !== undefined) this.#logger.info({}, "the canary writes its Lease again");
    this.#failing = undefined;
  }
}
