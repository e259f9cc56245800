// The client's watch against the real server, over sockets that break and servers that are killed.
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { KrmClient, type Timing, type WatchEvent } from "@krm/client";
import { MemoryStore, Monitor, PODS } from "@krm/core";
import { createServer, type KrmServer } from "@krm/server";
import { ClusterSource, SeededRandom, SimCluster } from "@krm/testkit";
import { FaultProxy, freePort } from "@krm/testkit/servers";
import { describe, expect, test, vi } from "vitest";
import { change, touch } from "./faults/changes.ts";
import { pod, withNamespaces } from "./roles/support.ts";

// Other work on the machine makes all of it slower.
vi.setConfig({ testTimeout: 60_000 });

/** The machine's own time, but for waits between two tries: those are as good as none. */
const impatient: Timing = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  sleep: async (ms, signal) => sleep(ms < 60_000 ? 1 : ms, undefined, { signal }),
  timeout: (ms) => AbortSignal.timeout(ms),
  random: () => Math.random(),
};

/** What a user builds from a watch, as the README says. */
class Cache {
  objects = new Map<string, string>();
  readonly resets: string[] = [];
  #next = this.objects;
  #waiting: (() => void) | undefined;

  async follow(events: AsyncIterable<WatchEvent<V1Pod>>): Promise<void> {
    for await (const event of events) {
      if (event.type === "reset") {
        this.resets.push(event.reason);
        this.#next = new Map();
      } else if (event.type === "synced") {
        this.objects = this.#next;
      } else if (event.type === "deleted") {
        this.#next.delete(keyOf(event.object));
      } else if (event.type !== "bookmark") {
        this.#next.set(keyOf(event.object), event.resourceVersion);
      }
      this.#waiting?.();
    }
  }

  /** Resolves when it holds just this. */
  async until(truth: () => ReadonlyMap<string, string>, why: string): Promise<void> {
    const met = Promise.withResolvers<void>();
    const look = (): void => {
      if (text(this.objects) === text(truth())) met.resolve();
    };
    const timer = setTimeout(() => {
      met.reject(new Error(`${why}: the cache holds ${text(this.objects)}, the cluster ${text(truth())}`));
    }, 10_000);
    this.#waiting = look;
    look();
    await met.promise.finally(() => clearTimeout(timer));
    this.#waiting = undefined;
  }
}

const keyOf = ({ metadata }: V1Pod): string => `${metadata?.namespace}/${metadata?.name}`;
const text = (objects: ReadonlyMap<string, string>): string =>
  JSON.stringify([...objects].map(([key, version]) => `${key}@${version}`).toSorted());

async function scene(seed: number) {
  const stack = new AsyncDisposableStack();
  const cluster = withNamespaces(new SimCluster({ seed }), "team-a", "team-b");
  for (let i = 0; i < 6; i++) pod(cluster, `p${i}`, "team-a", i % 2 === 0 ? { half: "yes" } : {});
  const source = new ClusterSource({ cluster, seed });
  const port = await freePort();
  const proxy = stack.use(new FaultProxy());
  await proxy.listen(port);
  let monitor: Monitor;
  let server: KrmServer | undefined;
  const stop = async (): Promise<void> => server?.close();
  const serve = async (): Promise<void> => {
    server = await createServer({ store: monitor.store, listen: { host: "127.0.0.1", port }, graceMs: 1 });
    await server.listen();
  };
  const observe = async (): Promise<void> => {
    monitor = new Monitor({ source, store: new MemoryStore(), resources: [PODS] }).start();
    await monitor.ready();
  };
  await observe();
  await serve();
  stack.defer(async () => {
    await stop();
    await monitor.stop();
  });
  const client = new KrmClient({ url: `http://127.0.0.1:${proxy.port}`, timing: impatient });
  const truth = (wanted: (labels: Readonly<Record<string, string>>) => boolean = () => true) =>
    new Map(
      cluster
        .list(PODS)
        .items.filter(({ metadata }) => wanted(metadata.labels ?? {}))
        .map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata.resourceVersion]),
    );
  return {
    cluster,
    proxy,
    client,
    truth,
    /** The server is killed: no connection ends in good order. */
    kill: async (): Promise<void> => {
      await proxy.cut();
      await stop();
    },
    revive: async (): Promise<void> => {
      await serve();
      await proxy.heal();
    },
    /** All that KRM knew is lost. */
    forget: async (): Promise<void> => {
      await monitor.stop();
      await observe();
    },
    [Symbol.asyncDispose]: async () => stack.disposeAsync(),
  };
}

describe("a cache that is built from the client's watch is the cluster", () => {
  test.each([1, 2, 3, 4])("whatever breaks, dies and is forgotten under it (seed %i)", async (seed) => {
    await using world = await scene(seed);
    const { cluster, client, proxy } = world;
    const random = new SeededRandom(seed);
    const stop = new AbortController();
    const all = new Cache();
    const half = new Cache();
    const following = Promise.allSettled([
      all.follow(client.watch("pods", { signal: stop.signal })),
      half.follow(client.watch("pods", { signal: stop.signal, labelSelector: "half=yes" })),
    ]);
    const churn = (): void => {
      for (let i = random.integer(1, 5); i > 0; i--) change(cluster, random, ["team-a", "team-b"]);
      pod(cluster, `half-${cluster.version}`, "team-a", { half: "yes" });
    };
    const equal = async (after: string): Promise<void> => {
      await all.until(world.truth, `after ${after}`);
      await half.until(() => world.truth(({ half: is }) => is === "yes"), `of one half, after ${after}`);
    };
    await equal("the start");
    const faults = {
      "broken connections": async () => {
        proxy.breakConnections();
        churn();
      },
      "a server that was killed": async () => {
        await world.kill();
        churn();
        await world.revive();
      },
      "a server that was killed while nothing changed": async () => {
        await world.kill();
        await world.revive();
        churn();
      },
      "a monitor that begins anew": async () => {
        await world.kill();
        churn();
        await world.forget();
        await world.revive();
        churn();
      },
    };
    for (let round = 0; round < 12; round++) {
      const name = random.pick(Object.keys(faults)) as keyof typeof faults;
      churn();
      await faults[name]();
      if (random.chance(0.5)) churn();
      await equal(name);
    }
    expect(all.resets[0]).toBe("start");
    const reason = new Error("enough");
    stop.abort(reason);
    expect(await following).toMatchObject([{ reason }, { reason }]);
  });

  test("broken connections alone begin nothing anew", async () => {
    await using world = await scene(1);
    const cache = new Cache();
    const stop = new AbortController();
    const following = cache.follow(world.client.watch("pods", { signal: stop.signal })).catch(() => {});
    await cache.until(world.truth, "at the start");
    for (let round = 0; round < 5; round++) {
      world.proxy.breakConnections();
      touch(world.cluster, "p1");
      await cache.until(world.truth, "after a broken connection");
    }
    expect(cache.resets).toEqual(["start"]);
    stop.abort();
    await following;
  });

  test("what is not served, or not let in, ends it with the server's word", async () => {
    await using world = await scene(1);
    const first = async (events: AsyncIterable<unknown>): Promise<unknown> => events[Symbol.asyncIterator]().next();
    await expect(first(world.client.watch("apps/v1/statefulsets"))).rejects.toMatchObject({
      code: "KRM_CLIENT_NOT_FOUND",
      status: 404,
    });
    await expect(first(world.client.watch("pods", { labelSelector: "a in" }))).rejects.toMatchObject({
      code: "KRM_CLIENT_BAD_REQUEST",
    });
  });
});
