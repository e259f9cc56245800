import type { Clock } from "@krm/core";
import type { SimCluster } from "@krm/testkit";

/** As kube-apiserver has it: every five minutes, what is older than five minutes. */
const EVERY_MS = 300_000;

/** Compacts a cluster's history now and then until aborted, so that it does not grow for ever. */
export async function compactNowAndThen(cluster: SimCluster, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let before = cluster.version; !signal.aborted; before = cluster.version) {
    try {
      await clock.sleep(EVERY_MS, { signal });
    } catch {
      return;
    }
    cluster.compact(before);
  }
}
