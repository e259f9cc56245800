import {
  missedByType,
  type MergerReport,
  type Role,
  type RoleReports,
  scopeId,
  type Standing,
  type StreamerReport,
  type VerifierReport,
} from "@krm/core";
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { RoleBoard } from "../roles/role-board.ts";
import type { ScopeRole } from "../roles/scope-role.ts";

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
  readonly read: (board: RoleBoard) => readonly Sample[];
}

const SCOPE_LABELS = ["resource", "namespace"];
const STANDINGS: readonly Standing[] = ["holding", "standing-by", "waiting-for-store"];

/** The metrics of a process with one role, beside those of every Node.js process. Counters are of this process. */
export function roleMetrics(board: RoleBoard): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const metric of [...COMMON, ...OWN[board.role]]) register(metric, board, registry);
  return registry;
}

function register({ type, name, help, labels, read }: Metric, board: RoleBoard, registry: Registry): void {
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  if (type === "gauge") {
    // oxlint-disable-next-line no-new -- it registers itself
    new Gauge({
      ...options,
      collect() {
        this.reset();
        for (const sample of read(board)) this.set(sample.labels, sample.value);
      },
    });
    return;
  }
  // oxlint-disable-next-line no-new -- it registers itself
  new Counter({
    ...options,
    collect() {
      this.reset();
      for (const sample of read(board)) this.inc(sample.labels, sample.value);
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
    labels: SCOPE_LABELS,
    read: ({ roles }) => roles.map((each) => ({ labels: scopeLabels(each), value: each.queued })),
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
    counts(
      "streamer",
      "krm_desyncs_total",
      "Known gaps of the stream, each followed by a resync.",
      "cause",
      (report) => report.desyncs,
    ),
  ],
  verifier: [
    verifier(
      "krm_verifier_snapshots_total",
      "Complete lists handed over for comparison.",
      ({ snapshots }) => snapshots,
    ),
    verifier("krm_verifier_failures_total", "Lists that failed.", ({ failures }) => failures),
  ],
  merger: [
    counts(
      "merger",
      "krm_merger_verifications_total",
      "Verifications that were decided, since the state of the scope began.",
      "result",
      ({ verifications }) => verifications,
    ),
    counts(
      "merger",
      "krm_missed_events_total",
      "Events that the stream missed and verification found, since the state of the scope began.",
      "type",
      missedByType,
    ),
    merger("krm_merger_late_total", "Observations that came when they were settled already.", ({ late }) => late),
    merger(
      "krm_merger_contradictions_total",
      "Lists that held an older version of an object than the stream had shown before.",
      ({ contradictions }) => contradictions,
    ),
    merger("krm_merger_resynced_total", "Objects that relists after known gaps changed.", ({ resynced }) => resynced),
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
    read: (board) => reported(role, board).map(({ labels, report }) => ({ labels, value: read(report) })),
  };
}

/** A counter for each of several kinds. */
function counts<R extends Role>(
  role: R,
  name: string,
  help: string,
  label: string,
  read: (report: RoleReports[R]) => Readonly<Record<string, number>>,
): Metric {
  return {
    type: "counter",
    name,
    help,
    labels: [...SCOPE_LABELS, label],
    read: (board) =>
      reported(role, board).flatMap(({ labels, report }) =>
        Object.entries(read(report)).map(([kind, value]) => ({ labels: { ...labels, [label]: kind }, value })),
      ),
  };
}

/** The scopes whose role this process has, or had. */
function reported<R extends Role>(
  role: R,
  { roles }: RoleBoard,
): readonly { readonly labels: Sample["labels"]; readonly report: RoleReports[R] }[] {
  return roles.flatMap((each) => {
    // The compiler cannot see that a role's report is of that role.
    const report = each.role === role ? (each.report as RoleReports[R] | undefined) : undefined;
    return report === undefined ? [] : [{ labels: scopeLabels(each), report }];
  });
}

function scopeLabels({ scope }: ScopeRole): { readonly resource: string; readonly namespace: string } {
  const { resource, namespace = "" } = scope;
  return { resource: scopeId({ resource }), namespace };
}
