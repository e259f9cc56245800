import type { ResourceVersion } from "../model/resource-version.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Drift } from "./drift.ts";
import { abandonPending, addVerdicts, EMPTY_LEDGER, missedEvent, type VerificationLedger } from "./ledger.ts";
import type { DecidedVerdict, MergeInput, Step, Verdict } from "./merge-input.ts";

/** What the ledger cannot see of an input. */
export interface Around {
  /** When the view was verified or listed before this input: wall clock, epoch milliseconds. */
  readonly verifiedBefore: number | undefined;
  /** There was a view before. */
  readonly hadView: boolean;
}

/** Lost events that are remembered, so that nothing counts them again. */
const LOST = 100;

/** Keeps the ledger of one scope, and measures what goes into it. */
export class LedgerKeeper {
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  #ledger: VerificationLedger;
  /** Key and version of the newest events that were told as lost: a verification finds them too. */
  readonly #lostVersions = new Set<string>();
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
    if (input.type === "lost") return this.#lost(input.drift, step.verdicts, verifiedBefore);
    return step.verdicts.map((verdict) => this.#decide(this.#withoutLost(verdict), verifiedBefore));
  }

  /** A verification may have found it before. */
  #lost({ key, actual }: Drift, verdicts: readonly Verdict[], verifiedBefore: number | undefined): DecidedVerdict[] {
    const version = actual?.resourceVersion;
    const { recent } = this.#ledger;
    if (recent.some((missed) => missed.key === key && missed.actual?.resourceVersion === version)) return [];
    this.#lostVersions.add(`${key} ${version}`);
    for (const oldest of this.#lostVersions) {
      if (this.#lostVersions.size <= LOST) break;
      this.#lostVersions.delete(oldest);
    }
    return verdicts.map((verdict) => this.#decide(verdict, verifiedBefore));
  }

  /** What was told as lost is not found a second time. */
  #withoutLost(verdict: Verdict): Verdict {
    const found = ({ key, actual }: Drift): boolean => this.#lostVersions.has(`${key} ${actual?.resourceVersion}`);
    if (this.#lostVersions.size === 0 || !verdict.drift.some(found)) return verdict;
    const drift = verdict.drift.filter((one) => !found(one));
    return { ...verdict, drift, result: drift.length > 0 ? "drift" : "consistent" };
  }

  #decide(verdict: Verdict, verifiedBefore: number | undefined): DecidedVerdict {
    const { horizon, mode, result } = verdict;
    const now = this.#clock.now();
    let before = verifiedBefore;
    if (mode !== "resync" && mode !== "by-name") {
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
