import { parseResourceVersion } from "@krm/core";
import { type ClusterEvent, ClusterSource, WatchCacheModel } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { create, remove, listed, smallCluster, refusal, SCOPE, touch, watched } from "../support/in-process.ts";

const A = { namespace: "default", name: "a" };

function lying(lose: (event: ClusterEvent) => boolean) {
  const cluster = smallCluster();
  const cache = new WatchCacheModel({ cluster, lose });
  const source = new ClusterSource({ cluster, cache, streamingLists: true });
  return { cluster, cache, source, listWatch: source.listWatch(SCOPE) };
}

const loseAll = (type: ClusterEvent["type"]) => (event: ClusterEvent) => event.type === type;

describe("a watch cache that loses events", () => {
  it("keeps a deleted object for ever, in lists of every kind, and tells no watch of it", async () => {
    const { cluster, cache, source, listWatch } = lying(loseAll("DELETED"));
    const watch = await watched(listWatch, { resourceVersion: parseResourceVersion("7") });
    remove(cluster, "a");
    source.bookmark();
    expect(await watch.told()).toEqual(["BOOKMARK 8"]);
    expect(cache.lost).toBe(1);
    for (const request of [
      {},
      { limit: 500 },
      { resourceVersion: "0" },
      { resourceVersion: "8", match: "Exact" },
    ] as const) {
      expect(await listed(listWatch, request)).toEqual(["a@5", "b@6", "c@7"]);
      expect(await listWatch.listMetadata?.(request)).toMatchObject({ resourceVersion: "8", items: { length: 3 } });
    }
    expect(await (await watched(listWatch, { initialEvents: true })).told()).toEqual(
      expect.arrayContaining(["ADDED a@5", "END 8"]),
    );
    expect(await listWatch.get(A)).toBeUndefined();
    touch(cluster, "b");
    expect(await listed(listWatch)).toEqual(["a@5", "b@9", "c@7"]);
  });

  it("keeps the version before a lost change, until the next change", async () => {
    let losing = true;
    const { cluster, listWatch } = lying(() => losing);
    const watch = await watched(listWatch, { resourceVersion: parseResourceVersion("7") });
    touch(cluster, "a");
    expect(await listed(listWatch)).toEqual(["a@5", "b@6", "c@7"]);
    expect(await listWatch.get(A)).toMatchObject({ resourceVersion: "8" });
    losing = false;
    touch(cluster, "a");
    expect(await watch.told()).toEqual(["MODIFIED a@9"]);
    expect(await listed(listWatch)).toEqual(["a@9", "b@6", "c@7"]);
    // What was lost is not in the past either.
    expect(await listed(listWatch, { resourceVersion: "8", match: "Exact" })).toEqual(["a@5", "b@6", "c@7"]);
    expect(await (await watched(listWatch, { resourceVersion: parseResourceVersion("7") })).told()).toEqual([
      "MODIFIED a@9",
    ]);
  });

  it("takes a new object for a change of the old one whose deletion it lost", async () => {
    const { cluster, listWatch } = lying(loseAll("DELETED"));
    const watch = await watched(listWatch, { resourceVersion: parseResourceVersion("7") });
    const before = (await listWatch.get(A))?.uid;
    remove(cluster, "a");
    create(cluster, "a");
    expect(await watch.told()).toEqual(["MODIFIED a@9"]);
    const [a] = (await listWatch.list({})).items;
    expect(a?.uid).not.toBe(before);
  });

  it("is silent about the end of what it never saw begin, and calls its first sight of it a creation", async () => {
    const { cluster, listWatch } = lying(loseAll("ADDED"));
    const watch = await watched(listWatch, { resourceVersion: parseResourceVersion("7") });
    create(cluster, "d");
    remove(cluster, "d");
    create(cluster, "e");
    touch(cluster, "e");
    expect(await watch.told()).toEqual(["ADDED e@11"]);
    expect(await listed(listWatch)).toEqual(["a@5", "b@6", "c@7", "e@11"]);
  });

  it("shows of a deletion the last state that it had", async () => {
    const { cluster, listWatch } = lying(loseAll("MODIFIED"));
    const stream = await listWatch.watch({ resourceVersion: parseResourceVersion("7"), timeoutSeconds: 300 });
    touch(cluster, "a");
    remove(cluster, "a");
    for await (const [event] of stream) {
      expect(event).toMatchObject({ type: "DELETED", object: { name: "a", resourceVersion: "9" } });
      expect(event?.type === "DELETED" && event.object.labels).toEqual({});
      break;
    }
  });

  it("tells the truth when it is rebuilt, also by a restore of the cluster", async () => {
    const { cluster, cache, listWatch } = lying(loseAll("DELETED"));
    remove(cluster, "a");
    const watch = await watched(listWatch, { resourceVersion: parseResourceVersion("4") });
    await watch.told();
    cache.rebuild();
    expect(await watch.told()).toEqual([]);
    expect(await listed(listWatch)).toEqual(["b@6", "c@7"]);
    remove(cluster, "b");
    expect(await listed(listWatch)).toEqual(["b@6", "c@7"]);
    cluster.restore("7");
    expect(cache.version).toBe("7");
    expect(await listed(listWatch)).toEqual(["a@5", "b@6", "c@7"]);
  });

  it("forgets what the cluster compacts", async () => {
    const { cache, cluster, listWatch } = lying(loseAll("DELETED"));
    remove(cluster, "a");
    touch(cluster, "b");
    cluster.compact();
    touch(cluster, "c");
    expect(cache.eventCount).toBe(1);
    expect(await refusal(listWatch.list({ resourceVersion: "7", match: "Exact" }))).toMatchObject({ code: 410 });
    const watch = await watched(listWatch, { resourceVersion: parseResourceVersion("7") });
    expect(await watch.rest()).toEqual(["ERROR 410"]);
    expect(await listed(listWatch)).toEqual(["a@5", "b@9", "c@10"]);
  });

  it("is made of what there was, history and all", async () => {
    const cluster = smallCluster();
    touch(cluster, "a");
    cluster.compact("6");
    const cache = new WatchCacheModel({ cluster });
    const source = new ClusterSource({ cluster, cache }).listWatch(SCOPE);
    expect(await listed(source, { resourceVersion: "7", match: "Exact" })).toEqual(["a@5", "b@6", "c@7"]);
    expect(await listed(source)).toEqual(["a@8", "b@6", "c@7"]);
    const watch = await watched(source, { resourceVersion: parseResourceVersion("6") });
    expect(await watch.told()).toEqual(["ADDED c@7", "MODIFIED a@8"]);
  });
});
