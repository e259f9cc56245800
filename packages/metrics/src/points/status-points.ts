import type { MissedEvent, ScopeStatus, VerificationLedger } from "@krm/core";
import type { CollectorReport } from "../collect/collector-counters.ts";
import { line } from "../influx/line-protocol.ts";
import { namedTime, sampleTime } from "./point-time.ts";
import type { Tags } from "./scope-tags.ts";

/** How a scope is, sampled. */
export const SCOPE_MEASUREMENT = "krm_scope";
/** What verification has found until now, sampled: counters that only grow. */
export const VERIFICATION_MEASUREMENT = "krm_verification";
/** One point for each missed event. */
export const DRIFT_MEASUREMENT = "krm_drift";

/** How the collector is, sampled: whether the figures are whole. */
export const COLLECTOR_MEASUREMENT = "krm_collector";

/** What became of points, as far as a writer tells. */
export interface WrittenReport {
  readonly written: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly dropped: number;
}

/** The point of a collector's sample; counts since its start. */
export function collectorPoint(
  report: CollectorReport,
  points: WrittenReport | undefined,
  at: number,
  tags: Tags,
): string {
  const { delays, unmeasured, negative, gaps, scopes, failing } = report;
  const refused = points && Object.values(points.refused).reduce((sum, count) => sum + count, 0);
  const fields = {
    scopes: integer(scopes),
    failing: integer(failing),
    delays: integer(delays),
    unmeasured: integer(unmeasured),
    negative: integer(negative),
    gaps: integer(gaps),
    written: integer(points?.written),
    refused: integer(refused),
    dropped: integer(points?.dropped),
  };
  return line(COLLECTOR_MEASUREMENT, tags, fields, sampleTime(at)) ?? "";
}

/** The points of a sample. `at`: wall clock, epoch milliseconds. Ages are seconds. */
export function statusPoints({ state, view, reports }: ScopeStatus, at: number, tags: Tags): readonly string[] {
  const { streamer, merger } = reports;
  const age = (since: number | undefined): number => (since === undefined ? Number.NaN : (at - since) / 1000);
  const clock = streamer?.clock ?? reports.verifier?.clock;
  const fields = {
    state,
    objects: { integer: view.objects },
    bytes: { integer: view.bytes },
    verified_age: age(view.verifiedAt),
    contact_age: age(view.lastContact),
    silence: age(streamer?.silentSince),
    phase: streamer?.state.phase ?? "",
    events: integer(streamer?.events),
    watches: integer(streamer?.watches),
    stalls: integer(streamer?.stalls),
    queued: integer(merger?.queued),
    clock_offset_low: clock === undefined ? Number.NaN : clock.lowMs / 1000,
    clock_offset_high: clock === undefined ? Number.NaN : clock.highMs / 1000,
    event_loop_p99: streamer?.eventLoop === undefined ? Number.NaN : streamer.eventLoop.p99Ms / 1000,
    event_loop_max: streamer?.eventLoop === undefined ? Number.NaN : streamer.eventLoop.maxMs / 1000,
  };
  const points = [line(SCOPE_MEASUREMENT, tags, fields, sampleTime(at))];
  if (merger !== undefined) points.push(line(VERIFICATION_MEASUREMENT, tags, ledgerFields(merger), sampleTime(at)));
  return points.flatMap((point) => point ?? []);
}

/**
 * One missed event: tags `type` and `cause`, fields `exposure` (seconds, at most), `object` (`namespace/name`) and
 * `version` (the verified version at which it stood). The same event always gives the same point.
 */
export function driftPoint(missed: MissedEvent, tags: Tags): string {
  const { type, cause, key, horizon, foundAt, exposedMs } = missed;
  const fields = { exposure: exposedMs / 1000, object: key, version: horizon };
  const time = namedTime(foundAt, `${key} ${type} ${horizon}`);
  return line(DRIFT_MEASUREMENT, { ...tags, type, cause }, fields, time) ?? "";
}

function ledgerFields(ledger: VerificationLedger): Record<string, number | { readonly integer: number }> {
  const { verifications, missed, exposure, repairs, resynced, contradictions, pending } = ledger;
  const results = Object.entries(verifications).map(([result, count]) => [result, { integer: count }] as const);
  const sum = Object.values(missed).reduce((all, of) => all + Object.values(of).reduce((a, b) => a + b, 0), 0);
  const upstream = Object.values(missed.upstream).reduce((a, b) => a + b, 0);
  return {
    ...Object.fromEntries(results),
    missed: { integer: sum },
    missed_upstream: { integer: upstream },
    exposure_total: exposure.totalMs / 1000,
    exposure_longest: exposure.longestMs / 1000,
    repairs: { integer: repairs },
    resynced: { integer: resynced },
    contradictions: { integer: contradictions },
    pending: { integer: pending },
  };
}

function integer(value: number | undefined): number | { readonly integer: number } {
  return value === undefined ? Number.NaN : { integer: value };
}
