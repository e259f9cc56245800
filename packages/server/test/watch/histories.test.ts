// Watches of every kind over random histories of a cluster: what each reader makes of the frames is the view, selected.
import { Monitor, MemoryStore, PODS, ReplicaStore, type Scope, type Store } from "@krm/core";
import { type ClusterEvent, ClusterSource, ManualClock, NAMESPACES, SeededRandom, SimCluster } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { scopesFor, type Scopes } from "../../src/view/catalog.ts";
import { readView } from "../../src/view/view.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { ALL_OF, Reader, selects } from "./reader.ts";
import { settle } from "./support.ts";

const RUNS = Number(process.env["KRM_WATCH_HISTORIES"] ?? 24);
const STEPS = 160;
const SPACES = ["team-a", "team-b"];
const GONE = { code: 410, reason: "Expired", message: "too old resource version", retryAfterSeconds: undefined };

interface Kind {
  readonly replica: boolean;
  readonly streamingLists: boolean;
  /** Of so many events one is lost. */
  readonly lost: number;
  readonly restores: boolean;
  /** Each namespace is followed by itself, and some watch all of them. */
  readonly union?: boolean;
}

class World {
  readonly random: SeededRandom;
  readonly clock = new ManualClock();
  readonly cluster: SimCluster;
  readonly source: ClusterSource;
  readonly store = new MemoryStore();
  readonly replica: ReplicaStore | undefined;
  readonly monitor: Monitor;
  readonly hub: WatchHub;
  readonly repaired = new Set<string>();
  readonly readers: Reader[] = [];
  readonly scopes: Scopes;
  readonly #kind: Kind;
  readonly counts = { repairs: 0, resets: 0, relists: 0, slow: 0 };

  constructor(seed: number, kind: Kind) {
    this.#kind = kind;
    const [first = "", ...others] = SPACES;
    const inSpace = (namespace: string): Scope => ({ resource: PODS, namespace });
    this.scopes = kind.union === true ? [inSpace(first), ...others.map(inSpace)] : [{ resource: PODS }];
    const random = (this.random = new SeededRandom(seed));
    this.cluster = new SimCluster({ clock: this.clock, seed });
    for (const name of SPACES) this.cluster.create(NAMESPACES, { metadata: { name } });
    this.cluster.compact();
    const lossy = random.fork("losses");
    const tell = (event: ClusterEvent): readonly ClusterEvent[] => (lossy.chance(kind.lost) ? [] : [event]);
    this.source = new ClusterSource({ cluster: this.cluster, streamingLists: kind.streamingLists, tell });
    this.monitor = new Monitor({
      source: this.source,
      store: this.store,
      clock: this.clock,
      resources: [PODS],
      random: () => 0.5,
      verifyEveryMs: 3_600_000,
      ...(kind.union === true ? { namespaces: SPACES } : {}),
    });
    this.monitor.events.on("commit", (_, { changes, reset }) => {
      if (reset === true) this.counts.resets++;
      for (const change of changes) {
        if (change.origin === "stream") continue;
        this.counts.repairs++;
        const [key, version] =
          change.type === "set"
            ? [change.object.key, change.object.resourceVersion]
            : [change.key, change.resourceVersion];
        this.repaired.add(`${key}@${version}`).add(`${key}@${BigInt(version) - 1n}`);
      }
    });
    this.replica = kind.replica
      ? new ReplicaStore({ source: this.store, clock: this.clock, random: () => 0.5 }).start()
      : undefined;
    this.hub = new WatchHub({
      store: this.served,
      clock: this.clock,
      random: () => 0.5,
      log: { events: random.pick([20, 60, 1000]), bytes: 1e6, ageMs: 300_000 },
      reader: { windowBytes: random.pick([500, 5000]), stallMs: 60_000 },
    });
  }

  get served(): Store {
    return this.replica ?? this.store;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await settle();
  }

  async start(): Promise<void> {
    this.monitor.start();
    await this.monitor.ready();
    for (let waits = 0; waits < 20 && this.source.openWatches === 0; waits++) await this.pass(1000);
    await this.pass(2000);
    for (let i = 0; i < 14; i++) {
      const namespace = this.random.pick([undefined, ...SPACES]);
      const labels = this.random.pick(["", "", "app=web", "app!=web", "tier in (a,b)", "!tier"]);
      const fields = this.random.pick(["", "", "", "metadata.name=p1", "metadata.name!=p2"]);
      const isUnion = namespace === undefined && this.scopes.length > 1;
      const rises = !isUnion ? "versions" : this.replica === undefined ? "keys" : "versions and keys";
      this.readers.push(new Reader({ namespace, labels, fields }, this.repaired, rises));
    }
  }

