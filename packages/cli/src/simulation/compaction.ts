import { type Clock, compareResourceVersions, type ResourceVersion } from "@krm/core";
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
    // Where the cluster was restored to what it was earlier, that version is none of its own any more.
    if (compareResourceVersions(before as ResourceVersion, cluster.version as ResourceVersion) <= 0) {
      cluster.compact(before);
    }
  }
}
