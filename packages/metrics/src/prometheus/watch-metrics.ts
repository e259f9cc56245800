import type { Scope } from "@krm/core";
import { SCOPE_LABELS } from "./metric-facts.ts";
import { labelsOfScope } from "./scope-metric.ts";
import type { Sample, ScrapedMetric } from "./scraped-metric.ts";

/** The watches of one scope that a server serves. */
export interface MeasuredWatches {
  readonly scope: Scope;
  readonly open: number;
  /** How many have ended, by how; every way there is, those included that have not happened. */
  readonly ended: Readonly<Record<string, number>>;
  /** Frames of events that were made. */
  readonly framed: number;
}

/** What is read off the watches of a server. */
export const WATCH_METRICS: readonly ScrapedMetric<readonly MeasuredWatches[]>[] = [
  ofScopes("gauge", "krm_watches_open", "Watches of readers that are open.", [], ({ open }) => [
    { labels: {}, value: open },
  ]),
  ofScopes(
    "counter",
    "krm_watches_ended_total",
    "Watches of readers that have ended, by how: timeout, left, slow, expired, too-new, revoked, stopped or failed.",
    ["reason"],
    ({ ended }) => Object.entries(ended).map(([reason, value]) => ({ labels: { reason }, value })),
  ),
  ofScopes(
    "counter",
    "krm_watches_frames_total",
    "Frames of events that were made for watches of readers; what many are told alike is made once.",
    [],
    ({ framed }) => [{ labels: {}, value: framed }],
  ),
];

function ofScopes(
  type: "counter" | "gauge",
  name: string,
  help: string,
  labels: readonly string[],
  read: (watches: MeasuredWatches) => readonly Sample[],
): ScrapedMetric<readonly MeasuredWatches[]> {
  return {
    type,
    name,
    help,
    labels: [...SCOPE_LABELS, ...labels],
    read: (all) =>
      all.flatMap((watches) => {
        const scope = labelsOfScope(watches.scope);
        return read(watches).map(({ labels, value }) => ({ labels: { ...scope, ...labels }, value }));
      }),
  };
}
