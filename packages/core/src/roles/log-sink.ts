import { randomUUID } from "node:crypto";
import { isFinal } from "../store/final-failure.ts";
import { untilAborted } from "../internal/abort.ts";
import { InputQueue, type QueueBounds } from "../merge/input-queue.ts";
import type { RoleInput } from "../merge/merge-input.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, newestResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { Revision } from "../model/stored-object.ts";
import type { CallOptions, Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { InputLogWriter, LogPosition, LogRecord } from "../store/input-log.ts";
import { recordsOf } from "../store/log-records.ts";
import type { ScopeStore, StoreManifest, ViewIndex } from "../store/store.ts";
import { type BackoffOptions, backoffMs, STORE_BACKOFF } from "../stream/backoff.ts";
import type { FrozenView } from "../verify/frozen-view.ts";
import type { VerifySink } from "../verify/verify-sink.ts";

/** What a LogSink works with. */
export interface LogSinkOptions {
  readonly store: ScopeStore;
  readonly log: InputLogWriter;
  readonly batch: StoreManifest["batch"];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly queue?: QueueBounds | undefined;
  readonly backoff?: BackoffOptions | undefined;
  /** Lists wait until what was told before is merged, not only written. */
  readonly untilMerged: boolean;
}

/** How often it is looked whether a Merger has come further, in milliseconds. */
const LOOK_AGAIN_MS = 250;

/**
 * Carries what a role tells to its input log: bounded, in order, in batches, one write at a time. A failed write is
 * tried again, the same one, until it succeeds; meanwhile the queue fills, and then the role is told to resync (law 7).
 */
export class LogSink implements VerifySink {
  readonly #options: LogSinkOptions;
  readonly #queue: InputQueue<RoleInput>;
  #covers: LogPosition;
  #missed: Readonly<Record<string, number>> = {};
  #view: ViewIndex | undefined;
  /** The last attempt failed: that is logged once. */
  #failing = false;

  constructor(options: LogSinkOptions) {
    this.#options = options;
    this.#queue = new InputQueue(options.queue);
    this.#covers = options.log.start;
  }

  /** Inputs that are not written yet. */
  get queued(): number {
    return this.#queue.size;
  }

  get epoch(): number {
    return this.#view?.meta.epoch ?? this.#options.log.start.epoch;
  }

  get position(): ResourceVersion | undefined {
    return this.#view === undefined ? this.#options.log.start.position : this.#view.meta.streamedThrough;
  }

  get comparable(): boolean {
    return this.#view?.meta.snapshotOnly !== true;
  }

  readonly known = (key: ObjectKey): Revision | undefined => {
    const entry = this.#view?.entries.get(key);
    return entry === undefined ? undefined : { key, ...entry };
  };

  /** As the merger reported it last. */
  get missed(): number {
    return Object.values(this.#missed).reduce((sum, count) => sum + count, 0);
  }

  async freeze(signal: AbortSignal): Promise<FrozenView> {
    this.offer([{ type: "verification-started", epoch: this.epoch }]);
    return this.look(signal);
  }

  async look(signal: AbortSignal): Promise<FrozenView> {
    await this.caughtUp(signal);
    const view = this.#view;
    const entries: ViewIndex["entries"] = view?.entries ?? new Map();
    return {
      epoch: this.epoch,
      position: this.position,
      heardAt: view?.meta.lastContact,
      // Where versions cannot be ordered, nothing is compared.
      horizon: view?.meta.snapshotOnly === true ? undefined : (view?.meta.horizon as ResourceVersion | undefined),
      // What the merge knows beyond the view is not in the store.
      unseen: () => false,
      at: (key) => {
        const entry = entries.get(key);
        return entry === undefined ? undefined : { key, ...entry };
      },
      keys: () => entries.keys(),
    };
  }

  async passed(version: ResourceVersion, ms: number, signal: AbortSignal): Promise<boolean> {
    const { clock, store } = this.#options;
    const deadline = clock.monotonic() + ms;
    let position: ResourceVersion | undefined;
    for (;;) {
      await this.#persist("could not read from the store; trying again", signal, async (options) => {
        position = (await store.meta(options)).streamedThrough;
      });
      if (position !== undefined && compareResourceVersions(position, version) >= 0) return true;
      const left = deadline - clock.monotonic();
      if (left <= 0) return false;
      await clock.sleep(Math.ceil(Math.min(left, LOOK_AGAIN_MS)), { signal });
    }
  }

  offer(inputs: readonly RoleInput[]): boolean {
    return this.#queue.offer(inputs);
  }

  async caughtUp(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#queue.drained(), signal);
    const { store, log, clock, untilMerged } = this.#options;
    await this.#persist("could not read from the store; trying again", signal, async (options) => {
      while (untilMerged && (await log.backlog(options)) > 0) await clock.sleep(LOOK_AGAIN_MS, options);
      this.#view = await store.index(options);
      if (untilMerged) this.#missed = (await store.reports(options)).merger?.missed.upstream ?? {};
    });
  }

  /** Writes until the signal aborts; then resolves. Rejects only when the store is closed or the lease lost. */
  async run(signal: AbortSignal): Promise<void> {
    const { batch } = this.#options;
    try {
      for (;;) {
        await untilAborted(this.#queue.arrived(), signal);
        const inputs = this.#queue.peek(batch.changes, batch.bytes);
        const list = inputs.findIndex((input) => "snapshot" in input);
        const written = list < 0 ? inputs : inputs.slice(0, Math.max(1, list));
        if (list === 0) await this.#writeList(written[0] as RoleInput, signal);
        else if (written.length > 0)
          await this.#append(written as LogRecord[], coveredBy(this.#covers, written), signal);
        this.#queue.remove(written);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #writeList(input: RoleInput, signal: AbortSignal): Promise<void> {
    for (const record of recordsOf(input, randomUUID())) {
      const whole = record.type === "snapshot-page" && record.last;
      await this.#append([record], whole ? coveredBy(this.#covers, [input]) : this.#covers, signal);
    }
  }

  async #append(records: readonly LogRecord[], covers: LogPosition, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    await this.#persist("could not write to the store; trying again", signal, async (options) =>
      log.append(records, covers, options),
    );
    this.#covers = covers;
  }

  /** Tries until it succeeds. Rejects when it never can, or the signal aborts. */
  async #persist(told: string, signal: AbortSignal, attempt: (options: CallOptions) => Promise<void>): Promise<void> {
    const { clock, logger, random, backoff = STORE_BACKOFF } = this.#options;
    for (let failures = 1; ; failures++) {
      try {
        await attempt({ signal });
        this.#failing = false;
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (isFinal(error)) throw error;
        const retryInMs = backoffMs(failures, random(), undefined, backoff);
        if (!this.#failing) logger.warn({ err: error, retryInMs }, told);
        this.#failing = true;
        await clock.sleep(retryInMs, { signal });
      }
    }
  }
}

/** Up to where a log tells everything when these are in it too. */
function coveredBy(before: LogPosition, inputs: readonly RoleInput[]): LogPosition {
  let { epoch, position } = before;
  for (const input of inputs) {
    if (input.type === "bookmark") position = newestResourceVersion(position, input.resourceVersion);
    else if (input.type === "observed" && input.observation.origin === "live")
      position = newestResourceVersion(position, input.observation.object.resourceVersion);
    else if (input.type === "relisted") position = newestResourceVersion(position, input.snapshot.resourceVersion);
    else if (input.type === "epoch-reset")
      ({
        epoch,
        snapshot: { resourceVersion: position },
      } = input);
    // Versions that cannot be ordered are no place to go on from.
    else if (input.type === "polled") position = undefined;
  }
  return { epoch, position };
}
