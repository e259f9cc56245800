import { DEPLOYMENTS, type ListWatch, PODS, type ResourceType, type Scope, type WatchEvent } from "@krm/core";
import {
  ClusterSource,
  CONFIG_MAPS,
  FaultPlan,
  LEASES,
  ManualClock,
  parseFaults,
  readHistory,
  recordHistory,
  SeededRandom,
  SimApiServer,
  SimCluster,
  swayAt,
  WatchCacheModel,
} from "@krm/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { SimClient } from "./support/sim-client.ts";

/** A multiple of every period below. */
const START = Date.UTC(2026, 0, 1);
const SWAY = "sway=5s/1m,sway.leases=400ms/1s";
const { sway } = parseFaults(SWAY);
const configMaps = "/api/v1/namespaces/default/configmaps";

/** When something was told, on the true clock: epoch milliseconds. */
interface Told {
  readonly what: string;
  readonly at: number;
}

/** How an event reads that was told. */
function described(type: string, name: string, version: string): string {
  return type === "BOOKMARK" ? `BOOKMARK ${version}` : `${type} ${name}@${version}`;
}

/** What a watch told, and when: over HTTPS or in process, it makes no difference. */
interface Watched {
  readonly told: readonly Told[];
  /** Waits, without time passing, until so many were told. */
  until(count: number): Promise<void>;
}

interface World extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly cluster: SimCluster;
  watch(resource: ResourceType, from: string): Promise<Watched>;
  /** What a server sends of itself when a minute is over. */
  bookmark(): void;
  /** What was sent until now has arrived. */
  arrived(): Promise<void>;
}

type Make = (options: { readonly clockOffsetMs?: number; readonly lagMs?: number }) => Promise<World>;

class Telling implements Watched {
  readonly told: Told[] = [];
  readonly #clock: ManualClock;
  #arrived = Promise.withResolvers<void>();

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  tell(what: string): void {
    this.told.push({ what, at: this.#clock.now() });
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }

  async until(count: number): Promise<void> {
    while (this.told.length < count) await this.#arrived.promise;
  }
}

function plural({ group, version, resource }: ResourceType): string {
  const base = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${base}/namespaces/default/${resource}`;
}

const overHttp: Make = async ({ clockOffsetMs = 0, lagMs }) => {
  const clock = new ManualClock({ now: START });
  const cluster = new SimCluster({ clock, clockOffsetMs });
  const lag = lagMs === undefined ? "" : `,lag=1:${lagMs}ms`;
  const server = new SimApiServer({ cluster, faults: new FaultPlan(parseFaults(`${SWAY}${lag}`), 1) });
  await server.listen();
  const client = new SimClient(server);
  return {
    clock,
    cluster,
    async watch(resource, from) {
      const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${from}&timeoutSeconds=3600`;
      const watch = await client.watch(`${plural(resource)}?${query}`);
      const telling = new Telling(clock);
      void (async () => {
        for (let event = await watch.next(); event !== undefined; event = await watch.next()) {
          const { name, resourceVersion } = event.object.metadata;
          telling.tell(described(event.type, name, resourceVersion));
        }
      })().catch(() => {});
      return telling;
    },
    bookmark() {},
    async arrived() {
      // Sent later, and over a connection that is as fast.
      await client.call("/livez");
    },
    async [Symbol.asyncDispose]() {
      await server.close();
    },
  };
};

const inProcess: Make = async ({ clockOffsetMs = 0, lagMs }) => {
  const clock = new ManualClock({ now: START });
  const cluster = new SimCluster({ clock, clockOffsetMs });
  const cache = lagMs === undefined ? undefined : new WatchCacheModel({ cluster, delayMs: lagMs });
  const source = new ClusterSource({ cluster, sway, cache });
  const closed = new AbortController();
  return {
    clock,
    cluster,
    async watch(resource, from) {
      const scope: Scope = { resource, namespace: "default" };
      const request = { resourceVersion: from, timeoutSeconds: 3600 } as Parameters<ListWatch["watch"]>[0];
      const events = await source.listWatch(scope).watch(request, { signal: closed.signal });
      const telling = new Telling(clock);
      const read = async (stream: AsyncIterable<readonly WatchEvent[]>): Promise<void> => {
        for await (const batch of stream)
          for (const event of batch) {
            if (event.type === "ERROR") continue;
            if (event.type === "BOOKMARK") telling.tell(described("BOOKMARK", "", event.resourceVersion));
            else telling.tell(described(event.type, event.object.name, event.object.resourceVersion));
          }
      };
      void read(events).catch(() => {});
      return telling;
    },
    bookmark() {
      source.bookmark();
    },
    async arrived() {},
    async [Symbol.asyncDispose]() {
      closed.abort();
    },
  };
};

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

/** It is closed when the test ends. */
function opened<T extends AsyncDisposable>(made: T): T {
  open.push(made);
  return made;
}

