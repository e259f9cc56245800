import {
  type BackoffOptions,
  backoffMs,
  type CallOptions,
  type Clock,
  DEFAULT_BACKOFF,
  type Drift,
  type FeedBatch,
  isFinal,
  isResourceVersion,
  KrmError,
  type Logger,
  lostEventRequest,
  type ObjectKey,
  type ResourceVersion,
  type Scope,
  scopeId,
  type ScopeStore,
  silentLogger,
  STORE_BACKOFF,
  systemClock,
  type Uid,
  untilAborted,
} from "@krm/core";
import type { Delay } from "../delay/delay.ts";
import { type CanaryInput, type CanaryOutcome, IDLE_CANARY, type Pending, stepCanary } from "./canary-state.ts";

/** A Lease that nobody else writes: what a canary renews. */
export interface CanaryLease {
  readonly key: ObjectKey;
  /**
   * Renews it, and creates it where it is missing. Gives the version that this write made, and whether it created it.
   *
   * @param at what it is renewed at: wall clock, epoch milliseconds
   * @throws KrmError as `ListWatch` does
   */
  renew(at: number, options?: CallOptions): Promise<Renewed>;
}

/** What a write of a Lease made. */
export interface Renewed {
  readonly uid: Uid;
  readonly resourceVersion: string;
  readonly created: boolean;
}

/** What a canary works with. */
export interface CanaryOptions {
  readonly lease: CanaryLease;
  /** The scope that watches the Lease; a Monitor must fill it. */
  readonly store: ScopeStore;
  /** Milliseconds between two writes. @default 10_000 */
  readonly everyMs?: number | undefined;
  /** A write that the stream has not told of for so long is overdue, in milliseconds. @default 30_000 */
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

/** What a canary has done since it began. */
export interface CanaryReport {
  readonly writes: number;
  readonly failures: number;
  readonly delays: number;
  /** Events that the stream has passed without telling. */
  readonly lost: number;
  /** Writes that the stream did not tell of within the bound; some of them later. */
  readonly overdue: number;
  /** For how long the oldest write that the stream has not told of has been waited for, in milliseconds; 0: there is none. */
  readonly waitingMs: number;
}

/**
 * Renews a Lease of its own now and then, and measures by one clock how long it takes until the view shows it: from when
 * the write was sent, so that a delay may be too long by the time that the write took (`resolutionSeconds`), and with
 * what it takes to merge and store the event. It works on a quiet cluster too, and what it does not see is news as well:
 *
 * - The stream goes past the write without telling: that event is **lost**, which is proven, since the answer to the write
 *   had its version. It goes into the ledger of missed events.
 * - The stream does not come so far within the bound: the write is **overdue**, and the streamer is asked to watch anew.
 *
 * @example
 * const canary = new Canary({ lease, store: monitor.store.scope({ resource: LEASES, namespace: "default" }) });
 * await canary.run(signal);
 */
export class Canary {
  readonly #options: CanaryOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #state = IDLE_CANARY;
  #uid: Uid | undefined;
  #newest: ResourceVersion | undefined;
  #counts = { writes: 0, failures: 0, delays: 0, lost: 0, overdue: 0 };
  /** Code of the failure that was told. */
  #failing: string | undefined;

  constructor(options: CanaryOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
  }

