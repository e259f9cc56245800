import { isResourceVersion, type RolePhase, ROLES, type ScopeState } from "@krm/core";
import type { Registry } from "prom-client";
import { LEDGER_METRICS } from "./ledger-metrics.ts";
import { oneOf, scopeMetric, scopeSeries } from "./scope-metric.ts";
import { registerScraped, type ScrapedMetric } from "./scraped-metric.ts";
import { type MeasuredViews, type SeenViews, ViewReader } from "./view-reader.ts";

/** An object, so that the compiler tells when one is missing. Best to worst. */
const STATES: Readonly<Record<ScopeState, true>> = {
  synced: true,
  "snapshot-only": true,
  stale: true,
  syncing: true,
  gone: true,
  forbidden: true,
  failed: true,
};

const PHASES: Readonly<Record<RolePhase["phase"], true>> = {
  idle: true,
  listing: true,
  connecting: true,
  watching: true,
  waiting: true,
  polling: true,
  "backing-off": true,
  blocked: true,
  stopped: true,
};

const ALL_STATES = Object.keys(STATES) as ScopeState[];
const ALL_PHASES = Object.keys(PHASES) as RolePhase["phase"][];

/** How many of a version's last digits a gauge shows: a double holds all integers up to 2^53, which has 16. */
const DIGITS = 15;

/** What is read off the views of a store. */
export const VIEW_METRICS: readonly ScrapedMetric<SeenViews>[] = [
  scopeMetric("gauge", "krm_view_objects", "Objects in the view.", ({ view }) => view.objects),
  scopeMetric("gauge", "krm_view_bytes", "Size of the view's objects as they are kept.", ({ view }) => view.bytes),
  scopeMetric(
    "gauge",
    "krm_view_epoch",
    "Histories of the cluster that were seen before this one; it rises when the cluster was restored to an older state.",
    ({ view }) => view.epoch,
  ),
  scopeMetric(
    "gauge",
    "krm_view_resource_version",
    "The resourceVersion of the view, modulo 1e15; left out before the first list, and where it is no number.",
    ({ view }) => lastDigits(view.version),
  ),
  scopeMetric(
    "gauge",
    "krm_view_verified_resource_version",
    "The resourceVersion up to which the view is verified, modulo 1e15; left out where it never was, or is no number.",
    ({ view }) => lastDigits(view.horizon),
  ),
  scopeMetric(
    "gauge",
    "krm_view_verified_age_seconds",
    "How long ago that was asked for which the view is verified with; left out: it never was.",
    ({ view }, now) => secondsSince(view.verifiedAt, now),
  ),
  scopeMetric(
    "gauge",
    "krm_view_last_contact_age_seconds",
    "How long ago the API server said what is in the view, or that it had nothing to say; left out: it never did.",
    ({ view }, now) => secondsSince(view.lastContact, now),
  ),
  scopeSeries(
    "gauge",
    "krm_scope_state",
    "1 for how far the view can be trusted: synced, snapshot-only, stale, syncing, gone, forbidden or failed.",
    ["state"],
    ({ state }) => oneOf("state", ALL_STATES, state),
  ),
  scopeSeries(
    "gauge",
    "krm_role_held",
    "1 where some process has the role; left out where the store does not say.",
    ["role"],
    ({ reports: { held } }) =>
      held === undefined ? [] : ROLES.map((role) => ({ labels: { role }, value: held.includes(role) ? 1 : 0 })),
  ),
  scopeSeries(
    "gauge",
    "krm_streamer_phase",
    "1 for what the streamer told last that it does, whichever process has the role.",
    ["phase"],
    ({ reports: { streamer } }) => (streamer === undefined ? [] : oneOf("phase", ALL_PHASES, streamer.state.phase)),
  ),
  scopeSeries(
    "gauge",
    "krm_verifier_phase",
    "1 for what the verifier told last that it does, whichever process has the role.",
    ["phase"],
    ({ reports: { verifier } }) => (verifier === undefined ? [] : oneOf("phase", ALL_PHASES, verifier.state.phase)),
  ),
];

/** How often that was in vain. */
export const VIEW_READ_ERRORS: ScrapedMetric<ViewReader> = {
  type: "counter",
  name: "krm_view_read_errors_total",
  help: "Scopes that a scrape could not read, so that what is told of their views is left out of it.",
  labels: [],
  read: ({ errors }) => [{ labels: {}, value: errors }],
};

/**
 * Adds what is read off the views of a store, and the drift ledger that stands there. Each scrape reads every scope once;
 * one that cannot be read within three seconds is left out of it and counted.
 *
 * @example
 * registerViewMetrics(registry, { store: monitor.store, scopes: monitor.scopes });
 */
export function registerViewMetrics(registry: Registry, views: MeasuredViews): void {
  const reader = new ViewReader(views);
  registerScraped(registry, [...VIEW_METRICS, ...LEDGER_METRICS], async () => reader.look());
  registerScraped(registry, [VIEW_READ_ERRORS], async () => {
    await reader.look();
    return reader;
  });
}

/** The end of a version is all that a gauge can show, and enough to see two of them move. */
function lastDigits(version: string | undefined): number | undefined {
  return version !== undefined && isResourceVersion(version) ? Number(version.slice(-DIGITS)) : undefined;
}

/** A clock that is a little behind must not make it negative. */
function secondsSince(at: number | undefined, now: number): number | undefined {
  return at === undefined ? undefined : Math.max(0, now - at) / 1000;
}
