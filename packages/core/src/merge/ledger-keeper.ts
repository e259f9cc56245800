import type { ResourceVersion } from "../model/resource-version.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Drift } from "./drift.ts";
import { abandonPending, addVerdicts, EMPTY_LEDGER, missedEvent, type VerificationLedger } from "./ledger.ts";
import { type DecidedVerdict, isVerification, type MergeInput, type Step, type Verdict } from "./merge-input.ts";

/** What the ledger cannot see of an input. */
export interface Around {
  /** When the view was verified or listed before this input: wall clock, epoch milliseconds. */
  readonly verifiedBefore: number | undefined;
  /** There was a view before. */
  readonly hadView: boolean;
}

/** Keeps the ledger of one scope, and measures what goes into it. */
export class LedgerKeeper {
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  #ledger: VerificationLedger;
  /** When the cluster's history began anew, which gives the same versions to other writes: wall clock, epoch milliseconds. */
  #historySince = 0;
  /** For verifications that may be decided later: when the view was verified before them. */
  readonly #before = new Map<ResourceVersion, number | undefined>();

  constructor(ledger: VerificationLedger | undefined, clock: Clock, telemetry: Telemetry) {
    this.#ledger = abandonPending(ledger ?? EMPTY_LEDGER);
    this.#clock = clock;
    this.#telemetry = telemetry;
  }

  get ledger(): VerificationLedger {
    return this.#ledger;
  }

  /** Missed events, those that known gaps had hidden left out. */
  get missed(): number {
    return Object.values(this.#ledger.missed.upstream).reduce((sum, count) => sum + count, 0);
  }

  /** Adds what an input did, and gives its verdicts as they are in the ledger now. */
  add(input: MergeInput, step: Step, { verifiedBefore, hadView }: Around): DecidedVerdict[] {
    if (input.type === "verified") this.#before.set(input.snapshot.resourceVersion, verifiedBefore);
    const repairs = step.changes.reduce((sum, { origin }) => sum + (origin === "repair" ? 1 : 0), 0);
    const resynced = input.type === "relisted" && hadView ? step.changes.length : 0;
    if (repairs + resynced + step.contradictions > 0) {
      const { ledger } = this;
      this.#ledger = {
        ...ledger,
        repairs: ledger.repairs + repairs,
        resynced: ledger.resynced + resynced,
        contradictions: ledger.contradictions + step.contradictions,
      };
      if (repairs > 0) this.#telemetry.add("krm_repairs_total", { by: "verification" }, repairs);
      if (resynced > 0) this.#telemetry.add("krm_repairs_total", { by: "resync" }, resynced);
      if (step.contradictions > 0) this.#telemetry.add("krm_list_contradictions_total", {}, step.contradictions);
    }
    if (input.type === "epoch-reset") this.#historySince = this.#clock.now();
    return step.verdicts.flatMap((verdict) => {
      const news = this.#news(verdict);
      return news === undefined ? [] : this.#decide(news, verifiedBefore);
    });
  }

  /** What of a verdict the ledger does not hold yet. Undefined: it claims nothing else. */
  #news(verdict: Verdict): Verdict | undefined {
    const { mode } = verdict;
    const drift = verdict.drift.filter((one) => !this.#isKnown(one));
    if (drift.length === verdict.drift.length) return verdict;
    if (drift.length > 0) return { ...verdict, drift };
    return isVerification(mode) || mode === "resync" ? { ...verdict, drift, result: "consistent" } : undefined;
  }

  /**
   * An event that its writer told to be lost is found by a verification too, before or after, by this process or the one
   * before it.
   */
  #isKnown({ key, actual }: Drift): boolean {
    if (actual === undefined) return false;
    const { uid, resourceVersion } = actual;
    return this.#ledger.recent.some(
      ({ key: of, actual: was, foundAt }) =>
        of === key && was?.uid === uid && was.resourceVersion === resourceVersion && foundAt >= this.#historySince,
    );
  }

  #decide(verdict: Verdict, verifiedBefore: number | undefined): DecidedVerdict {
    const { horizon, mode, result } = verdict;
    const now = this.#clock.now();
    let before = verifiedBefore;
    if (isVerification(mode)) {
      if (this.#before.has(horizon)) before = this.#before.get(horizon);
      this.#before.delete(horizon);
      this.#telemetry.add("krm_verifications_total", { result, mode });
    }
    const drift = verdict.drift.map((one) => missedEvent(one, { now, verifiedBefore: before }));
    for (const { type, cause, exposedMs } of drift) {
      this.#telemetry.add("krm_missed_events_total", { type, cause });
      this.#telemetry.observe("krm_drift_exposure_seconds", { type, cause }, exposedMs / 1000);
    }
    const decided: DecidedVerdict = { ...verdict, drift };
    this.#ledger = addVerdicts(this.#ledger, [decided], now);
    return decided;
  }

  /** How many verifications wait. */
  pending(count: number): void {
    if (count === 0) this.#before.clear();
    if (this.#ledger.pending !== count) this.#ledger = { ...this.#ledger, pending: count };
  }
}