  #change(): void {
    const { cluster, random } = this;
    const namespace = random.pick(SPACES);
    const name = `p${random.integer(0, 5)}`;
    const labels = {
      app: random.pick(["web", "db"]),
      ...(random.chance(0.5) ? { tier: random.pick(["a", "b", "c"]) } : {}),
    };
    const spec = { containers: [{ name: "c", image: "c:1" }] };
    const create = (): unknown => cluster.create(PODS, { metadata: { name, labels }, spec }, { namespace });
    if (cluster.get(PODS, namespace, name) === undefined) create();
    else if (random.chance(0.6)) {
      const tier = labels.tier ?? null;
      cluster.patch(PODS, namespace, name, { metadata: { labels: { ...labels, tier } } });
    } else {
      cluster.delete(PODS, namespace, name, { gracePeriodSeconds: 0 });
      if (random.chance(0.5)) create();
    }
  }

  async #restore(): Promise<void> {
    const { cluster } = this;
    // Whoever is not there while the history changes cannot be told from one of the new history later.
    await this.gather();
    const back = BigInt(cluster.version) - BigInt(this.random.integer(1, 12));
    const version = back < BigInt(cluster.compacted) ? cluster.compacted : String(back);
    const epochs = await this.#epochs();
    this.source.endWatches();
    cluster.restore(version);
    this.monitor.verifyNow();
    for (let waits = 0; waits < 60; waits++) {
      await this.pass(5000);
      const now = await this.#epochs();
      if (now.every((epoch, i) => epoch !== epochs[i])) break;
    }
    await this.gather();
  }

  async #epochs(): Promise<readonly number[]> {
    return Promise.all(this.scopes.map(async (scope) => (await this.store.scope(scope).meta()).epoch));
  }

  async step(): Promise<void> {
    const { random, source } = this;
    const what = random.integer(0, 99);
    if (what < 55) for (let i = random.integer(1, 4); i > 0; i--) this.#change();
    else if (what < 62) source.bookmark();
    else if (what < 68) this.monitor.verifyNow();
    else if (what < 71) source.endWatches();
    else if (what < 74) source.failWatches(GONE);
    else if (what < 76 && this.#kind.restores) await this.#restore();
    else if (what < 82) random.pick(this.readers).cut();
    else if (what < 87) random.pick(this.readers).open?.sink.hold(random.chance(0.7));
    else if (what < 97) await this.#reconnect(random.pick(this.readers));
    else await this.pass(random.pick([1000, 20_000, 70_000]));
    if (random.chance(0.5)) await settle();
    if (random.chance(0.2)) await this.pass(1000);
  }

  async #reconnect(reader: Reader): Promise<void> {
    if (reader.open === undefined) {
      const { namespace } = reader.selection;
      const scopes = scopesFor({ resource: PODS, scopes: this.scopes }, namespace);
      await reader.connect(this.hub, this.served, scopes, this.random);
    }
  }

  /** Everyone goes on from where they are, and takes what there is. */
  async gather(): Promise<void> {
    for (let round = 0; ; round++) {
      if (this.scopes.length > 1) await this.#comeTogether();
      for (const { open } of this.readers) open?.sink.hold(false);
      await settle();
      for (const reader of this.readers) reader.read();
      if (this.readers.every(({ open }) => open !== undefined)) return;
      if (round > 40) throw new Error("a reader does not come to the end of it");
      for (const reader of this.readers) await this.#reconnect(reader);
      if (round % 10 === 9) await this.pass(1000);
    }
  }

  /** What one scope has not passed, a union over a replica holds back. */
  async #comeTogether(): Promise<void> {
    for (let waits = 0; waits < 20 && this.source.openWatches < this.scopes.length; waits++) await this.pass(1000);
    this.source.bookmark();
    await settle();
  }

  async check(where: string): Promise<void> {
    await this.gather();
    const { objects } = await readView(this.served, { ...ALL_OF, scopes: this.scopes });
    for (const [i, { selection, state }] of this.readers.entries()) {
      const wanted = objects
        .filter(selects(selection))
        .map(({ key, uid, resourceVersion }) => `${key} ${uid}@${resourceVersion}`);
      const known = [...state].map(([key, text]) => `${key} ${text}`).toSorted();
      expect(known, `${where}, reader ${i}: ${JSON.stringify(selection)}`).toEqual(wanted.toSorted());
    }
  }

  async end(): Promise<void> {
    for (const { relists, slow } of this.readers) {
      this.counts.relists += relists;
      this.counts.slow += slow;
    }
    await this.hub[Symbol.asyncDispose]();
    await this.replica?.[Symbol.asyncDispose]();
    await this.monitor.stop();
    await this.store[Symbol.asyncDispose]();
  }
}

describe.for<[name: string, kind: Kind]>([
  ["an honest cluster", { replica: false, streamingLists: true, lost: 0, restores: false }],
  ["lost events and verifications", { replica: false, streamingLists: false, lost: 0.15, restores: false }],
  ["lost events, over a replica", { replica: true, streamingLists: true, lost: 0.15, restores: false }],
  ["restores and lost events", { replica: false, streamingLists: true, lost: 0.1, restores: true }],
  ["restores, over a replica", { replica: true, streamingLists: false, lost: 0, restores: true }],
  ["namespaces one by one", { replica: false, streamingLists: true, lost: 0.1, restores: false, union: true }],
  ["… over a replica", { replica: true, streamingLists: true, lost: 0.1, restores: false, union: true }],
  ["… and restores", { replica: false, streamingLists: true, lost: 0.1, restores: true, union: true }],
])("%s", ([, kind]) => {
  test("every reader has the view", { timeout: 240_000 }, async () => {
    const total = { repairs: 0, resets: 0, relists: 0, slow: 0 };
    for (let seed = 1; seed <= RUNS; seed++) {
      const world = new World(seed, kind);
      await world.start();
      for (let step = 0; step < STEPS; step++) {
        await world.step();
        if (step % 20 === 19) await world.check(`seed ${seed}, step ${step}`);
      }
      await world.end();
      for (const name of ["repairs", "resets", "relists", "slow"] as const) total[name] += world.counts[name];
    }
    expect(total.repairs).toBeGreaterThan(0);
    expect(total.relists).toBeGreaterThan(0);
    expect(total.slow).toBeGreaterThan(0);
    expect(total.resets > 0).toBe(kind.restores);
  });
});
