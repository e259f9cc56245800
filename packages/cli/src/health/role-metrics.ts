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
import { Counter, Gauge, type Registry } from "prom-client";
import type { StoreHealth } from "../stores/store-health.ts";

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
  readonly store: Pick<StoreHealth, "failingSeconds">;
}

/** One series. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric, read when it is asked for. */
interface Metric {
  readonly type: "counter" | "gauge";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (of: MeasuredRoles) => readonly Sample[];
}

const SCOPE_LABELS = ["resource", "namespace"];
const STANDINGS: readonly Standing[] = ["holding", "standing-by", "waiting-for-store"];

/**
 * Adds what is read off the reports of roles, beside what they measure themselves (`Telemetry` of core). Counters are of
 * this process.
 */
export function registerRoleMetrics(registry: Registry, kinds: readonly Role[], of: MeasuredRoles): void {
  for (const metric of [...COMMON, ...kinds.flatMap((kind) => OWN[kind])]) register(metric, of, registry);
}

function register({ type, name, help, labels, read }: Metric, of: MeasuredRoles, registry: Registry): void {
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  if (type === "gauge") {
    // oxlint-disable-next-line no-new -- it registers itself
    new Gauge({
      ...options,
      collect() {
        this.reset();
        for (const sample of read(of)) this.set(sample.labels, sample.value);
      },
    });
    return;
  }
  // oxlint-disable-next-line no-new -- it registers itself
  new Counter({
    ...options,
    collect() {
      this.reset();
      for (const sample of read(of)) this.inc(sample.labels, sample.value);
    },
  });
}

const COMMON: readonly Metric[] = [
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
      roles.map((each) => ({ labels: { role: each.role, ...scopeLabels(each) }, value: each.queued })),
  },
  {
    type: "gauge",
    name: "krm_store_failing_seconds",
    help: "For how long the store has not done what it was asked, in seconds; 0: it does.",
    labels: SCOPE_LABELS,
    read: ({ roles, store }) =>
      roles.map((each) => ({ labels: scopeLabels(each), value: store.failingSeconds(scopeId(each.scope)) })),
  },
];

const OWN: Readonly<Record<Role, readonly Metric[]>> = {
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

function streamer(name: string, help: string, read: (report: StreamerReport) => number): Metric {
  return counter("streamer", name, help, read);
}

function verifier(name: string, help: string, read: (report: VerifierReport) => number): Metric {
  return counter("verifier", name, help, read);
}

function merger(name: string, help: string, read: (report: MergerReport) => number): Metric {
  return counter("merger", name, help, read);
}

function counter<R extends Role>(
  role: R,
  name: string,
  help: string,
  read: (report: RoleReports[R]) => number,
): Metric {
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
    return report === undefined ? [] : [{ labels: scopeLabels(each), report }];
  });
}

function scopeLabels({ scope }: RoleAtWork): { readonly resource: string; readonly namespace: string } {
  const { resource, namespace = "" } = scope;
  return { resource: scopeId({ resource }), namespace };
}
