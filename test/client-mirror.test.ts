// The client's mirror against the real server, which is killed, forgets, and comes back.
import type { V1Pod } from "@kubernetes/client-node";
import type { Mirror } from "@krm/client";
import { PODS } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { describe, expect, test, vi } from "vitest";
import { scene } from "./client-scene.ts";
import { change, touch } from "./faults/changes.ts";
import { pod, until } from "./roles/support.ts";

// Other work on the machine makes all of it slower.
vi.setConfig({ testTimeout: 60_000 });

const keyOf = ({ metadata }: V1Pod): string => `${metadata?.namespace}/${metadata?.name}`;
const versionOf = ({ metadata }: V1Pod): string => metadata?.resourceVersion ?? "";
const text = (objects: Iterable<readonly [string, string]>): string =>
  JSON.stringify([...objects].map(([key, version]) => `${key}@${version}`).toSorted());

/** Resolves when a mirror holds just this. */
async function equals(mirror: Mirror<V1Pod>, truth: () => ReadonlyMap<string, string>, why: string): Promise<void> {
  const held = (): string => text([...mirror].map((object) => [keyOf(object), versionOf(object)]));
  try {
    await mirror.waitFor(() => held() === text(truth()), { timeoutMs: 20_000 });
  } catch (cause) {
    throw new Error(`${why}: the mirror holds ${held()}, the cluster ${text(truth())}`, { cause });
  }
}

/** What its events make. */
function replay(mirror: Mirror<V1Pod>): ReadonlyMap<string, string> {
  const objects = new Map<string, string>();
  mirror.events.on("add", (object) => objects.set(keyOf(object), versionOf(object)));
  mirror.events.on("update", (object) => objects.set(keyOf(object), versionOf(object)));
  mirror.events.on("delete", (object) => objects.delete(keyOf(object)));
  return objects;
}

describe("a mirror is the cluster", () => {
  test.each<[string, number, (readonly string[])?]>([
    ["all namespaces", 1],
    ["all namespaces", 2],
    ["all namespaces", 3],
    ["two namespaces, one by one", 1, ["team-a", "team-b"]],
    ["two namespaces, one by one", 2, ["team-a", "team-b"]],
  ])("of %s, whatever breaks, dies and is forgotten under it (seed %i)", async (_, seed, namespaces) => {
    await using world = await scene(seed, namespaces);
    const { client, cluster, proxy } = world;
    const random = new SeededRandom(seed);
    await using all = client.mirror("pods");
    await using half = client.mirror("pods", { labelSelector: "half=yes" });
    const replayed = replay(all);
    const churn = (): void => {
      for (let i = random.integer(1, 5); i > 0; i--) change(cluster, random, ["team-a", "team-b"]);
      pod(cluster, `half-${cluster.version}`, "team-a", { half: "yes" });
    };
    const equal = async (after: string): Promise<void> => {
      await equals(all, world.truth, `after ${after}`);
      await equals(half, () => world.truth((labels) => labels["half"] === "yes"), `of one half, after ${after}`);
      expect(text(replayed)).toBe(text(world.truth()));
      const selected = all
        .list({ labelSelector: "half=yes" })
        .map((object) => [keyOf(object), versionOf(object)] as const);
      expect(text(selected)).toBe(text(world.truth((labels) => labels["half"] === "yes")));
    };
    await equal("the start");
    const faults = {
      "broken connections": async () => proxy.breakConnections(),
      "a server that was killed": async () => {
        await world.kill();
        churn();
        await world.revive();
      },
      "a monitor that begins anew": async () => {
        await world.kill();
        churn();
        await world.forget();
        await world.revive();
      },
    };
    for (let round = 0; round < 9; round++) {
      const name = random.pick(Object.keys(faults)) as keyof typeof faults;
      churn();
      await faults[name]();
      churn();
      await equal(name);
    }
  });

  test("what was deleted while nobody could tell is told, and that nobody could", async () => {
    await using world = await scene(1);
    await using pods = world.client.mirror("pods", { namespace: "team-a" });
    await pods.synced();
    const told: (readonly [string, boolean])[] = [];
    pods.events.on("delete", (object, { finalStateUnknown }) => told.push([keyOf(object), finalStateUnknown]));
    await world.kill();
    world.cluster.delete(PODS, "team-a", "p1", { gracePeriodSeconds: 0 });
    await world.forget();
    await world.revive();
    await pods.waitForObject({ name: "p1" }, (object) => object === undefined);
    expect(told).toEqual([["team-a/p1", true]]);
    expect(pods.freshness).toMatchObject({ state: "synced", connection: "following" });
  });

  test("a connection that goes on where it broke is known to be caught up at once, though nothing has changed", async () => {
    await using world = await scene(1);
    await using pods = world.client.mirror("pods");
    await pods.synced();
    const connected = new Promise((resolve) => pods.events.once("connect", resolve));
    world.proxy.breakConnections();
    expect(await connected).toMatchObject({ connection: "resuming", state: "synced" });
    await until(() => pods.freshness.connection === "following", "the mirror follows");
  });

  test("one reads what one has written, by its version or as the object that was answered", async () => {
    await using world = await scene(1);
    await using pods = world.client.mirror("pods");
    await pods.synced();
    touch(world.cluster, "p1");
    const written = world.cluster.get(PODS, "team-a", "p1");
    await pods.readYourWrites(written?.metadata.resourceVersion ?? "");
    expect(versionOf(pods.get("p1", "team-a") ?? {})).toBe(written?.metadata.resourceVersion);
    touch(world.cluster, "p2");
    await pods.readYourWrites({ metadata: world.cluster.get(PODS, "team-a", "p2")?.metadata ?? {} });
    expect(versionOf(pods.get("p2", "team-a") ?? {})).toBe(world.cluster.version);
    // A list does the same by itself: it is not older than that version, or an error.
    const list = await world.client.getPods({ resourceVersion: world.cluster.version });
    expect(list.freshness.resourceVersion).toBe(world.cluster.version);
  });

  test("the server answers who asks how its view is with no object, and whoever may only read one namespace", async () => {
    await using world = await scene(1);
    for (const path of ["/api/v1/pods", "/api/v1/namespaces/team-a/pods"]) {
      const answer = await fetch(`${world.url}${path}?fieldSelector=metadata.name%3D-`);
      expect(answer.headers.get("KRM-State")).toBe("synced");
      expect(await answer.json()).toMatchObject({ kind: "PodList", items: [] });
    }
  });

  test("what is not served ends it, with the server's word", async () => {
    await using world = await scene(1);
    await using sets = world.client.mirror("apps/v1/statefulsets");
    await expect(sets.synced()).rejects.toMatchObject({ code: "KRM_CLIENT_NOT_FOUND" });
    expect(sets.freshness.state).toBe("failed");
  });
});
