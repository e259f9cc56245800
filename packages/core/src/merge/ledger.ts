import { DESYNC_CAUSES } from "../monitor/role-status.ts";
import { DRIFT_TYPES, type Drift, type DriftCause, type DriftType, type MissedEvent } from "./drift.ts";
import {
  type DecidedVerdict,
  isVerification,
  VERIFICATION_MODES,
  type Verdict,
  type VerificationMode,
} from "./merge-input.ts";

/**
 * What verification has found in a scope, since its state began. Written with the view it belongs to, so that it goes
 * on where it was when another process takes over.
 */
export interface VerificationLedger {
  /** Verifications, by how they ended. */
  readonly verifications: Readonly<Record<Verdict["result"], number>>;
  /** Verifications, by how the cluster was listed. */
  readonly modes: Readonly<Record<VerificationMode, number>>;
  /** Missed events, by what hid them and by type. */
  readonly missed: Readonly<Record<DriftCause, Readonly<Record<DriftType, number>>>>;
  /** For how long readers could see what missed events had changed, at most: all together, and the longest. Milliseconds. */
  readonly exposure: { readonly totalMs: number; readonly longestMs: number };
  /** Changes of the view that a verification made. */
  readonly repairs: number;
  /** Verifications that wait for the stream to pass their horizon, or that of an object they asked for by name. */
  readonly pending: number;
  /** Objects that the streamer's own relists changed: what known gaps had hidden. */
  readonly resynced: number;
  readonly lastDriftAt: number | undefined;
  /** The newest missed events, newest last; at most 100. */
  readonly recent: readonly MissedEvent[];
  /** Objects of which a list told an older state than the stream, or another one than the object itself. */
  readonly contradictions: number;
}

function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
}

/** All of {@link DriftCause}. */
export const DRIFT_CAUSES: readonly DriftCause[] = ["upstream", ...DESYNC_CAUSES];

/** A ledger in which nothing stands yet. */
export const EMPTY_LEDGER: VerificationLedger = {
  verifications: { consistent: 0, drift: 0, lag: 0, stale: 0, inconclusive: 0 },
  modes: zeros(VERIFICATION_MODES),
  missed: Object.fromEntries(DRIFT_CAUSES.map((cause) => [cause, zeros(DRIFT_TYPES)])) as Record<
    DriftCause,
    Record<DriftType, number>
  >,
  exposure: { totalMs: 0, longestMs: 0 },
  repairs: 0,
  pending: 0,
  resynced: 0,
  lastDriftAt: undefined,
  recent: [],
  contradictions: 0,
};

/** Missed events that are remembered one by one. */
const RECENT = 100;

/** What is known of the time before a verdict. Wall clock, epoch milliseconds. */
export interface VerdictTimes {
  readonly now: number;
  /** When the view was verified before: what was missed since was right until then. Undefined: never. */
  readonly verifiedBefore: number | undefined;
}

/** How long a missed event was exposed. */
export function missedEvent(drift: Drift, { now, verifiedBefore = now }: VerdictTimes): MissedEvent {
  const changed = drift.changedAt === undefined ? Number.NaN : Date.parse(drift.changedAt);
  // A clock that is off must not make it longer than it can have been.
  const known = changed >= verifiedBefore && changed <= now;
  const from = known ? changed : verifiedBefore;
  return { ...drift, foundAt: now, exposedMs: Math.max(0, now - from), exposedSince: known ? "changed" : "verified" };
}

/** Adds decided verifications and resyncs. `now`: wall clock, epoch milliseconds. */
export function addVerdicts(
  ledger: VerificationLedger,
  verdicts: readonly DecidedVerdict[],
  now: number,
): VerificationLedger {
  if (verdicts.length === 0) return ledger;
  const verifications = { ...ledger.verifications };
  const modes = { ...ledger.modes };
  for (const { result, mode } of verdicts) {
    if (!isVerification(mode)) continue;
    verifications[result]++;
    modes[mode]++;
  }
  const found = verdicts.flatMap(({ drift }) => drift);
  if (found.length === 0) return { ...ledger, verifications, modes };
  const missed: Record<DriftCause, Record<DriftType, number>> = { ...ledger.missed };
  let { totalMs, longestMs } = ledger.exposure;
  for (const { cause, type, exposedMs } of found) {
    missed[cause] = { ...missed[cause], [type]: missed[cause][type] + 1 };
    totalMs += exposedMs;
    longestMs = Math.max(longestMs, exposedMs);
  }
  const recent = [...ledger.recent, ...found.slice(-RECENT)].slice(-RECENT);
  const exposure = { totalMs, longestMs };
  return { ...ledger, verifications, modes, missed, exposure, recent, lastDriftAt: now };
}

/** Missed events by type, whatever hid them. */
export function missedByType({ missed }: Pick<VerificationLedger, "missed">): Readonly<Record<DriftType, number>> {
  const sum: Record<DriftType, number> = zeros(DRIFT_TYPES);
  for (const of of Object.values(missed)) for (const type of DRIFT_TYPES) sum[type] += of[type];
  return sum;
}

/** The stream missed something although no gap is known: its watch is not to be trusted. */
export function blamesTheWatch({ drift }: Pick<DecidedVerdict, "drift">): boolean {
  return drift.some(({ cause }) => cause === "upstream");
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
