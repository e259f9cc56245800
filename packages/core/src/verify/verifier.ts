import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, type ResourceVersion } from "../model/resource-version.ts";
import { reportClock } from "../monitor/clock-report.ts";
import type { RoleOptions } from "../monitor/role-options.ts";
import type { RolePhase, VerifierReport } from "../monitor/role-status.ts";
import type { ListWatch } from "../ports/list-watch.ts";
import { noTelemetry } from "../ports/telemetry.ts";
import { isFinal } from "../store/final-failure.ts";
import { backoffMs, DEFAULT_BACKOFF } from "../stream/backoff.ts";
import { classify, errorReport } from "../stream/classify.ts";
import { Calls } from "./calls.ts";
import { countedListWatch } from "./counted-list-watch.ts";
import { KnownLies } from "./known-lies.ts";
import { ListModes, modeOf } from "./list-modes.ts";
import { Pace, type RoundResult } from "./pace.ts";
import { type RoundOutcome, verifyRound } from "./round.ts";
import type { FrozenView } from "./frozen-view.ts";
import { Sampler } from "./sampler.ts";
import type { VerifySink } from "./verify-sink.ts";

/** What a Verifier works with. */
export interface VerifierOptions extends RoleOptions {
  readonly sink: VerifySink;
  /** When the view was last verified before this process: wall clock, epoch milliseconds. The first wait counts from then. */
  readonly verifiedAt?: number | undefined;
  /** The view was taken over from a process that is no more: what happened meanwhile is looked for soon. */
  readonly soon?: boolean | undefined;
  /** The report of this process before, whose counters go on. */
  readonly before?: VerifierReport | undefined;
  /**
   * The mean time between two verifications, in milliseconds; each wait is by chance half to one and a half of it. After
   * drift it is a tenth of that, and while nothing is found it grows to twice as much.
   */
  readonly everyMs: number;
  /** Requests to the API server an hour that verifying may make on average; `verifyNow` is beyond it. */
  readonly budgetPerHour: number;
  readonly onReport: (report: VerifierReport) => void;
  /** The most recent list was older than what the stream had told before: a lagging server, or a restored cluster. */
  readonly onBehind?: (() => void) | undefined;
  /** Twice in a row, objects were older than the stream had told, by their own account: the cluster was restored. */
  readonly onForeign?: (() => void) | undefined;
}

/** A view that was taken over is verified after this long at most, in milliseconds. */
const SOON_MS = 10_000;

/** How long the merge's decision is waited for before the next wait is chosen, in milliseconds: a bookmark comes each minute. */
const DECIDED_MS = 75_000;

