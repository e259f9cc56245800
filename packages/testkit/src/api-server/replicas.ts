import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { ClusterEvent } from "../cluster/sim-object.ts";
import type { FaultPlan } from "../faults/fault-plan.ts";
import type { ClusterReader } from "../watch-cache/cluster-reader.ts";
import { WatchCacheModel } from "../watch-cache/watch-cache-model.ts";

/**
 * What lists and watches are answered from: the cluster, unless the faults are about the API servers' watch caches. Then
 * there are up to two, one as new as it can be and one that lags; what is lost is lost in both.
 */
export class Replicas {
  readonly #cluster: SimCluster;
  readonly #caches = new Set<WatchCacheModel>();
  readonly #fates = new WeakMap<ClusterEvent, boolean>();
  #plan: FaultPlan | undefined;
  #newest: ClusterReader;
  #lagging: ClusterReader | undefined;

  constructor(cluster: SimCluster, plan: FaultPlan | undefined) {
    this.#cluster = cluster;
    this.#newest = cluster;
    this.use(plan);
  }

  /**
   * Follows other faults from now on. Those who watch go on with the cache that they have, which no other plan changes;
   * undefined: no cache loses any more, and all catch up.
   */
  use(plan: FaultPlan | undefined): void {
    this.#plan = plan;
    for (const cache of this.#caches) if (!cache.watched) this.#drop(cache);
    if (plan === undefined) for (const cache of this.#caches) cache.lagBy(0);
    const { lag, lose = 0 } = plan?.spec ?? {};
    this.#newest = lose > 0 ? this.#cache(plan, 0) : this.#cluster;
    this.#lagging = lag === undefined ? undefined : this.#cache(plan, lag.ms);
  }

  /** For one list or watch. `continues`: it is a further page, for which the one that has all versions is asked. */
  choose({ continues }: { readonly continues: boolean }): ClusterReader {
    const lags = this.#plan?.nextLagging() === true;
    return lags && !continues ? (this.#lagging ?? this.#newest) : this.#newest;
  }

  /** Reads all anew, as API servers do that start. */
  rebuild(): void {
    for (const cache of this.#caches) cache.rebuild();
  }

  /** Hears no more of the cluster. */
  close(): void {
    for (const cache of this.#caches) this.#drop(cache);
  }

  #drop(cache: WatchCacheModel): void {
    this.#caches.delete(cache);
    cache[Symbol.dispose]();
  }

  #cache(plan: FaultPlan | undefined, delayMs: number): WatchCacheModel {
    const lose = (event: ClusterEvent): boolean => this.#plan !== undefined && this.#fate(event, plan);
    const cache = new WatchCacheModel({ cluster: this.#cluster, delayMs, lose });
    this.#caches.add(cache);
    return cache;
  }

  #fate(event: ClusterEvent, plan: FaultPlan | undefined): boolean {
    if (event.type === "ADDED") return false;
    let lost = this.#fates.get(event);
    if (lost === undefined) this.#fates.set(event, (lost = plan?.nextLost() === true));
    return lost;
  }
}
