import { durationToHuman } from "@krm/apimachinery";
import type { MissedEventStatus, ScopeStatusBody } from "@krm/client";
import { exposureText } from "../../monitoring/missed-text.ts";
import { alignColumns } from "../../text/columns.ts";

/** Missed events that are named, over all scopes. */
const NEWEST = 10;

/** For each scope of which something was missed: what, why, and for how long readers could see it. */
export function driftLines(scopes: readonly ScopeStatusBody[]): string[] {
  return scopes.flatMap(({ name, namespace, merger }) => {
    if (merger === undefined) return [];
    const types = countsText(merger.missed);
    if (types === "") return [];
    const causes = Object.entries(merger.missedByCause).map(([cause, of]) => [cause, sumOf(of)] as const);
    const { totalSeconds, longestSeconds } = merger.exposure;
    return [
      `${namespace === undefined ? name : `${name} in ${namespace}`}: missed ${types}`,
      `  cause: ${countsText(Object.fromEntries(causes))}`,
      `  exposed: ${seconds(totalSeconds)} in all, ${seconds(longestSeconds)} at the longest`,
    ];
  });
}

/** The newest missed events, newest first, with the object's name last: whatever its length, it stands there whole. */
export function missedLines(scopes: readonly ScopeStatusBody[], now: number): string[] {
  const newest = scopes
    .flatMap(({ name, merger }) => (merger?.recent ?? []).map((missed) => ({ name, missed })))
    .toSorted((a, b) => (a.missed.foundAt < b.missed.foundAt ? 1 : a.missed.foundAt > b.missed.foundAt ? -1 : 0))
    .slice(0, NEWEST);
  if (newest.length === 0) return [];
  return alignColumns([
    ["FOUND", "MISSED", "EXPOSED", "CAUSE", "OBJECT"],
    ...newest.map(({ name, missed }) => missedRow(name, missed, now)),
  ]);
}

function missedRow(resource: string, missed: MissedEventStatus, now: number): string[] {
  const found = durationToHuman(Math.max(0, now - Date.parse(missed.foundAt)));
  const exposed = exposureText(missed.exposedSeconds * 1000);
  return [`${found} ago`, missed.type, exposed, missed.cause, `${resource} ${missed.key}`];
}

/** `3 deleted, 1 modified`: the most first, zeros left out. */
function countsText(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function seconds(count: number): string {
  return count > 0 && count < 1 ? "less than 1s" : durationToHuman(Math.ceil(count) * 1000);
}