function create(cluster: SimCluster, name: string, resource: ResourceType = CONFIG_MAPS): void {
  cluster.create(resource, { metadata: { name } }, { namespace: "default" });
}

describe("swayAt", () => {
  it("rises from 0 to the most and falls back, within a period that begins at the epoch", () => {
    const at = [0, 1000, 15_000, 29_999, 30_000, 45_000, 59_988, 60_000].map((ms) => swayAt(sway, PODS, START + ms));
    expect(at).toEqual([0, 167, 2500, 5000, 5000, 2500, 2, 0]);
    expect(swayAt(sway, PODS, -15_000)).toBe(2500);
  });

  it("is of the resource that is named, with its group or without, or of all others", () => {
    const { sway: of } = parseFaults("sway.deployments.apps=1s/3s,sway.deployments=2s/5s,sway.pods=1s/4s");
    const top = (ms: number, resource: ResourceType): number => swayAt(of, resource, ms);
    expect(top(1500, DEPLOYMENTS)).toBe(1000);
    expect(top(2500, { ...DEPLOYMENTS, group: "example.com" })).toBe(2000);
    expect(top(2000, PODS)).toBe(1000);
    expect(top(2000, LEASES)).toBe(0);
    expect(swayAt(undefined, PODS, 1)).toBe(0);
  });

  it("keeps the order of events, whenever they come", () => {
    const tight = parseFaults("sway=5s/10001ms").sway;
    let last = -Infinity;
    for (let at = START; at < START + 30_000; at++) {
      const told = at + swayAt(tight, PODS, at);
      expect(told).toBeGreaterThanOrEqual(last);
      last = told;
    }
  });

  it("has the percentiles of an even spread", () => {
    const random = new SeededRandom(3);
    const delays = Array.from({ length: 20_000 }, () => swayAt(sway, PODS, START + random.integer(0, 59_999)));
    delays.sort((a, b) => a - b);
    for (const share of [0.05, 0.5, 0.95, 0.99])
      expect(Math.abs((delays[Math.floor(share * 20_000)] as number) - share * 5000)).toBeLessThan(60);
  });
});

describe.each([
  ["over HTTPS", overHttp],
  ["in process", inProcess],
])("a watch %s", (_where, make) => {
  it("tells each event so much later, to the millisecond, and in order", async () => {
    const world = opened(await make({}));
    const { clock, cluster } = world;
    const lines: string[] = [];
    recordHistory(cluster, (line) => lines.push(line));
    const watched = await world.watch(CONFIG_MAPS, cluster.version);
    const random = new SeededRandom(1);
    const commits = Array.from({ length: 40 }, () => START + random.integer(0, 58_000)).toSorted((x, y) => x - y);
    const due = commits.map((at) => at + swayAt(sway, CONFIG_MAPS, at));
    for (const at of [...new Set([...commits, ...due])].toSorted((x, y) => x - y)) {
      await clock.advance(at - clock.now());
      for (const each of commits) if (each === at) create(cluster, `c${cluster.version}`);
      await watched.until(due.filter((each) => each <= at).length);
    }
    const changes = readHistory(lines).changes(CONFIG_MAPS);
    expect(changes.map(({ at }) => at)).toEqual(commits);
    expect(watched.told).toEqual(
      changes.map(({ at, object: { metadata } }) => ({
        what: `ADDED ${metadata.name}@${metadata.resourceVersion}`,
        at: at + swayAt(sway, CONFIG_MAPS, at),
      })),
    );
  });

  it("goes by the true clock, whatever the cluster's shows", async () => {
    const world = opened(await make({ clockOffsetMs: -13_000 }));
    const { clock, cluster } = world;
    await clock.advance(30_000);
    const watched = await world.watch(CONFIG_MAPS, cluster.version);
    create(cluster, "a");
    await clock.advance(4999);
    await world.arrived();
    expect(watched.told).toEqual([]);
    await clock.advance(1);
    await watched.until(1);
    expect(watched.told[0]?.at).toBe(START + 35_000);
  });

  it("tells of each resource by its own measure", async () => {
    const world = opened(await make({}));
    const { clock, cluster } = world;
    await clock.advance(30_500);
    const leases = await world.watch(LEASES, cluster.version);
    const maps = await world.watch(CONFIG_MAPS, cluster.version);
    create(cluster, "l", LEASES);
    create(cluster, "c");
    await clock.advance(400);
    await leases.until(1);
    await world.arrived();
    expect(maps.told).toEqual([]);
    await clock.advance(4517);
    await maps.until(1);
    expect([leases.told[0]?.at, maps.told[0]?.at]).toEqual([START + 30_900, START + 35_417]);
  });

  it("lets no bookmark overtake what is under way, and holds none up longer", async () => {
    const world = opened(await make({}));
    const { clock, cluster } = world;
    await clock.advance(30_000);
    const watched = await world.watch(CONFIG_MAPS, cluster.version);
    // The server's own bookmark comes 60 s after the start of the watch: at 90 s, when delays are at their most.
    await clock.advance(57_000);
    create(cluster, "a");
    const a = cluster.version;
    await clock.advance(1000);
    create(cluster, "b");
    const b = cluster.version;
    await clock.advance(2000);
    world.bookmark();
    create(cluster, "late");
    await clock.advance(1500);
    await watched.until(1);
    await clock.advance(1166);
    await world.arrived();
    expect(watched.told.map(({ what }) => what)).toEqual([`ADDED a@${a}`]);
    await clock.advance(1);
    await watched.until(3);
    // `a` of 87 s is 4.5 s late; `b` of 88 s 4.667 s.
    expect(watched.told).toEqual([
      { what: `ADDED a@${a}`, at: START + 91_500 },
      { what: `ADDED b@${b}`, at: START + 92_667 },
      { what: `BOOKMARK ${b}`, at: START + 92_667 },
    ]);
    await clock.advance(2333);
    await watched.until(4);
    expect(watched.told.at(-1)).toEqual({ what: `ADDED late@${cluster.version}`, at: START + 95_000 });
  });

  it("sends a bookmark at once when nothing is under way", async () => {
    const world = opened(await make({}));
    const { clock, cluster } = world;
    const watched = await world.watch(CONFIG_MAPS, cluster.version);
    await clock.advance(60_000);
    world.bookmark();
    await watched.until(1);
    expect(watched.told).toEqual([{ what: `BOOKMARK ${cluster.version}`, at: START + 60_000 }]);
  });

  it("does not begin the delay anew for one who watches again", async () => {
    const world = opened(await make({}));
    const { clock, cluster } = world;
    await clock.advance(30_000);
    const from = cluster.version;
    create(cluster, "a");
    await clock.advance(3000);
    const second = await world.watch(CONFIG_MAPS, from);
    await clock.advance(1999);
    await world.arrived();
    expect(second.told).toEqual([]);
    await clock.advance(1);
    await second.until(1);
    const third = await world.watch(CONFIG_MAPS, from);
    await third.until(1);
    expect([second.told[0]?.at, third.told[0]?.at]).toEqual([START + 35_000, START + 35_000]);
  });

  it("counts what a replica's lag has taken already", async () => {
    const world = opened(await make({ lagMs: 2000 }));
    const { clock, cluster } = world;
    await clock.advance(30_000);
    const from = cluster.version;
    const watched = await world.watch(CONFIG_MAPS, from);
    create(cluster, "a");
    await clock.advance(4999);
    await world.arrived();
    expect(watched.told).toEqual([]);
    await clock.advance(1);
    await watched.until(1);
    expect(watched.told[0]?.at).toBe(START + 35_000);
  });
});

