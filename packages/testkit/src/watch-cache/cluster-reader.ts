import type { SimCluster } from "../cluster/sim-cluster.ts";

/** What lists and watches are answered from: the cluster itself, or what one API server believes of it. */
export interface ClusterReader extends Pick<SimCluster, "version" | "list" | "eventsAfter" | "subscribe"> {
  /** Tells of a version that was reached though no event says so; left out: there are none. Returns how to stop. */
  subscribeProgress?(listener: () => void): () => void;
}
