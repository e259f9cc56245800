import { type MergerReport, missedByType, type MissedEvent, type Shown } from "@krm/core";
import type { MergerStatus, MissedEventStatus, ShownStatus } from "@krm/protocol";
import { time } from "./time.ts";

/** What `/status` tells of a merger and of what verification has found. */
export function mergerBody(report: MergerReport): MergerStatus {
  const { exposure } = report;
  return {
    verifications: report.verifications,
    modes: report.modes,
    missed: missedByType(report),
    missedByCause: Object.fromEntries(Object.entries(report.missed).filter(([, types]) => hasAny(types))),
    exposure: { totalSeconds: exposure.totalMs / 1000, longestSeconds: exposure.longestMs / 1000 },
    repairs: report.repairs,
    pending: report.pending,
    resynced: report.resynced,
    late: report.late,
    contradictions: report.contradictions,
    queued: report.queued,
    ...(report.lastDriftAt === undefined ? {} : { lastDriftAt: time(report.lastDriftAt) }),
    recent: report.recent.map(missedBody),
  };
}

function hasAny(counts: Readonly<Record<string, number>>): boolean {
  return Object.values(counts).some((count) => count > 0);
}

function missedBody(missed: MissedEvent): MissedEventStatus {
  const { shown, actual } = missed;
  return {
    key: missed.key,
    type: missed.type,
    cause: missed.cause,
    horizon: missed.horizon,
    ...(shown === undefined ? {} : { shown: shownBody(shown) }),
    ...(actual === undefined ? {} : { actual: shownBody(actual) }),
    foundAt: time(missed.foundAt),
    exposedSeconds: missed.exposedMs / 1000,
    exposedSince: missed.exposedSince,
  };
}

function shownBody({ uid, resourceVersion }: Shown): ShownStatus {
  return { uid, resourceVersion };
}