  get report(): CanaryReport {
    const oldest = this.#state.pending[0]?.sentAt;
    return { ...this.#counts, waitingMs: oldest === undefined ? 0 : this.#clock.monotonic() - oldest };
  }

  /** Goes on until the signal aborts. Rejects only when the store can never be asked again. */
  async run(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const all = AbortSignal.any([signal, over.signal]);
    const reading = Promise.withResolvers<void>();
    const read = this.#read(all, reading.resolve).catch((error: unknown) => over.abort(error));
    // A write whose event came before the feed is read would count as lost.
    await untilAborted(reading.promise, all).catch(() => {});
    await this.#write(all);
    await read;
    over.signal.throwIfAborted();
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { lease, everyMs = 10_000, random = Math.random, backoff = DEFAULT_BACKOFF } = this.#options;
    for (let failures = 0; !signal.aborted;) {
      const sentAt = this.#clock.monotonic();
      const writtenAt = this.#clock.now();
      this.#step({ type: "writing", at: sentAt });
      let pause = everyMs;
      try {
        const { uid, resourceVersion: version, created } = await lease.renew(writtenAt, { signal });
        failures = 0;
        this.#counts.writes++;
        this.#worksAgain();
        if (!isResourceVersion(version)) throw new KrmError("KRM_INVALID_RESOURCE_VERSION", `${lease.key}: ${version}`);
        const previous = this.#uid === uid ? this.#newest : undefined;
        this.#uid = uid;
        this.#newest = version;
        const answeredAt = this.#clock.monotonic();
        this.#step({ type: "written", write: { version, created, previous, sentAt, answeredAt, writtenAt } });
      } catch (error) {
        this.#step({ type: "not-written" });
        if (signal.aborted) return;
        this.#counts.failures++;
        this.#tell(error);
        pause = Math.max(everyMs, backoffMs(++failures, random(), undefined, backoff));
      }
      await this.#clock.sleep(pause, { signal }).catch(() => {});
      this.#step({ type: "tick", at: this.#clock.monotonic(), overdueAfterMs: this.#options.overdueAfterMs ?? 30_000 });
    }
  }

  async #read(signal: AbortSignal, begun: () => void): Promise<void> {
    const { store, random = Math.random } = this.#options;
    let since: string | undefined;
    for (let failures = 0; !signal.aborted;) {
      try {
        since ??= await store.cursor({ signal });
        begun();
        for await (const batch of store.changes({ since, signal })) {
          failures = 0;
          since = this.#take(batch) ?? since;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (isFinal(error)) throw error;
        await this.#clock.sleep(backoffMs(++failures, random(), undefined, STORE_BACKOFF), { signal }).catch(() => {});
      }
    }
  }

  #take(batch: FeedBatch): string | undefined {
    if (batch.type === "reset") {
      this.#step({ type: "gap" });
      return batch.cursor;
    }
    const at = this.#clock.monotonic();
    for (const { change } of batch.entries) {
      if (change.type !== "set" || change.object.key !== this.#options.lease.key) continue;
      const { resourceVersion: version } = change.object;
      this.#step({ type: "seen", version, at, live: change.origin === "stream" });
    }
    const through = batch.meta?.streamedThrough;
    if (through !== undefined) this.#step({ type: "passed", through });
    return batch.entries.at(-1)?.cursor;
  }

  #step(input: CanaryInput): void {
    const { state, outcomes } = stepCanary(this.#state, input);
    this.#state = state;
    for (const outcome of outcomes) this.#act(outcome);
  }

  #act({ type, write, ...more }: CanaryOutcome): void {
    const { store, onDelay } = this.#options;
    const seconds = (this.#clock.monotonic() - write.sentAt) / 1000;
    const about = { scope: scopeId(store.scope), version: write.version, seconds };
    if (type === "delay" && "seenAt" in more) {
      this.#counts.delays++;
      onDelay?.(store.scope, this.#delay(write, more.seenAt));
    } else if (type === "lost") {
      this.#counts.lost++;
      this.#logger.warn(about, "the watch went past a write of the canary without telling of it: it loses events");
      this.#ask("merger", lostEventRequest(this.#drift(write)));
    } else if (type === "overdue") {
      this.#counts.overdue++;
      this.#logger.warn(about, "the watch has not told of a write of the canary yet; watching anew");
      this.#ask("streamer", "rewatch");
    }
  }

  #delay({ version, created, sentAt, answeredAt }: Pending, seenAt: number): Delay {
    return {
      event: created ? "ADDED" : "MODIFIED",
      source: "canary",
      seconds: (seenAt - sentAt) / 1000,
      resourceVersion: version,
      observedAt: this.#clock.now(),
      resolutionSeconds: (answeredAt - sentAt) / 1000,
    };
  }

  #drift({ version, created, previous, writtenAt }: Pending): Drift {
    const uid = this.#uid as Uid;
    return {
      key: this.#options.lease.key,
      type: created ? "added" : "modified",
      horizon: version,
      shown: previous && { uid, resourceVersion: previous },
      actual: { uid, resourceVersion: version },
      cause: "upstream",
      changedAt: new Date(writtenAt).toISOString(),
    };
  }

  /** What cannot be asked now is said by the numbers all the same. */
  #ask(role: "merger" | "streamer", request: Parameters<ScopeStore["ask"]>[1]): void {
    this.#options.store.ask(role, request).catch((error: unknown) => {
      this.#logger.debug({ err: error }, "could not tell what the canary found");
    });
  }

  #tell(error: unknown): void {
    const code = KrmError.is(error) ? `${error.code} ${error.status?.code ?? ""}` : String(error);
    if (this.#failing === code) return;
    this.#failing = code;
    this.#logger.warn({ err: error }, "the canary cannot write its Lease; trying on");
  }

  #worksAgain(): void {
    if (this.#failing !== undefined) this.#logger.info({}, "the canary writes its Lease again");
    this.#failing = undefined;
  }
}
