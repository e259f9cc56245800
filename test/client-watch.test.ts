// The client's watch against the real server, over sockets that break and servers that are killed.
import type { V1Pod } from "@kubernetes/client-node";
import type { WatchEvent } from "@krm/client";
import { SeededRandom } from "@krm/testkit";
import { describe, expect, test, vi } from "vitest";
import { scene } from "./client-scene.ts";
import { change, touch } from "./faults/changes.ts";
import { pod } from "./roles/support.ts";

// Other work on the machine makes all of it slower.
vi.setConfig({ testTimeout: 60_000 });

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
