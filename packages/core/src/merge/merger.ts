import { KrmError } from "../errors.ts";
import { untilAborted } from "../internal/abort.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { newestResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { Revision } from "../model/stored-object.ts";
import type { DesyncCause, ErrorReport, MergerReport } from "../monitor/role-status.ts";
import { CLOCK_SLACK_MS } from "../monitor/scope-status.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { noTelemetry, type Telemetry } from "../ports/telemetry.ts";
import type { ConsumedLogs } from "../store/input-log.ts";
import type { MergerLease } from "../store/lease.ts";
import { isFinal } from "../store/final-failure.ts";
import type { CommittedMeta, StoreManifest, ViewCommit } from "../store/store.ts";
import { type BackoffOptions, backoffMs, STORE_BACKOFF } from "../stream/backoff.ts";
import type { FrozenView } from "../verify/frozen-view.ts";
import { visible } from "./claims.ts";
import { currentClaims, frozenClaims, revision } from "./frozen-claims.ts";
import { InputQueue, type QueueBounds } from "./input-queue.ts";
import type { VerificationLedger } from "./ledger.ts";
import { LedgerKeeper } from "./ledger-keeper.ts";
import type { DecidedVerdict, MergeInput, Step } from "./merge-input.ts";
import { type MergeState, restoreMergeState } from "./merge-state.ts";
import { PositionWaiters } from "./position-waiters.ts";
import { advance } from "./reduce.ts";
import { ResumeFloor } from "./resume-floor.ts";
import type { ViewChange } from "./view-change.ts";

/** What a Merger works with. */
export interface MergerOptions {
  /** The view: what it holds when the Merger begins, and where to write it. */
  readonly view: Pick<MergerLease, "loaded" | "commit">;
  /** What one commit should hold at most. */
  readonly batch: StoreManifest["batch"];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Chance for back-off, in [0, 1). */
  readonly random: () => number;
  readonly queue?: QueueBounds | undefined;
  readonly backoff?: BackoffOptions | undefined;
  /** @default noTelemetry */
  readonly telemetry?: Telemetry | undefined;
  /** The stream must resync: something that it told could not be kept. */
  readonly onGap: (cause: DesyncCause) => void;
  /** A verification was decided. */
  readonly onVerdict?: ((verdict: DecidedVerdict) => void) | undefined;
  /** A settlement lacked bodies; the verifier must send it again in full. */
  readonly onIncomplete?: (() => void) | undefined;
  /** An event came too late to be taken, and may be news: the verifier should look soon. */
  readonly onBelated?: (() => void) | undefined;
  /** After each commit. */
  readonly onCommit?: ((commit: ViewCommit) => void) | undefined;
  readonly onReport?: ((report: MergerReport) => void) | undefined;
  /** Called with each input and what it did, in order, before that is written: for recorders. */
  readonly onStep?: ((input: MergeInput, step: Step) => void) | undefined;
}

/**
 * The aggregation: takes what streamer and verifier tell, in order, and keeps the view in the store. The only writer
 * of view, feed and drift of its scope, and the only I/O around `advance`.
 *
 * What does not reach the store is not lost silently (law 7): a failed write is tried again while inputs wait in a
 * bounded queue; when that is full the stream is told to resync.
 */
export class Merger {
  readonly #options: MergerOptions;
  readonly #queue: InputQueue;
  readonly #state: MergeState;
  #lastContact: number | undefined;
  #verifiedAt: number | undefined;
  #version: ResourceVersion | undefined;
  readonly #floor: ResumeFloor;
  readonly #keeper: LedgerKeeper;
  /** The ledger as it was last written. */
  #written: VerificationLedger | undefined;
  readonly #waiters: PositionWaiters;
  #late = 0;
  #failing: MergerReport["failing"];

