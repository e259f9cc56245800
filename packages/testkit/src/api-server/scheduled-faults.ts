import { type Clock, compareResourceVersions, type ResourceVersion } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { FaultPlan } from "../faults/fault-plan.ts";
import type { SimApiServer } from "./api-server.ts";

/** How long a restart by schedule keeps the server away. */
const RESTART_MS = 2000;

/** What scheduled faults happen to, and how long. */
export interface ScheduledFaultsInput {
  readonly server: SimApiServer;
  readonly cluster: SimCluster;
  readonly clock: Clock;
  /** Nothing begins any more. */
  readonly over: AbortSignal;
  /** The server is closed: what has begun does not come to its end either. */
  readonly closed: AbortSignal;
}

/** Lets happen what the plan says happens at intervals. */
export function scheduleFaults(plan: FaultPlan, { server, cluster, clock, over, closed }: ScheduledFaultsInput): void {
  const { compactEveryMs, restartEveryMs, restoreEveryMs, withdrawEveryMs } = plan.spec;
  const signal = AbortSignal.any([over, closed]);
  const every = (ms: number, act: () => Promise<void> | void): void => {
    const run = async (): Promise<void> => {
      for (;;) {
        await clock.sleep(ms, { signal });
        await act();
      }
    };
    run().catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  };

  if (compactEveryMs !== undefined) every(compactEveryMs, () => cluster.compact());

  if (restartEveryMs !== undefined) {
    every(restartEveryMs, async () => {
      await server.stop();
      await clock.sleep(RESTART_MS, { signal: closed });
      await server.start();
    });
  }

  if (restoreEveryMs !== undefined) {
    let backup: string | undefined;
    every(restoreEveryMs / 2, () => {
      if (backup === undefined) backup = cluster.version;
      else {
        restore(cluster, backup);
        backup = undefined;
      }
    });
  }

  if (withdrawEveryMs !== undefined) {
    const custom = cluster.resources.filter((each) => each.custom);
    every(withdrawEveryMs * 0.75, async () => {
      for (const resource of custom) server.withdraw(resource);
      await clock.sleep(withdrawEveryMs / 4, { signal: closed });
      for (const resource of custom) server.serve(resource);
    });
  }
}

/** Goes back as far as the history allows, where a part of it is compacted or somebody else has gone back further. */
function restore(cluster: SimCluster, backup: string): void {
  const oldest = isOlder(backup, cluster.compacted) ? cluster.compacted : backup;
  cluster.restore(isOlder(cluster.version, oldest) ? cluster.version : oldest);
}

function isOlder(a: string, b: string): boolean {
  return compareResourceVersions(a as ResourceVersion, b as ResourceVersion) < 0;
}
