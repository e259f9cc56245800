import {
  type ApiStatus,
  type Drift,
  KrmError,
  Monitor,
  type MonitorOptions,
  PODS,
  type ScopeStatus,
  type StreamerReport,
} from "@krm/core";
import { ClusterSource, type ClusterSourceOptions, ManualClock, SimCluster } from "@krm/testkit";
import { afterEach } from "vitest";
import { pod, settle, truth, until, view, withNamespaces } from "./support.ts";

/** Monitors that are stopped after the test. */
export const open: Monitor[] = [];
afterEach(async () => {
  for (const monitor of open.splice(0)) await monitor.stop();
});

/** A small cluster, a manual clock, and a Monitor between them. */
export interface World {
  readonly clock: ManualClock;
  readonly cluster: SimCluster;
  readonly source: ClusterSource;
  readonly monitor: Monitor;
  readonly drift: Drift[];
  readonly verdicts: string[];
  status(): Promise<ScopeStatus>;
  streamer(): Promise<StreamerReport>;
  /** The view and the cluster are the same, byte for byte. */
  equal(): Promise<boolean>;
}

/** Five pods in team-a, listed on three pages. */
export function world(options: Partial<MonitorOptions> = {}, source: Partial<ClusterSourceOptions> = {}): World {
  const clock = new ManualClock();
  const cluster = withNamespaces(new SimCluster({ clock, seed: 7 }), "team-a", "team-b");
  for (let i = 0; i < 5; i++) pod(cluster, `p${i}`);
  const from = new ClusterSource({ cluster, ...source });
  const monitor = new Monitor({ source: from, clock, resources: [PODS], random: () => 0.5, pageSize: 2, ...options });
  open.push(monitor);
  const drift: Drift[] = [];
  const verdicts: string[] = [];
  monitor.events.on("drift", (_, found) => drift.push(found));
  monitor.events.on("verified", (_, verdict) => verdicts.push(verdict.result));
  const status = async (): Promise<ScopeStatus> => (await monitor.status())[0] as ScopeStatus;
  const streamer = async (): Promise<StreamerReport> => (await status()).reports.streamer as StreamerReport;
  const equal = async (): Promise<boolean> => {
    const [seen, actual] = [await view(monitor.store, { resource: PODS }), truth(cluster, PODS)];
    return JSON.stringify(seen) === JSON.stringify(actual);
  };
  return { clock, cluster, source: from, monitor, drift, verdicts, status, streamer, equal };
}

/** Starts it and waits until it is synced and its watch is open. */
export async function watching(w: World): Promise<void> {
  w.monitor.start();
  await w.monitor.ready();
  await until(() => w.source.openWatches === 1, "a watch is open");
}

/** Time until the roles have told the store how they are. */
export async function report(w: World): Promise<void> {
  await w.clock.advance(1000);
  await settle();
}

/** The end of a watch whose version is too old. */
export const gone: ApiStatus = {
  code: 410,
  reason: "Expired",
  message: "too old resource version",
  retryAfterSeconds: undefined,
};

/** What the API server answers with an HTTP status. */
export function apiError(status: Partial<ApiStatus> & { readonly code: number }): KrmError {
  return new KrmError("KRM_API_STATUS", "no", {
    status: { reason: "", message: "no", retryAfterSeconds: undefined, ...status },
  });
}
