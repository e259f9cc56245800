import { StatusError } from "@krm/apimachinery";
import { NODES } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { SimObject } from "../cluster/sim-object.ts";
import { LEASES } from "../cluster/sim-resource.ts";
import { SeededRandom } from "../random/seeded-random.ts";
import { Agenda } from "./agenda.ts";
import { createNodeLease, NODE_LEASES, renewNodeLease } from "./node-lease.ts";

/** A quarter of what the lease holds, as kubelets have it. */
const RENEW_EVERY_MS = 10_000;

/**
 * The kubelets' heartbeat: every node's lease is renewed every 10 s, each node's at moments of its own. A lease that
 * somebody took away is made again, that of a node which is gone goes too. Nothing happens but in `renew`.
 */
export class NodeLeases implements Disposable {
  readonly #cluster: SimCluster;
  readonly #random: SeededRandom;
  readonly #agenda = new Agenda();
  readonly #beating = new Set<string>();
  readonly #unsubscribe: readonly (() => void)[];
  /** Called when something was put on the agenda. */
  onScheduled: () => void = () => {};

  constructor(cluster: SimCluster, seed: number | string) {
    this.#cluster = cluster;
    this.#random = new SeededRandom(seed);
    this.#unsubscribe = [
      cluster.subscribe(({ object, type }) => {
        if (object.kind === "Node" && type === "ADDED") this.#begin(object, 0);
      }),
      cluster.subscribeRestores(() => this.#beginAll()),
    ];
    this.#beginAll();
  }

  /** When the next heartbeat is due: monotonic milliseconds; undefined: there are no nodes. */
  get nextDue(): number | undefined {
    return this.#agenda.nextDue;
  }

  /** Does what is due by `now`. What was missed is not made up for. */
  renew(now: number): void {
    for (let beat = this.#agenda.take(now); beat !== undefined; beat = this.#agenda.take(now)) beat();
  }

  [Symbol.dispose](): void {
    for (const stop of this.#unsubscribe) stop();
  }

  /** At moments spread over the period. */
  #beginAll(): void {
    for (const node of this.#cluster.list(NODES).items) this.#begin(node, this.#random.integer(1, RENEW_EVERY_MS));
  }

  #begin({ metadata: { name } }: SimObject, afterMs: number): void {
    if (this.#beating.has(name)) return;
    this.#beating.add(name);
    this.#beatAt(name, this.#cluster.clock.monotonic() + afterMs);
    this.onScheduled();
  }

  #beatAt(name: string, due: number): void {
    this.#agenda.add(due, () => {
      try {
        if (this.#beat(name)) {
          const now = this.#cluster.clock.monotonic();
          this.#beatAt(name, due + RENEW_EVERY_MS > now ? due + RENEW_EVERY_MS : now + RENEW_EVERY_MS);
        } else this.#beating.delete(name);
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        this.#beatAt(name, this.#cluster.clock.monotonic() + RENEW_EVERY_MS);
      }
    });
  }

  /** False: the node is gone. */
  #beat(name: string): boolean {
    const node = this.#cluster.get(NODES, undefined, name);
    const lease = this.#cluster.get(LEASES, NODE_LEASES, name);
    if (node === undefined) {
      if (lease !== undefined) this.#cluster.delete(LEASES, NODE_LEASES, name);
      return false;
    }
    if (lease === undefined) createNodeLease(this.#cluster, node);
    else renewNodeLease(this.#cluster, lease);
    return true;
  }
}
