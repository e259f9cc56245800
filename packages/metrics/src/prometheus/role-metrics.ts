import {
  type MergerReport,
  type Role,
  type RoleReports,
  type Scope,
  scopeId,
  type Standing,
  type StreamerReport,
  type VerifierReport,
} from "@krm/core";
import type { Registry } from "prom-client";
import { SCOPE_LABELS } from "./metric-facts.ts";
import { labelsOfScope } from "./scope-metric.ts";
import { registerScraped, type Sample, type ScrapedMetric } from "./scraped-metric.ts";

/** One role of one scope, as far as it is measured. */
export interface RoleAtWork {
  readonly role: Role;
  readonly scope: Scope;
  /** Undefined: not asked for yet. */
  readonly standing: Standing | undefined;
  /** Undefined: this process does not have, and never had, the role. */
  readonly report: RoleReports[Role] | undefined;
  /** Inputs that are not written yet. */
  readonly queued: number;
}

/** What the metrics are read off. */
export interface MeasuredRoles {
  readonly roles: readonly RoleAtWork[];
  readonly store: {
    /** For how long the store has not done what it was asked for a scope (`scopeId`), in seconds; 0: it does. */
    failingSeconds(scope: string): number;
  };
}

const STANDINGS: readonly Standing[] = ["holding", "standing-by", "waiting-for-store"];

/**
 * Adds what is read off the reports of roles, beside what they measure themselves (`Telemetry` of core). Counters are of
 * this process.
 */
export function registerRoleMetrics(registry: Registry, kinds: readonly Role[], of: MeasuredRoles): void {
  registerScraped(registry, [...ROLE_METRICS, ...kinds.flatMap((kind) => OWN_ROLE_METRICS[kind])], () => of);
}

/** What is told of every role. */
export const ROLE_METRICS: readonly ScrapedMetric<MeasuredRoles>[] = [
  {
    type: "gauge",
    name: "krm_role_standing",
    help: "1 for how this process stands to the role of a scope: holding, standing-by or waiting-for-store.",
    labels: ["role", "scope", "standing"],
    read: ({ roles }) =>
      roles.flatMap(({ role, scope, standing }) =>
        STANDINGS.map((each) => ({
          labels: { role, scope: scopeId(scope), standing: each },
          value: each === standing ? 1 : 0,
        })),
      ),
  },
  {
    type: "gauge",
    name: "krm_role_queued",
    help: "Inputs that wait to be written to the store.",
    labels: ["role", ...SCOPE_LABELS],
    read: ({ roles }) =>
      roles.map((each) => ({ labels: { role: each.role, ...labelsOfScope(each.scope) }, value: each.queued })),
  },
  {
    type: "gauge",
    name: "krm_store_failing_seconds",
    help: "For how long the store has not done what it was asked, in seconds; 0: it does.",
    labels: SCOPE_LABELS,
    read: ({ roles, store }) =>
      roles.map(({ scope }) => ({ labels: labelsOfScope(scope), value: store.failingSeconds(scopeId(scope)) })),
  },
];

/** What is told of one role alone. */
export const OWN_ROLE_METRICS: Readonly<Record<Role, readonly ScrapedMetric<MeasuredRoles>[]>> = {
  streamer: [
    streamer("krm_streamer_events_total", "Events received from the API server.", ({ events }) => events),
    streamer("krm_streamer_bookmarks_total", "Bookmarks received from the API server.", ({ bookmarks }) => bookmarks),
    streamer("krm_streamer_lists_total", "Lists of the whole scope, completed.", ({ lists }) => lists),
    streamer("krm_streamer_watches_total", "Watches opened.", ({ watches }) => watches),
    streamer("krm_streamer_failures_total", "Lists and watches that failed.", ({ failures }) => failures),
  ],
  verifier: [
    verifier(
      "krm_verifier_snapshots_total",
      "Verifications handed over to the merger, decided or not.",
      ({ snapshots }) => snapshots,
    ),
    verifier("krm_verifier_failures_total", "Verifications that failed.", ({ failures }) => failures),
  ],
  merger: [
    merger("krm_merger_late_total", "Observations that came when they were settled already.", ({ late }) => late),
  ],
};

function streamer(name: string, help: string, read: (report: StreamerReport) => number): ScrapedMetric<MeasuredRoles> {
  return counter("streamer", name, help, read);
}

function verifier(name: string, help: string, read: (report: VerifierReport) => number): ScrapedMetric<MeasuredRoles> {
  return counter("verifier", name, help, read);
}

function merger(name: string, help: string, read: (report: MergerReport) => number): ScrapedMetric<MeasuredRoles> {
  return counter("merger", name, help, read);
}

function counter<R extends Role>(
  role: R,
  name: string,
  help: string,
  read: (report: RoleReports[R]) => number,
): ScrapedMetric<MeasuredRoles> {
  return {
    type: "counter",
    name,
    help,
    labels: SCOPE_LABELS,
    read: (of) => reported(role, of).map(({ labels, report }) => ({ labels, value: read(report) })),
  };
}

/** The scopes whose role this process has, or had. */
function reported<R extends Role>(
  role: R,
  { roles }: MeasuredRoles,
): readonly { readonly labels: Sample["labels"]; readonly report: RoleReports[R] }[] {
  return roles.flatMap((each) => {
    // The compiler cannot see that a role's report is of that role.
    const report = each.role === role ? (each.report as RoleReports[R] | undefined) : undefined;
    return report === undefined ? [] : [{ labels: labelsOfScope(each.scope), report }];
  });
}
