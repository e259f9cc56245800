import { describe, expect, test } from "vitest";
import {
  advance,
  type Claim,
  type Clock,
  type Drift,
  emptyMergeState,
  KrmError,
  type ListRequest,
  type ListWatch,
  type MergeInput,
  type MergeState,
  type MetadataPage,
  type ObjectKey,
  PODS,
  NO_VIEW,
  type Revision,
  silentLogger,
  type Snapshot,
  type StoredObject,
  type Verdict,
  type VerifySink,
} from "../src/index.ts";
import { restoreMergeState } from "../src/merge/merge-state.ts";
import type { FrozenView } from "../src/verify/frozen-view.ts";
import { currentClaims, frozenClaims } from "../src/merge/frozen-claims.ts";
import { KnownLies } from "../src/verify/known-lies.ts";
import { ListModes } from "../src/verify/list-modes.ts";
import { verifyRound } from "../src/verify/round.ts";
import { Sampler } from "../src/verify/sampler.ts";
import { type HistoryEvent, ModelCluster, observed, randomBelow } from "./support/model-cluster.ts";

/** Seeds for each kind of server; `npm run faults` takes more. */
const RUNS = Number(process.env["KRM_HISTORIES"] ?? 300);

interface Shown {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** From this version on the stream alone showed that. */
interface Baseline {
  readonly version: bigint;
  readonly state: Shown | undefined;
}

/** What differs from a server that is right and at hand. */
interface Server {
  /** Knows no `resourceVersionMatch=Exact`. */
  readonly latestOnly?: boolean;
  /** Sends whole objects alone. */
  readonly wholeOnly?: boolean;
  /** Of so many lists one lands on a replica that is behind. */
  readonly laggingOneIn?: number;
  /** Of so many events one is lost for good. */
  readonly lostOneIn?: number;
  /** The watch cache loses one of so many deletions: lists show the object for ever, and no watch tells of it. */
  readonly ghostOneIn?: number;
  /** Of so many moments one begins a list of the streamer after a known gap; what is on its way is lost. */
  readonly relistOneIn?: number;
  /** That list arrives late. */
  readonly slowRelist?: boolean;
  /** Of so many exact lists one is of a compacted version. */
  readonly compactedOneIn?: number;
  /** Single objects may not be read. */
  readonly noGet?: boolean;
  readonly noBookmarks?: boolean;
  /** The verifier knows of the merge what is in the store alone. */
  readonly apart?: boolean;
  /** Of so many rounds one is followed by another merger's taking over. */
  readonly restartOneIn?: number;
}

function apiError(code: number, message = "no"): KrmError {
  return new KrmError("KRM_API_STATUS", message, {
    status: { code, reason: "", message, retryAfterSeconds: undefined },
  });
}

/**
 * A cluster that changes within every request, a stream that loses events, and the verifier's round over the merge. By
 * brute force it is kept what the stream alone would show since each decision.
 */
class World {
  readonly random: (n: number) => number;
  readonly cluster: ModelCluster;
  state: MergeState = emptyMergeState();
  /** A list of the streamer that has not arrived. */
  #relist: Snapshot | undefined;
  /** What came after that list was taken. */
  #later: World["wire"] = [];
  readonly server: Server;
  readonly verdicts: Verdict[] = [];
  readonly visible = new Map<string, string>();
  readonly ghosts = new Map<string, StoredObject>();
  readonly #modes = new ListModes();
  readonly #sampler: Sampler;
  readonly #lies = new KnownLies();
  #doubted: ReadonlySet<ObjectKey> = new Set();
  wire: (HistoryEvent | { readonly bookmark: bigint })[] = [];
  readonly delivered: HistoryEvent[] = [];
  /** Per key, ascending. */
  readonly baselines = new Map<string, Baseline[]>();
  /** Time goes on with each request; nothing waits. */
  at = 0;
  listedAt = 0n;
  readonly clock: Clock = {
    now: () => this.at,
    monotonic: () => this.at,
    sleep: async (ms) => {
      this.at += ms;
      this.live(3);
    },
  };