  constructor(options: MergerOptions) {
    this.#options = options;
    this.#queue = new InputQueue(options.queue);
    const { meta, claims, ledger } = options.view.loaded;
    this.#state = restoreMergeState(meta, new Map(claims));
    this.#lastContact = meta.lastContact;
    this.#verifiedAt = meta.verifiedAt;
    this.#version = newestResourceVersion(this.#state.horizon, this.#state.position);
    this.#floor = new ResumeFloor(meta, this.#version);
    this.#keeper = new LedgerKeeper(ledger, options.clock, options.telemetry ?? noTelemetry);
    this.#written = ledger;
    this.#waiters = new PositionWaiters(options.clock, this.#state.position);
  }

  /** The cluster history that is merged now; inputs must name it. */
  get epoch(): number {
    return this.#state.epoch;
  }

  get report(): MergerReport {
    return { ...this.#keeper.ledger, late: this.#late, queued: this.#queue.size, failing: this.#failing };
  }

  /** What the view holds of a key, ahead of what is still queued. */
  readonly known = (key: ObjectKey): Revision | undefined => revision(key, visible(this.#state, key));

  /** False: the versions of this resource cannot be ordered, so there is nothing to verify (law 8). */
  get comparable(): boolean {
    return this.#state.opaque === undefined;
  }

  /** The stream has told everything up to here, and it is merged. */
  get position(): ResourceVersion | undefined {
    return this.#state.position;
  }

  /** Missed events that verification has found until now, those that known gaps had hidden left out. */
  get missed(): number {
    return this.#keeper.missed;
  }

  /** As `VerifySink` wants it. */
  async freeze(signal: AbortSignal): Promise<FrozenView> {
    // Of before: what is heard until the journal begins can only make the view newer than this says.
    const heardAt = this.#lastContact;
    this.offer([{ type: "verification-started", epoch: this.epoch }]);
    await this.caughtUp(signal);
    return frozenClaims(this.#state, heardAt);
  }

  /** As `VerifySink` wants it. */
  async look(): Promise<FrozenView> {
    return currentClaims(this.#state, this.#lastContact);
  }

  /** As `VerifySink` wants it. */
  async passed(version: ResourceVersion, ms: number, signal: AbortSignal): Promise<boolean> {
    return this.#waiters.passed(version, ms, signal);
  }

  /**
   * Takes inputs in order. False: there is no room, none was taken, and the sender must resync, or offer them again.
   *
   * @param consumed What of the logs is consumed when these are merged.
   */
  offer(inputs: readonly MergeInput[], consumed?: ConsumedLogs): boolean {
    return this.#queue.offer(inputs, consumed);
  }

  /** Inputs that are not merged yet. */
  get queued(): number {
    return this.#queue.size;
  }

  /** Resolves when everything that was offered before this call is merged and written. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#queue.drained(), signal);
  }

  /**
   * Merges until the signal aborts; then resolves, also when the store does not answer. Rejects only when the store is
   * closed under it, can never be used, or another merger has taken over.
   */
  async run(signal: AbortSignal): Promise<void> {
    const merging = this.#run(signal);
    const aborted = Promise.withResolvers<void>();
    const stop = (): void => {
      this.#queue.wake();
      aborted.resolve();
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      await Promise.race([merging, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", stop);
      // Nobody waits any more for a write that hangs, nor for how it ends.
      merging.catch(() => {});
    }
  }

  /** A wait costs no listener: this runs once per event on a slow stream. */
  async #run(signal: AbortSignal): Promise<void> {
    const { batch } = this.#options;
    while (!signal.aborted) {
      await this.#queue.arrived();
      const inputs = this.#queue.peek(batch.changes, batch.bytes);
      if (inputs.length === 0 || signal.aborted) continue;
      await this.#merge(inputs, signal);
    }
  }

  async #merge(inputs: readonly MergeInput[], signal: AbortSignal): Promise<void> {
    const changes: ViewChange[] = [];
    const verdicts: DecidedVerdict[] = [];
    const { epoch } = this.#state;
    for (const input of inputs) {
      const step = advance(this.#state, input);
      this.#options.onStep?.(input, step);
      for (const change of step.changes) {
        changes.push(change);
        this.#floor.add(change);
      }
      if (step.belated) this.#options.onBelated?.();
      const around = { verifiedBefore: this.#verifiedAt, hadView: this.#version !== undefined };
      if (input.epoch === this.#state.epoch) this.#account(input, step);
      verdicts.push(...this.#keeper.add(input, step, around));
      if (step.missing.length > 0) {
        if (input.type === "verified") this.#options.onIncomplete?.();
        else this.#options.onGap("incomplete-settlement");
      }
    }
    this.#keeper.pending(this.#state.undecided.length + (this.#state.check?.told === false ? 1 : 0));
    const reset = this.#state.epoch !== epoch;
    const ledger = this.#keeper.ledger === this.#written ? undefined : this.#keeper.ledger;
    const consumed = this.#queue.consumedWith(inputs.length);
    const commit: ViewCommit = { changes, meta: this.#meta(reset), ledger, consumed, reset };
    if (!(await this.#write(commit, signal))) return;
    if (ledger !== undefined) this.#written = ledger;
    // Before anybody is told, so that what is reported as waiting is what waits.
    this.#queue.remove(inputs);
    this.#waiters.moved(this.position);
    this.#options.onCommit?.(commit);
    for (const verdict of verdicts) this.#options.onVerdict?.(verdict);
    this.#options.onReport?.(this.report);
  }

  #account(input: MergeInput, step: Step): void {
    // The view stands on this list now; one that was older changed nothing.
    if ("snapshot" in input && step.missing.length === 0) {
      const { resourceVersion, takenAt } = input.snapshot;
      const base = input.type === "polled" ? this.#state.opaque : this.#state.horizon;
      if (base === resourceVersion) this.#verifiedAt = takenAt;
      if (input.type !== "verified") this.#heard(takenAt);
    } else if (input.type === "heard") {
      this.#heard(input.at);
    }
    this.#late += step.late;
  }

  /** Goes on only: a source that is another KRM may tell of a time before. What lies ahead gives way, since a clock was set. */
  #heard(at: number): void {
    const before = this.#lastContact;
    const isAhead = before !== undefined && before > this.#options.clock.now() + CLOCK_SLACK_MS;
    if (before === undefined || at > before || isAhead) this.#lastContact = at;
  }

  #meta(reset: boolean): CommittedMeta {
    const { epoch, horizon, position, opaque } = this.#state;
    const version = newestResourceVersion(horizon, position);
    this.#version = version;
    return {
      epoch,
      version: opaque ?? version,
      ...this.#floor.commit(version, reset),
      horizon: opaque ?? horizon,
      verifiedAt: this.#verifiedAt,
      streamedThrough: position,
      lastContact: this.#lastContact,
      snapshotOnly: opaque !== undefined,
    };
  }

  /** Writes until it succeeds. False: aborted. Rejects when it never can: the store is closed, or another merges here. */
  async #write(commit: ViewCommit, signal: AbortSignal): Promise<boolean> {
    const { view, clock, logger, random, backoff = STORE_BACKOFF } = this.#options;
    for (let failures = 1; ; failures++) {
      try {
        await view.commit(commit, { signal });
        this.#failing = undefined;
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        if (isFinal(error)) throw error;
        const ms = backoffMs(failures, random(), undefined, backoff);
        const since = this.#failing?.since ?? clock.now();
        this.#failing = { since, error: storeFailure(error) };
        this.#options.onReport?.(this.report);
        logger.warn({ err: error, retryInMs: ms }, "could not write to the store; trying again");
        try {
          await clock.sleep(ms, { signal });
        } catch {
          return false;
        }
      }
    }
  }
}

function storeFailure(error: unknown): ErrorReport {
  const message = error instanceof Error ? error.message : String(error);
  const known = KrmError.is(error) ? error : undefined;
  return { code: known?.code ?? "KRM_STORE_FAILED", message, hint: known?.hint, status: undefined };
}
