// Watches of several namespaces that are followed one by one and told at different paces, by one server or by two over
// one store: whoever resumes from the last version told, wherever, ends with the view, and is led back by nothing.
import { MemoryStore, PODS, ReplicaStore, type Store } from "@krm/core";
import { ManualClock, SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";
import { scopesFor } from "../../src/view/catalog.ts";
import { readView } from "../../src/view/view.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { LaggingScopes } from "./lagging-scopes.ts";
import { ALL_OF, Reader, selects } from "./reader.ts";
import { settle } from "./support.ts";

const RUNS = Number(process.env["KRM_WATCH_HISTORIES"] ?? 24);
const STEPS = 200;

/** One server. */
interface Server {
  readonly store: Store;
  readonly hub: WatchHub;
  /** While it is closed, nothing reaches the server. */
  readonly gate: Gate;
}

/** Lets through, or makes wait. */
class Gate {
  #open = Promise.resolve();
  #release: (() => void) | undefined;

  async passed(): Promise<void> {
    return this.#open;
  }

  set(open: boolean): void {
    this.#release?.();
    this.#release = undefined;
    if (!open) this.#open = new Promise((resolve) => (this.#release = resolve));
  }
}

/** The same store, whose feeds wait at a gate. */
function gated(store: Store, gate: Gate): Store {
  return {
    manifest: store.manifest,
    scopes: async (options) => store.scopes(options),
    scope: (scope) => {
      const inner = store.scope(scope);
      return new Proxy(inner, {
        get(target, name) {
          if (name === "changes")
            return async function* changes(options: Parameters<typeof inner.changes>[0]) {
              for await (const batch of inner.changes(options)) {
                await gate.passed();
                yield batch;
              }
            };
          const value: unknown = Reflect.get(target, name);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

class World {
  readonly random: SeededRandom;
  readonly clock = new ManualClock();
  readonly store = new MemoryStore();
  readonly cluster: LaggingScopes;
  readonly servers: readonly Server[];
  readonly readers: Reader[] = [];

  constructor(seed: number, servers: number, lost: number) {
    const random = (this.random = new SeededRandom(seed));
    const namespaces = random.pick([
      ["a", "b"],
      ["a", "b", "c"],
    ] as const);
    this.cluster = new LaggingScopes(this.store, namespaces, random.fork("cluster"), lost);
    this.servers = Array.from({ length: servers }, () => {
      const gate = new Gate();
      const { clock } = this;
      const source = gated(this.store, gate);
      const store = servers === 1 ? this.store : new ReplicaStore({ source, clock, random: () => 0.5 }).start();
      const log = { events: random.pick([30, 1000]), bytes: 1e6, ageMs: 300_000 };
      const reader = { windowBytes: random.pick([500, 5000]), stallMs: 60_000 };
      return { gate, store, hub: new WatchHub({ store, clock, random: () => 0.5, log, reader }) };
    });
    for (let i = 0; i < 10; i++) {
      const namespace = random.chance(0.8) ? undefined : random.pick(namespaces);
      const labels = random.pick(["", "", "app=web", "app!=web"]);
      const fields = random.pick(["", "", "metadata.name=p1"]);
      const isUnion = namespace === undefined;
      const rises = !isUnion ? "versions" : servers === 1 ? "keys" : "versions and keys";
      this.readers.push(new Reader({ namespace, labels, fields }, this.cluster.repaired, rises));
    }
  }

  async start(): Promise<void> {
    for (const { hub } of this.servers) if (this.random.chance(0.5)) hub.follow(this.cluster.scopes);
    await settle();
    await this.cluster.catchUp();
    await this.#pass(2000);
  }

  async step(): Promise<void> {
    const { random } = this;
    const what = random.integer(0, 99);
    if (what < 65) await this.cluster.step();
    else if (what < 75) random.pick(this.servers).gate.set(random.chance(0.6));
    else if (what < 85) random.pick(this.readers).cut();
    else if (what < 88) random.pick(this.readers).open?.sink.hold(random.chance(0.7));
    else if (what < 98) await this.#connect(random.pick(this.readers));
    else await this.#pass(random.pick([1000, 61_000]));
    if (random.chance(0.5)) await settle();
  }

  async #connect(reader: Reader): Promise<void> {
    if (reader.open !== undefined) return;
    const { hub, store } = this.random.pick(this.servers);
    const scopes = scopesFor({ resource: PODS, scopes: this.cluster.scopes }, reader.selection.namespace);
    await reader.connect(hub, store, scopes, this.random);
  }

  async #pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await settle();
  }

  /** Whether all that the store has is at all servers. */
  async #isTogether(): Promise<boolean> {
    const all = await Promise.all(
      this.servers.flatMap(({ store }) =>
        this.cluster.scopes.map(async (scope) => {
          const [here, there] = await Promise.all([store.scope(scope).meta(), this.store.scope(scope).meta()]);
          return here.cursor === there.cursor && here.version === there.version;
        }),
      ),
    );
    await settle();
    return all.every(Boolean);
  }

  async check(where: string): Promise<void> {
    for (const { gate } of this.servers) gate.set(true);
    for (let round = 0; ; round++) {
      await this.cluster.catchUp();
      for (let waits = 0; waits < 60 && !(await this.#isTogether()); waits++) await this.#pass(1000);
      for (const { open } of this.readers) open?.sink.hold(false);
      await settle();
      for (const reader of this.readers) reader.read();
      if (this.readers.every(({ open }) => open !== undefined)) break;
      if (round > 40) throw new Error("a reader does not come to the end of it");
      for (const reader of this.readers) await this.#connect(reader);
    }
    const { objects } = await readView(this.store, { ...ALL_OF, scopes: this.cluster.scopes });
    for (const [i, { selection, state }] of this.readers.entries()) {
      const wanted = objects
        .filter(selects(selection))
        .map(({ key, uid, resourceVersion }) => `${key} ${uid}@${resourceVersion}`);
      const known = [...state].map(([key, text]) => `${key} ${text}`).toSorted();
      expect(known, `${where}, reader ${i}: ${JSON.stringify(selection)}`).toEqual(wanted.toSorted());
    }
  }

  async end(): Promise<void> {
    for (const { hub, store } of this.servers) {
      await hub[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    }
    await this.store[Symbol.asyncDispose]();
  }
}

test.each([
  { servers: 1, lost: 0, of: 10 },
  { servers: 1, lost: 0.1, of: 4 },
  { servers: 2, lost: 0, of: 10 },
  // What is put right begins a union anew where there may be other servers.
  { servers: 2, lost: 0.05, of: 0 },
])(
  "$servers serve, $lost of the events are lost: every reader has the view",
  { timeout: 240_000 },
  async ({ servers, lost, of }) => {
    const total = { relists: 0, resumes: 0 };
    for (let seed = 1; seed <= RUNS; seed++) {
      const world = new World(seed, servers, lost);
      await world.start();
      for (let step = 0; step < STEPS; step++) {
        await world.step();
        if (step % 25 === 24) await world.check(`seed ${seed}, step ${step}`);
      }
      for (const { relists, resumes } of world.readers) {
        total.relists += relists;
        total.resumes += resumes;
      }
      await world.end();
    }
    expect(total.resumes).toBeGreaterThan(total.relists * of);
  },
);