  constructor(seed: number, server: Server) {
    this.random = randomBelow(seed);
    this.server = server;
    this.#sampler = new Sampler(seed);
    this.cluster = new ModelCluster(this.random, 5);
    for (let i = 0; i < 4; i++) this.cluster.act();
    this.send({ type: "relisted", epoch: 0, snapshot: this.cluster.snapshot() });
    this.rebase(this.cluster.version);
  }

  send(input: MergeInput): void {
    const { changes, verdicts, missing } = advance(this.state, input);
    expect(missing).toEqual([]);
    for (const change of changes) {
      if (change.type === "set") this.visible.set(change.object.name, change.object.resourceVersion);
      else this.visible.delete(change.key.slice(3));
    }
    for (const verdict of verdicts) {
      this.verdicts.push(verdict);
      this.check(verdict);
    }
  }

  rebase(version: bigint, names: readonly string[] = this.cluster.keys): void {
    for (const name of names) this.#base(name, version, this.cluster.at(name, version));
  }

  #base(name: string, version: bigint, state: Shown | undefined): void {
    const list = this.baselines.get(name) ?? [];
    const at = list.findIndex((one) => one.version > version);
    list.splice(at < 0 ? list.length : at, 0, { version, state });
    this.baselines.set(name, list);
  }

  shown(name: string, version: bigint): Shown | undefined {
    const base = this.baselines.get(name)?.findLast((one) => one.version <= version);
    return this.#since(name, base ?? { version: 0n, state: undefined }, version);
  }