describe("sway over HTTPS", () => {
  async function served(
    faults: string,
  ): Promise<{ clock: ManualClock; cluster: SimCluster; server: SimApiServer; client: SimClient }> {
    const clock = new ManualClock({ now: START + 30_000 });
    const cluster = new SimCluster({ clock });
    const server = opened(new SimApiServer({ cluster, faults: new FaultPlan(parseFaults(faults), 7) }));
    await server.listen();
    return { clock, cluster, server, client: new SimClient(server) };
  }

  it("leaves lists and initial events alone", async () => {
    const { cluster, client } = await served("sway=5s/1m");
    create(cluster, "a");
    expect((await client.call(configMaps)).json.items).toHaveLength(1);
    const initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const watch = await client.watch(`${configMaps}?watch=1&${initial}`);
    expect([(await watch.next()).type, (await watch.next()).type]).toEqual(["ADDED", "BOOKMARK"]);
  });

  it("holds for doubled events and for those that change places", async () => {
    const { clock, cluster, client } = await served("sway=5s/1m,dup=1,reorder=1");
    const watch = await client.watch(`${configMaps}?watch=1&resourceVersion=${cluster.version}`);
    create(cluster, "a");
    await clock.advance(600);
    create(cluster, "b");
    const held = clock.pending;
    await clock.advance(4899);
    expect(clock.pending).toBeLessThan(held);
    await clock.advance(1);
    const told = [await watch.next(), await watch.next(), await watch.next()];
    expect(told.map(({ object }) => object.metadata.name)).toEqual(["b", "b", "a"]);
    create(cluster, "c");
    await clock.advance(1000);
    // Nothing takes its place within a second, but it is not sent before its time either.
    const next = watch.next().then(({ object }) => object.metadata.name);
    expect(await Promise.race([next, client.call(configMaps)])).not.toBe("c");
    await clock.advance(5000);
    expect(await next).toBe("c");
  });

  it("is over for all who watch when it is switched off", async () => {
    const { clock, cluster, server, client } = await served("sway=5s/1m");
    const watch = await client.watch(`${configMaps}?watch=1&resourceVersion=${cluster.version}`);
    create(cluster, "a");
    server.faults = undefined;
    await clock.advance(5000);
    expect((await watch.next()).object.metadata.name).toBe("a");
    create(cluster, "b");
    expect((await watch.next()).object.metadata.name).toBe("b");
  });
});