/**
 * Lists the whole scope now and then, compares it with what the stream had told at that very version, and hands what
 * it found to the merge: complete, but old. Never ends by an error of the API server.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #listWatch: ListWatch;
  readonly #modes = new ListModes();
  readonly #sampler: Sampler;
  readonly #lies = new KnownLies();
  readonly #pace: Pace;
  #report: VerifierReport;
  #failures = 0;
  #epoch: number | undefined;
  /** Objects of which the last list told another state than they themselves. */
  #contradicted: ReadonlySet<ObjectKey> = new Set();
  /** Where the stream was at the last verification. */
  #lastPosition: ResourceVersion | undefined;
  /** Of what the last verification left something open. */
  #doubted: ReadonlySet<ObjectKey> = new Set();
  /** The last verification found objects of another history. */
  #foreign = false;
  readonly #calls = new Calls();
  #inFull = false;

  constructor(options: VerifierOptions) {
    this.#options = options;
    const { clock, random, everyMs, budgetPerHour, telemetry = noTelemetry } = options;
    this.#listWatch = countedListWatch(options.listWatch, (verb) => {
      telemetry.add("krm_api_requests_total", { verb });
      const { requests, asked } = this.#report;
      this.#report = { ...this.#report, requests: requests + 1, asked: asked + (verb === "get" ? 1 : 0) };
    });
    this.#sampler = new Sampler(Math.floor(random() * 2 ** 32));
    this.#pace = new Pace({ everyMs, budgetPerHour }, clock.monotonic());
    const state = { phase: "idle", since: clock.now() } as const;
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
    this.#calls.now();
  }

  /** Starts the next verification as soon as its pace allows: see `Pace.soonMs`. One that waits after a failure does so. */
  verifySoon(): void {
    this.#calls.soon();
  }

  /** Verifies until the signal aborts; then resolves. The first verification comes one wait after the last one. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, everyMs, random, verifiedAt, soon } = this.#options;
    // A clock that jumped back must not put it off.
    const age = verifiedAt === undefined ? 0 : Math.max(0, clock.now() - verifiedAt);
    const first = Math.max(0, everyMs * (0.5 + random()) - age);
    let waitMs = soon === true ? Math.min(first, SOON_MS * random()) : first;
    let reported = false;
    while (!signal.aborted) {
      if (!reported) this.#tell({ phase: "waiting", since: clock.now(), until: clock.now() + waitMs });
      try {
        await this.#wait(waitMs, signal);
        waitMs = await this.#verify(this.#calls.answer(), signal);
        reported = this.#failures > 0;
      } catch (error) {
        if (signal.aborted) break;
        throw error;
      }
    }
    this.#tell({ phase: "stopped", since: clock.now() });
  }

  /** Until the next verification is due, or may begin because it was asked for. */
  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const due = clock.monotonic() + ms;
    // Whoever failed waits as long as the API server was promised.
    const heeded = this.#failures > 0 ? (["now"] as const) : (["now", "soon"] as const);
    if ((await this.#calls.during(clock.sleep.bind(clock, ms), heeded, signal)) !== "soon") return;
    const now = clock.monotonic();
    const left = Math.max(0, Math.min(due - now, this.#pace.soonMs(now)));
    this.#tell({ phase: "waiting", since: clock.now(), until: clock.now() + left });
    await this.#calls.during(clock.sleep.bind(clock, left), ["now"], signal);
  }

  /**
   * One verification; returns how long to wait for the next. Rejects when `signal` aborts, or the store is final.
   *
   * @param soon It was asked for out of turn.
   */
  async #verify(soon: boolean, signal: AbortSignal): Promise<number> {
    const { sink, clock, random } = this.#options;
    const { epoch } = sink;
    const before = this.#report;
    let started = false;
    try {
      // Snapshots must not pile up before a store that does not take them.
      await sink.caughtUp(signal);
      // Versions that cannot be ordered verify nothing; the streamer lists such a resource by itself.
      if (!sink.comparable) return this.#pace.everyMs * (0.5 + random());
      this.#tell({ phase: "listing", since: clock.now() });
      started = true;
      const { missed } = sink;
      const outcome = await this.#round(signal);
      this.#failures = 0;
      this.#report = { ...this.#report, progress: undefined };
      return await this.#ended(outcome, { before, missed, soon }, signal);
    } catch (error) {
      if (started) sink.offer([{ type: "verification-abandoned", epoch }]);
      signal.throwIfAborted();
      if (isFinal(error)) throw error;
      return this.#failed(error, before);
    }
  }

  async #round(signal: AbortSignal): Promise<RoundOutcome | undefined> {
    const { sink, clock, onReport } = this.#options;
    const view = await sink.freeze(signal);
    if (view.epoch !== this.#epoch) this.#forget(view.epoch);
    const outcome = await verifyRound(
      {
        ...this.#options,
        listWatch: this.#listWatch,
        signal,
        modes: this.#modes,
        sampler: this.#sampler,
        lies: this.#lies,
        samples: this.#pace.samples(clock.monotonic()),
        doubted: this.#doubted,
        latest: this.#standsStill(view),
        inFull: this.#inFull,
        onProgress: (progress) => {
          this.#report = { ...this.#report, progress, lastContact: clock.now() };
          onReport(this.#report);
        },
      },
      view,
    );
    this.#lastPosition = view.position;
    // A history that restarted meanwhile has nothing to do with this list.
    if (outcome === undefined || sink.epoch !== view.epoch || !sink.comparable) {
      sink.offer([{ type: "verification-abandoned", epoch: view.epoch }]);
      return undefined;
    }
    this.#inFull = false;
    const { input, behind, doubted } = outcome;
    this.#doubted = doubted;
    sink.offer([input]);
    this.#report = { ...this.#report, snapshots: this.#report.snapshots + 1, mode: input.mode };
    this.#tellContradicted(input.contradicted ?? []);
    if (behind) this.#options.onBehind?.();
    if (outcome.foreign && this.#foreign) this.#options.onForeign?.();
    this.#foreign = outcome.foreign && !this.#foreign;
    return outcome;
  }

  /** What was learnt of another history of the cluster says nothing of this one. */
  #forget(epoch: number): void {
    this.#epoch = epoch;
    this.#lies.clear();
    this.#contradicted = new Set();
    this.#doubted = new Set();
    this.#lastPosition = undefined;
    this.#foreign = false;
  }

  /** A stream that has not moved since the last time, or not been heard for long, vouches for nothing newer. */
  #standsStill({ position, horizon, heardAt }: FrozenView): boolean {
    if (position === undefined || position === this.#lastPosition) return true;
    // What is settled already lies ahead of it.
    if (horizon !== undefined && compareResourceVersions(horizon, position) > 0) return true;
    return heardAt !== undefined && this.#options.clock.now() - heardAt > DECIDED_MS;
  }

  /** Warns of what is new; a list that shows the same ghost each time is told once. */
  #tellContradicted(keys: readonly ObjectKey[]): void {
    const fresh = keys.filter((key) => !this.#contradicted.has(key));
    this.#contradicted = new Set(keys);
    if (fresh.length === 0) return;
    this.#options.logger.warn(
      { objects: fresh.length, examples: fresh.slice(0, 5) },
      "a list of the API server contradicts the objects themselves; they are believed",
    );
  }

  /** Waits until the merge can have decided, and chooses the next wait by what it found. */
  async #ended(
    outcome: RoundOutcome | undefined,
    began: { readonly before: VerifierReport; readonly missed: number; readonly soon: boolean },
    signal: AbortSignal,
  ): Promise<number> {
    const { sink, clock, random } = this.#options;
    const { samples = 0, suspects = 0, sampled = false, until } = outcome ?? {};
    if (until !== undefined) {
      this.#tell({ phase: "waiting", since: clock.now(), until: clock.now() + DECIDED_MS });
      const passed = async (options: { readonly signal: AbortSignal }): Promise<unknown> =>
        sink.passed(until, DECIDED_MS, options.signal);
      // What was asked for meanwhile is due at once.
      if ((await this.#calls.during(passed, ["now"], signal)) === "now") this.#calls.now();
    }
    await sink.caughtUp(signal);
    const found = Math.max(0, sink.missed - began.missed);
    const result: RoundResult =
      outcome === undefined ? "undecided" : suspects > 0 || found > 0 ? "drift" : "consistent";
    return this.#pace.ended(
      {
        result,
        requests: this.#report.requests - began.before.requests,
        samples,
        sampled: sampled || found > suspects,
        soon: began.soon,
      },
      clock.monotonic(),
      random(),
    );
  }

  #failed(error: unknown, before: VerifierReport): number {
    const { clock, random, everyMs, logger, telemetry = noTelemetry, backoff = DEFAULT_BACKOFF } = this.#options;
    this.#failures++;
    const mode = this.#report.mode ?? modeOf({ exact: true, metadata: true });
    telemetry.add("krm_verifications_total", { result: "error", mode });
    this.#report = { ...this.#report, failures: this.#report.failures + 1, progress: undefined };
    const soonest = this.#pace.spend(this.#report.requests - before.requests, clock.monotonic());
    const trouble = classify(error);
    const since = clock.now();
    const report = errorReport(error);
    if (trouble.type === "poll") {
      const ms = Math.max(soonest, everyMs);
      this.#tell({ phase: "waiting", since, until: since + ms });
      return ms;
    }
    if (trouble.type === "blocked") {
      const ms = Math.max(soonest, Math.round(backoff.probeMs * (1 + random() / 2)));
      this.#tell({ phase: "blocked", since, until: since + ms, reason: trouble.reason, error: report });
      return ms;
    }
    const retryAfterMs = trouble.type === "retry" ? trouble.retryAfterMs : undefined;
    const ms = Math.max(soonest, backoffMs(this.#failures, random(), retryAfterMs, backoff));
    logger.warn({ err: error, retryInMs: ms }, "the API server did not serve the verification");
    this.#tell({ phase: "backing-off", since, until: since + ms, attempt: this.#failures, error: report });
    return ms;
  }

  #tell(state: RolePhase): void {
    const clock = reportClock(this.#listWatch, this.#options.telemetry ?? noTelemetry);
    this.#report = { ...this.#report, state, clock };
    this.#options.onReport(this.#report);
  }
}