  #since(name: string, base: Baseline, version: bigint): Shown | undefined {
    const told = this.delivered.filter(
      (e) => e.object.name === name && e.version > base.version && e.version <= version,
    );
    const last = told.toSorted((a, b) => (a.version < b.version ? -1 : 1)).at(-1);
    if (last === undefined) return base.state;
    return last.gone ? undefined : last.object;
  }

  check({ horizon, result, mode, drift, open = [] }: Verdict): void {
    if (result === "stale" || result === "inconclusive") return expect(drift).toEqual([]);
    const version = BigInt(horizon);
    const line = (name: string, shown: Shown | undefined, actual: Shown | undefined): string =>
      `${name}: ${shown?.uid}@${shown?.resourceVersion} for ${actual?.uid}@${actual?.resourceVersion}`;
    const found = drift.map((d: Drift) => line(d.key.slice(3), d.shown, d.actual)).toSorted();
    if (mode === "by-name") {
      const [one] = drift;
      const name = one?.key.slice(3) ?? "";
      const actual = this.cluster.at(name, version);
      // The list that the objects were asked after may not be judged yet: what it held is not claimed here.
      const spot = this.baselines.get(name)?.findLast((base) => base.version <= version);
      const base =
        spot !== undefined && spot.version > this.listedAt
          ? spot
          : { version: this.listedAt, state: this.cluster.at(name, this.listedAt) };
      const shown = this.#since(name, base, version);
      // Of an absence only a version at or after it is known: a new life may have begun since.
      const held = one?.actual === undefined && actual?.uid !== one?.shown?.uid ? undefined : actual;
      expect(found).toEqual([line(name, shown, held)]);
      // It is claimed once: from where that life really ended.
      const end = this.cluster.events.find((e) => e.gone && e.object.uid === one?.shown?.uid);
      this.#base(name, one?.actual === undefined ? (end?.version ?? version) : version, one?.actual);
      return;
    }
    const judged = this.cluster.keys.filter((name) => !open.some((key) => key === `ns/${name}`));
    const expected = judged.flatMap((name) => {
      const shown = this.shown(name, version);
      const actual = this.cluster.at(name, version);
      return shown?.uid === actual?.uid && shown?.resourceVersion === actual?.resourceVersion
        ? []
        : [line(name, shown, actual)];
    });
    expect(found, `${mode} at ${horizon}`).toEqual(expected.toSorted());
    this.rebase(version, judged);
  }

  /** Something may happen, a few times. */
  live(times: number): void {
    for (let i = this.random(times + 1); i > 0; i--) {
      this.gap();
      switch (this.random(5)) {
        case 0:
        case 1: {
          const event = this.cluster.act();
          const { ghostOneIn, lostOneIn = 4 } = this.server;
          if (event.gone && ghostOneIn !== undefined && this.random(ghostOneIn) === 0)
            this.ghosts.set(event.object.name, this.cluster.at(event.object.name, event.version - 1n) as StoredObject);
          else if (this.random(lostOneIn) > 0) (this.#relist === undefined ? this.wire : this.#later).push(event);
          break;
        }
        case 2:
          this.cluster.pass();
          break;
        case 3:
          this.bookmark();
          break;
        default:
          this.deliver();
      }
    }
  }

  bookmark(): void {
    if (this.server.noBookmarks !== true && this.#relist === undefined)
      this.wire.push({ bookmark: this.cluster.version });
  }

  /** A known gap begins, or its list arrives. */
  gap(): void {
    const { relistOneIn = 0, slowRelist = false } = this.server;
    if (this.#relist !== undefined && this.random(slowRelist ? 4 : 1) === 0) this.endGap();
    else if (this.#relist === undefined && relistOneIn > 0 && this.random(relistOneIn) === 0) {
      this.wire = [];
      this.#relist = this.cluster.snapshot();
    }
  }

  endGap(): void {
    const snapshot = this.#relist;
    if (snapshot === undefined) return;
    this.#relist = undefined;
    this.wire = this.#later;
    this.#later = [];
    this.send({ type: "relisted", epoch: 0, snapshot: { ...snapshot, takenAt: this.at }, cause: "expired" });
  }

  /** Another merger takes over: it knows what the view shows. */
  restart(): void {
    const now = currentClaims(this.state);
    const claims = new Map<ObjectKey, Claim>();
    for (const key of now.keys()) {
      const shown = now.at(key);
      if (shown !== undefined) claims.set(key, { uid: shown.uid, resourceVersion: shown.resourceVersion, gone: false });
    }
    const { epoch, horizon, position } = this.state;
    const meta = { epoch, horizon, version: position, streamedThrough: position, snapshotOnly: false };
    this.state = restoreMergeState({ ...NO_VIEW, ...meta }, claims);
  }

  deliver(): void {
    if (this.#relist !== undefined) return;
    const next = this.wire.shift();
    if (next === undefined) return;
    if ("bookmark" in next)
      return this.send({ type: "bookmark", epoch: 0, resourceVersion: String(next.bookmark) as never });
    this.delivered.push(next);
    this.send(observed(next));
  }

  /** What a list shows at a version: the truth, or, where there are ghosts, what the watch cache believes. */
  #listed(version: bigint): StoredObject[] {
    return this.cluster.keys.flatMap((name) => {
      const object = this.cluster.at(name, version) ?? this.ghosts.get(name);
      return object === undefined || BigInt(object.resourceVersion) > version ? [] : [object];
    });
  }

  #page<T>({ resourceVersion, match, limit, continue: token }: ListRequest, of: (object: StoredObject) => T) {
    this.at += 5;
    this.live(4);
    const { latestOnly, laggingOneIn = 0 } = this.server;
    if (match === "Exact" && latestOnly === true) throw apiError(400);
    const { compactedOneIn = 0 } = this.server;
    if (match === "Exact" && compactedOneIn > 0 && this.random(compactedOneIn) === 0) throw apiError(410);
    if (match === "Exact" && laggingOneIn > 0 && this.random(laggingOneIn) === 0)
      throw apiError(504, "Timeout: Too large resource version: 9, current: 8");
    const [version, from] =
      token === undefined
        ? [resourceVersion === undefined ? this.cluster.version : BigInt(resourceVersion), 0]
        : [BigInt(token.split(":")[0] ?? ""), Number(token.split(":")[1])];
    const all = this.#listed(version);
    const end = from + (limit ?? all.length);
    return {
      resourceVersion: String(version),
      items: all.slice(from, end).map(of),
      continue: end < all.length ? `${version}:${end}` : undefined,
      remainingItemCount: undefined,
      bytes: 1,
    };
  }

  readonly listWatch: ListWatch = {
    scope: { resource: PODS },
    list: async (request) => this.#page(request, (object) => object),
    watch: async () => Promise.reject(new Error("nobody watches here")),
    get: async ({ name }) => {
      if (this.server.noGet === true) throw apiError(403);
      this.live(3);
      return this.cluster.at(name, this.cluster.version);
    },
  };

  readonly sink: VerifySink = (() => {
    // oxlint-disable-next-line typescript/no-this-alias -- the getters below are the sink's
    const world = this;
    const seen = (view: FrozenView): FrozenView =>
      world.server.apart === true ? { ...view, unseen: () => false } : view;
    return {
      epoch: 0,
      comparable: true,
      missed: 0,
      get position() {
        return world.state.position;
      },
      known: (key) => currentClaims(world.state).at(key),
      offer: (inputs) => {
        for (const input of inputs) this.send(input);
        return true;
      },
      caughtUp: async () => {},
      freeze: async () => {
        this.send({ type: "verification-started", epoch: 0 });
        return seen(frozenClaims(world.state));
      },
      look: async () => seen(currentClaims(world.state)),
      passed: async (version) => {
        for (let tries = 0; tries < 30; tries++) {
          const { position } = world.state;
          if (position !== undefined && BigInt(position) >= BigInt(version)) return true;
          this.live(4);
          if (this.random(4) === 0) this.bookmark();
          this.deliver();
        }
        return false;
      },
    };
  })();

  async verify(samples: number): Promise<void> {
    this.at += 1000;
    const view = await this.sink.freeze(new AbortController().signal);
    const { wholeOnly } = this.server;
    const listMetadata = async (request: ListRequest): Promise<MetadataPage> => ({
      ...this.#page(request, ({ key, uid, resourceVersion }): Revision => ({ key, uid, resourceVersion })),
      metadataOnly: true,
    });
    const outcome = await verifyRound(
      {
        listWatch: wholeOnly === true ? this.listWatch : { ...this.listWatch, listMetadata },
        sink: this.sink,
        clock: this.clock,
        logger: silentLogger,
        signal: new AbortController().signal,
        random: () => this.random(1000) / 1000,
        listSlot: async (_, work) => work(),
        pageSize: 1 + this.random(4),
        modes: this.#modes,
        sampler: this.#sampler,
        lies: this.#lies,
        doubted: this.#doubted,
        samples,
        latest: this.random(5) === 0,
        inFull: false,
        onProgress: () => {},
      },
      view,
    );
    this.live(2);
    if (outcome === undefined) return;
    this.#doubted = outcome.doubted;
    this.listedAt = BigInt(outcome.input.snapshot.resourceVersion);
    this.send(outcome.input);
  }

  /** All that is on its way arrives, and the stream tells how far the cluster is. */
  arrive(): void {
    this.wire.push({ bookmark: this.cluster.version });
    while (this.wire.length > 0) this.deliver();
  }

  truth(): Record<string, string> {
    const pairs = this.cluster.keys.flatMap((name): [string, string][] => {
      const object = this.cluster.at(name, this.cluster.version);
      return object === undefined ? [] : [[name, object.resourceVersion]];
    });
    return Object.fromEntries(pairs);
  }
}

/** A history, and then quiet, until what is to be found must have been found. */
async function run(seed: number, server: Server): Promise<World> {
  const w = new World(seed, server);
  // What a gap has hidden is no longer the stream's own story: only what is claimed beside that is looked at.
  if (server.relistOneIn !== undefined || server.restartOneIn !== undefined) w.check = () => {};
  for (let round = 0; round < 6; round++) {
    w.live(12);
    await w.verify(w.random(4));
    if (server.restartOneIn !== undefined && w.random(server.restartOneIn) === 0) w.restart();
  }
  w.endGap();
  w.arrive();
  // Quiet: nothing happens within a request any more.
  w.live = () => {};
  for (let round = 0; round < 3; round++) {
    await w.verify(5);
    w.arrive();
  }
  expect(Object.fromEntries(w.visible), `seed ${seed}: the view is the cluster`).toEqual(w.truth());
  return w;
}

describe("a verification over random histories in which the cluster changes within every request", () => {
  const servers: Readonly<Record<string, Server>> = {
    "a server that is right": {},
    "a stream that loses nothing": { lostOneIn: 1e9 },
    "a server without exact lists": { latestOnly: true },
    "a server that sends whole objects alone": { wholeOnly: true },
    "lagging replicas": { laggingOneIn: 3 },
    "compacted versions": { compactedOneIn: 3 },
    "no right to read single objects": { noGet: true },
    "a stream without bookmarks": { noBookmarks: true },
    "a verifier apart from the merge": { apart: true },
    "a verifier apart, without exact lists": { apart: true, latestOnly: true },
  };
  for (const [name, server] of Object.entries(servers))
    test(`law 6: ${name}: ${RUNS} seeds, drift is exactly the difference, and the view ends as the cluster`, async () => {
      let drifts = 0;
      let verdicts = 0;
      for (let seed = 1; seed <= RUNS; seed++) {
        const w = await run(seed, server);
        drifts += w.verdicts.reduce((sum, { drift }) => sum + drift.length, 0);
        verdicts += w.verdicts.filter(({ result }) => result !== "inconclusive" && result !== "stale").length;
      }
      expect(verdicts).toBeGreaterThan(RUNS * 4);
      if (server.lostOneIn === 1e9) expect(drifts).toBe(0);
      else expect(drifts).toBeGreaterThan(RUNS);
    });

  const lossless: Readonly<Record<string, Server>> = {
    "lists of the streamer": { relistOneIn: 12 },
    "slow lists of the streamer": { relistOneIn: 12, slowRelist: true },
    "slow lists, and no exact ones": { relistOneIn: 12, slowRelist: true, latestOnly: true },
    "slow lists, and a verifier apart": { relistOneIn: 12, slowRelist: true, apart: true },
    "mergers that take over": { restartOneIn: 3 },
    "compacted versions": { compactedOneIn: 3 },
    "lagging replicas without exact lists": { laggingOneIn: 3, latestOnly: true, wholeOnly: true },
    "no bookmarks": { noBookmarks: true },
  };
  for (const [name, server] of Object.entries(lossless))
    test(`law 6: nothing lost, ${name}: ${RUNS} seeds, no event counts as missed upstream`, async () => {
      for (let seed = 1; seed <= RUNS; seed++) {
        const w = await run(seed, { ...server, lostOneIn: 1e9 });
        const claimed = w.verdicts.flatMap(({ drift }) => drift.filter(({ cause }) => cause === "upstream"));
        expect(claimed, `seed ${seed}`).toEqual([]);
      }
    });

  test(`a watch cache that lost deletions: ${RUNS} seeds, what list and stream agree on falsely is found by name`, async () => {
    let ghosts = 0;
    for (let seed = 1; seed <= RUNS; seed++) {
      const w = new World(seed, { ghostOneIn: 3, lostOneIn: 1e9, relistOneIn: seed % 2 === 0 ? 12 : 0 });
      // The list is not the truth here, so only the end is held against the cluster.
      w.check = () => {};
      for (let round = 0; round < 4; round++) {
        w.live(10);
        await w.verify(2);
      }
      w.endGap();
      w.arrive();
      w.live = () => {};
      for (let round = 0; round < 4; round++) {
        await w.verify(5);
        w.arrive();
      }
      ghosts += w.ghosts.size;
      expect(Object.fromEntries(w.visible), `seed ${seed}`).toEqual(w.truth());
      const { length } = w.verdicts;
      // Found once: from then on the list is refuted, and nothing is claimed.
      await w.verify(5);
      w.arrive();
      await w.verify(0);
      expect(w.verdicts.slice(length).flatMap(({ drift }) => drift)).toEqual([]);
    }
    expect(ghosts).toBeGreaterThan(RUNS / 2);
  });
});
