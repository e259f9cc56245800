import type { Drift, DriftType } from "./drift.ts";
import type { Verdict } from "./merge-input.ts";

/**
 * What verification has found in a scope, since its state began. Written with the view it belongs to, so that it goes
 * on where it was when another process takes over.
 */
export interface VerificationLedger {
  /** Verifications, by how they ended. */
  readonly verifications: Readonly<Record<Verdict["result"], number>>;
  /** Missed events, by type. */
  readonly missed: Readonly<Record<DriftType, number>>;
  /** Verifications that wait for the stream to pass their horizon. */
  readonly pending: number;
  /** Objects that the streamer's own relists changed: what known gaps had hidden. */
  readonly resynced: number;
  readonly lastDriftAt: number | undefined;
  /** The newest missed events, newest last; at most 100. */
  readonly recent: readonly Drift[];
  /** Lists that held an older version of an object than the stream had shown at or below their version. */
  readonly contradictions: number;
}

/** A ledger in which nothing stands yet. */
export const EMPTY_LEDGER: VerificationLedger = {
  verifications: { consistent: 0, drift: 0, lag: 0, stale: 0, inconclusive: 0 },
  missed: { added: 0, modified: 0, deleted: 0, recreated: 0 },
  pending: 0,
  resynced: 0,
  lastDriftAt: undefined,
  recent: [],
  contradictions: 0,
};

/** Missed events that are remembered one by one. */
const RECENT = 100;

/** Adds decided verifications. `now`: wall clock, epoch milliseconds. */
export function addVerdicts(ledger: VerificationLedger, verdicts: readonly Verdict[], now: number): VerificationLedger {
  if (verdicts.length === 0) return ledger;
  const drift = verdicts.flatMap((verdict) => verdict.drift);
  const verifications = { ...ledger.verifications };
  for (const { result } of verdicts) verifications[result]++;
  const missed: Record<DriftType, number> = { ...ledger.missed };
  for (const { type } of drift) missed[type]++;
  const recent = [...ledger.recent, ...drift].slice(-RECENT);
  return { ...ledger, verifications, missed, recent, lastDriftAt: drift.length > 0 ? now : ledger.lastDriftAt };
}

/** What another process had left undecided cannot be decided any more: its comparison is lost. */
export function abandonPending(ledger: VerificationLedger): VerificationLedger {
  if (ledger.pending === 0) return ledger;
  const { verifications, pending } = ledger;
  return {
    ...ledger,
    pending: 0,
    verifications: { ...verifications, inconclusive: verifications.inconclusive + pending },
  };
}
