import { setImmediate as nextTurn } from "node:timers/promises";
import { type Drift, Monitor, PODS, type VerifierReport } from "@krm/core";
import {
  ClusterSource,
  LEASES,
  ManualClock,
  NAMESPACES,
  SeededRandom,
  SimCluster,
  type SourceKey,
  WatchCacheModel,
} from "@krm/testkit";

/** What a day of one resource cost the API server. Requests are of an hour, on average. */
export interface Day {
  readonly objects: number;
  readonly churning: boolean;
  readonly watches: number;
  readonly lists: number;
  readonly metadataLists: number;
  readonly gets: number;
  /** All that verifying asked for. */
  readonly verifying: number;
  /** The most that it asked for within one hour of the clock. */
  readonly busiest: number;
  readonly rounds: number;
  /** Hours until every object was asked for by name once: on average, and if every wait were as long as it may be. */
  readonly turn: number;
  readonly atMost: number;
  /** Hours until an object was found to be a ghost whose turn had just been when it was deleted. */
  readonly ghost: number;
}

const HOURS = 24;
const HOUR_MS = 3_600_000;
/** While all is well a wait is twice the default at most, by chance half to one and a half of that. */
const LONGEST_WAIT_HOURS = 1 / 4;
/** All that the simulation does by itself, it does at such times. */
const STEP_MS = 10_000;
/** Changes of pods in each step, where they change. */
const CHANGES = 5;
const NAMESPACE = "team-a";

/** Pods that come, change and go, their number the same. */
class Pods {
  readonly #cluster: SimCluster;
  readonly #random: SeededRandom;
  readonly #names: string[] = [];
  #serial = 0;

  constructor(cluster: SimCluster, random: SeededRandom, count: number) {
    this.#cluster = cluster;
    this.#random = random;
    for (let i = 0; i < count; i++) this.#create();
  }

  /** One change: half of them of a pod, the others put one in the place of another. */
  change(): void {
    const at = this.#random.integer(0, this.#names.length - 1);
    const name = this.#names[at]!;
    if (this.#random.chance(0.5)) {
      const annotations = { serial: String(this.#serial++) };
      this.#cluster.patch(PODS, NAMESPACE, name, { metadata: { annotations } });
      return;
    }
    this.delete(name);
    this.#create();
  }

  delete(name: string): void {
    const at = this.#names.indexOf(name);
    this.#names[at] = this.#names.at(-1)!;
    this.#names.pop();
    this.#cluster.delete(PODS, NAMESPACE, name, { gracePeriodSeconds: 0 });
  }

  #create(): void {
    const name = `pod-${this.#serial++}`;
    const spec = { containers: [{ name: "c", image: "registry.example/c:1" }] };
    this.#cluster.create(PODS, { metadata: { name }, spec }, { namespace: NAMESPACE });
    this.#names.push(name);
  }
}

/**
 * A day of a Monitor with defaults and one resource, in simulated time. The API server sends a bookmark each minute,
 * ends a watch at the time that it asked for, and has its history compacted every 5 minutes. Then it loses the deletion
 * of one pod, and the day goes on until that is found.
 */
export async function simulateDay(objects: number, churning: boolean): Promise<Day> {
  const clock = new ManualClock();
  const random = new SeededRandom(`${objects} ${churning}`);
  const cluster = new SimCluster({ clock, seed: 1 });
  cluster.create(NAMESPACES, { metadata: { name: NAMESPACE } });
  cluster.create(LEASES, { metadata: { name: "a" }, spec: {} }, { namespace: NAMESPACE });
  const pods = new Pods(cluster, random, objects);
  cluster.compact();

  let ghost: string | undefined;
  const lose = (type: string, name: string): boolean => type === "DELETED" && name === ghost;
  using cache = new WatchCacheModel({ cluster, lose: ({ type, object }) => lose(type, object.metadata.name) });
  let endsAt = Number.POSITIVE_INFINITY;
  let asked: SourceKey | undefined;
  const source = new ClusterSource({
    cluster,
    cache,
    streamingLists: true,
    beforeRequest(request) {
      if (request.verb === "watch") endsAt = clock.monotonic() + request.request.timeoutSeconds * 1000;
      if (request.verb === "get") asked = request.key;
    },
  });
  await using monitor = new Monitor({ source, clock, random: () => random.next(), resources: [PODS] });
  const drift: Drift[] = [];
  monitor.events.on("drift", (_, found) => drift.push(found));
  monitor.start();
  await monitor.ready();
  const verifier = async (): Promise<VerifierReport | undefined> => (await monitor.status())[0]?.reports.verifier;

  let lease = 0;
  let lastVersion = cluster.version;
  const step = async (): Promise<void> => {
    if (churning) for (let i = 0; i < CHANGES; i++) pods.change();
    // Something always happens in a cluster, and bookmarks tell of it.
    cluster.patch(LEASES, NAMESPACE, "a", { spec: { leaseTransitions: ++lease } });
    await clock.advance(STEP_MS);
    if (clock.monotonic() % 60_000 === 0) source.bookmark();
    if (clock.monotonic() % 300_000 === 0) {
      cluster.compact(lastVersion);
      lastVersion = cluster.version;
    }
    if (clock.monotonic() >= endsAt) {
      endsAt = Number.POSITIVE_INFINITY;
      source.endWatches();
    }
    for (let turns = 0; turns < 5; turns++) await nextTurn();
  };

  let busiest = 0;
  let before = 0;
  while (clock.monotonic() < HOURS * HOUR_MS) {
    await step();
    if (clock.monotonic() % HOUR_MS !== 0) continue;
    const { requests = 0 } = (await verifier()) ?? {};
    busiest = Math.max(busiest, requests - before);
    before = requests;
  }
  const { watch, list, listMetadata, get } = source.requests;
  const { snapshots: rounds = 0, requests = 0 } = (await verifier()) ?? {};
  if (drift.length > 0) throw new Error(`a day without a loss: ${drift.length} missed events`);

  // From the round before on every other object has its turn first.
  const { get: soFar } = source.requests;
  while (source.requests.get === soFar || !isThere(cluster, asked)) await step();
  ghost = asked!.name;
  const deleted = clock.monotonic();
  pods.delete(ghost);
  while (!drift.some(({ key }) => key.endsWith(`/${ghost}`))) {
    if (clock.monotonic() - deleted > 1000 * HOUR_MS) throw new Error(`the ghost ${ghost} is not found`);
    await step();
  }
  const found = clock.monotonic();
  const turns = Math.max(1, (objects * rounds) / get);
  return {
    objects,
    churning,
    watches: watch / HOURS,
    lists: list / HOURS,
    metadataLists: listMetadata / HOURS,
    gets: get / HOURS,
    verifying: requests / HOURS,
    busiest,
    rounds: rounds / HOURS,
    turn: turns / (rounds / HOURS),
    atMost: Math.ceil(Number(turns.toFixed(1))) * LONGEST_WAIT_HOURS,
    ghost: (found - deleted) / HOUR_MS,
  };
}

function isThere(cluster: SimCluster, key: SourceKey | undefined): boolean {
  return key !== undefined && cluster.get(PODS, key.namespace, key.name) !== undefined;
}
