import { type Clock, DEPLOYMENTS, PERSISTENT_VOLUME_CLAIMS } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import { SeededRandom } from "../random/seeded-random.ts";
import { CHANGE_WEIGHTS, type ChangeName, CHANGES, type ChurnContext } from "./churn-changes.ts";
import { Controllers } from "./controllers.ts";
import { NodeLeases } from "./node-leases.ts";
import { desiredReplicas } from "./replica-set.ts";

/** How a {@link Churn} goes. */
export interface ChurnOptions {
  readonly cluster: SimCluster;
  /** Default: the cluster's. */
  readonly clock?: Clock | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /** Commits per second, on average, what follows from a change included. 0: only reactions. Default 5. */
  readonly eventsPerSecond?: number | undefined;
  /**
   * In `run`, kubelets renew the lease of every node every 10 s, beside `eventsPerSecond` and until it is quiet; no change
   * is the renewal of a lease then. Default false.
   */
  readonly nodeLeases?: boolean | undefined;
  /** After so many milliseconds of `run` no change is started any more; what is under way is brought to its end. */
  readonly quietAfter?: number | undefined;
}

/** Changes are not saved up: after a pause at most so many are made up for. */
const MOST_CREDIT = 10;

/**
 * Life in a simulated cluster. It starts changes, as people, pipelines and nodes do (rollouts, scaling, deletions, status
 * updates, heartbeats, new and dropped applications, claims, services, ingresses), and its controllers react to these
 * and to changes that others make: a pod that `kubectl` creates gets a node and runs, one that it deletes ends
 * gracefully a little later.
 *
 * With one seed, a manual clock and nobody else who writes, it makes the same history again.
 *
 * @example
 * using churn = new Churn({ cluster, seed: 7, eventsPerSecond: 20, quietAfter: 600_000 });
 * await churn.run({ signal });
 */
export class Churn implements Disposable {
  readonly #cluster: SimCluster;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #controllers: Controllers;
  readonly #leases: NodeLeases | undefined;
  readonly #weights: Readonly<Record<ChangeName, number>>;
  readonly #context: ChurnContext;
  readonly #eventsPerSecond: number;
  readonly #quietAfter: number;
  #serial = 0;
  #isQuiet = false;
  #woken = new AbortController();

  /** @throws RangeError for a rate or a time below 0. */
  constructor(options: ChurnOptions) {
    const { cluster, eventsPerSecond = 5, quietAfter = Number.POSITIVE_INFINITY, seed = 1 } = options;
    if (!(eventsPerSecond >= 0)) throw new RangeError(`eventsPerSecond is ${eventsPerSecond}: give 0 or more`);
    if (!(quietAfter >= 0)) throw new RangeError(`quietAfter is ${quietAfter}: give 0 or more milliseconds`);
    this.#cluster = cluster;
    this.#clock = options.clock ?? cluster.clock;
    this.#random = new SeededRandom(seed);
    this.#eventsPerSecond = eventsPerSecond;
    this.#quietAfter = quietAfter;
    this.#controllers = new Controllers(cluster, `${seed}/controllers`);
    this.#controllers.onScheduled = () => this.#woken.abort();
    this.#leases = options.nodeLeases === true ? new NodeLeases(cluster, `${seed}/node-leases`) : undefined;
    if (this.#leases !== undefined) this.#leases.onScheduled = () => this.#woken.abort();
    this.#weights = this.#leases === undefined ? CHANGE_WEIGHTS : { ...CHANGE_WEIGHTS, lease: 0 };
    const deployments = cluster.list(DEPLOYMENTS).items;
    this.#context = {
      cluster,
      random: this.#random,
      baseline: {
        deployments: deployments.length,
        claims: cluster.list(PERSISTENT_VOLUME_CLAIMS).items.length,
        replicas: deployments.reduce((sum, each) => sum + desiredReplicas(each), 0),
      },
      serial: () => ++this.#serial,
    };
  }

  /** How many reactions of controllers wait for their time. */
  get pending(): number {
    return this.#controllers.pending;
  }

  /** `quietAfter` has passed and everything that was under way has come to its end: only others change the cluster now. */
  get quiet(): boolean {
    return this.#isQuiet && this.#controllers.pending === 0;
  }

  /** Performs a reaction that is due, or starts one change. */
  step(): void {
    if (!this.#controllers.step(this.#clock.monotonic())) this.#change();
  }

  /** Brings all that is under way to its end at once, without waiting for its time. */
  settle(): void {
    while (this.#controllers.step(Number.POSITIVE_INFINITY));
  }

  /** Goes on until aborted; then it resolves, and what is under way stays as it is. */
  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    const { signal } = options;
    const start = this.#clock.monotonic();
    let last = start;
    let credit = 0;
    const wake = (): void => this.#woken.abort();
    signal.addEventListener("abort", wake);
    while (!signal.aborted) {
      const now = this.#clock.monotonic();
      this.#isQuiet = now - start >= this.#quietAfter;
      credit = Math.min(MOST_CREDIT, credit + ((now - last) / 1000) * this.#eventsPerSecond);
      last = now;
      if (!this.#isQuiet) this.#leases?.renew(now);
      const before = BigInt(this.#cluster.version);
      while (this.#controllers.step(now));
      const mayChange = !this.#isQuiet && this.#eventsPerSecond > 0 && credit >= 1;
      if (mayChange) this.#change();
      // A change that found nothing to do costs one all the same: the next try comes later.
      credit -= Math.max(mayChange ? 1 : 0, Number(BigInt(this.#cluster.version) - before));
      await this.#rest(start, credit, signal);
    }
    signal.removeEventListener("abort", wake);
  }

  [Symbol.dispose](): void {
    this.#controllers[Symbol.dispose]();
    this.#leases?.[Symbol.dispose]();
  }

  /** Sleeps until the next reaction is due or the next change may start; shorter when a reaction is scheduled meanwhile. */
  async #rest(start: number, credit: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const untilReaction = (this.#controllers.nextDue ?? Number.POSITIVE_INFINITY) - now;
    const untilChange =
      this.#isQuiet || this.#eventsPerSecond === 0
        ? Number.POSITIVE_INFINITY
        : Math.max(0, ((1 - credit) / this.#eventsPerSecond) * 1000);
    const untilLease = this.#isQuiet
      ? Number.POSITIVE_INFINITY
      : (this.#leases?.nextDue ?? Number.POSITIVE_INFINITY) - now;
    const untilQuiet = this.#isQuiet ? Number.POSITIVE_INFINITY : this.#quietAfter - (now - start);
    // Whole milliseconds: a rest too short to move the clock would never end.
    const span = Math.ceil(Math.min(untilReaction, untilChange, untilLease, untilQuiet, 3_600_000));
    if (signal.aborted) return;
    this.#woken = new AbortController();
    const woken = this.#woken.signal;
    try {
      await this.#clock.sleep(Math.max(0, span), { signal: woken });
    } catch (error) {
      if (!woken.aborted) throw error;
    }
  }

  /** Starts one change: of the first kind drawn that finds something to do. */
  #change(): void {
    for (let attempt = 0; attempt < 20; attempt++) {
      if (CHANGES[this.#random.weighted(this.#weights)](this.#context)) return;
    }
  }
}
