import { parseResourceVersion } from "@krm/core";
import { ClusterSource, type ClusterSourceOptions, ManualClock, type SimCluster, WatchCacheModel } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { create, remove, listed, smallCluster, refusal, SCOPE, touch, watched } from "../support/in-process.ts";

/** Two servers, one as new as the cluster and one two events behind. */
function lagging(options: (cluster: SimCluster) => Partial<ClusterSourceOptions>) {
  const cluster = smallCluster();
  const behind = new WatchCacheModel({ cluster, behind: 2 });
  const source = new ClusterSource({ cluster, replicas: [cluster, behind], ...options(cluster) });
  return { cluster, behind, source, listWatch: source.listWatch(SCOPE) };
}

const toLagging = (): Partial<ClusterSourceOptions> => ({ route: () => 1 });

describe("a replica that lags behind", () => {
  it("lists an older state under its older version", async () => {
    const { cluster, listWatch } = lagging(toLagging);
    expect(await listWatch.list({})).toMatchObject({ resourceVersion: "5", items: { length: 1 } });
    remove(cluster, "a");
    expect(await listWatch.list({})).toMatchObject({ resourceVersion: "6", items: { length: 2 } });
    expect(await listed(listWatch, { resourceVersion: "0" })).toEqual(["a@5", "b@6"]);
    expect(await listWatch.get({ namespace: "default", name: "a" })).toBeUndefined();
  });

  it("refuses versions that it does not have yet, until it catches up", async () => {
    const { behind, listWatch } = lagging(toLagging);
    for (const match of ["Exact", "NotOlderThan"] as const) {
      expect(await refusal(listWatch.list({ resourceVersion: "7", match }))).toEqual({
        code: 504,
        reason: "Timeout",
        message: "Timeout: Too large resource version: 7, current: 5",
        retryAfterSeconds: 1,
      });
    }
    behind.catchUp();
    expect(await listed(listWatch, { resourceVersion: "7", match: "Exact" })).toEqual(["a@5", "b@6", "c@7"]);
  });

  it("tells its watches late, and none of what they know", async () => {
    const { behind, cluster, source, listWatch } = lagging(toLagging);
    const old = await watched(listWatch, { resourceVersion: parseResourceVersion("5") });
    const ahead = await watched(listWatch, { resourceVersion: parseResourceVersion("7") });
    source.bookmark();
    expect(await old.told()).toEqual(["BOOKMARK 5"]);
    touch(cluster, "a");
    touch(cluster, "a");
    expect(await old.told()).toEqual(["ADDED b@6", "ADDED c@7"]);
    source.bookmark();
    behind.lagBy(0);
    expect(await old.told()).toEqual(["BOOKMARK 7", "MODIFIED a@8", "MODIFIED a@9"]);
    create(cluster, "d");
    expect(await ahead.told()).toEqual(["BOOKMARK 7", "MODIFIED a@8", "MODIFIED a@9", "ADDED d@10"]);
  });

  it("serves its own version though the cluster has compacted it", async () => {
    const { cluster, behind, listWatch } = lagging(toLagging);
    behind.lagBy(Infinity);
    remove(cluster, "a");
    cluster.compact();
    const { resourceVersion } = await listWatch.list({});
    expect(await listed(listWatch, { resourceVersion, match: "Exact" })).toEqual(["a@5"]);
    const watch = await watched(listWatch, { resourceVersion: parseResourceVersion(resourceVersion) });
    behind.catchUp();
    expect(await watch.told()).toEqual(["ADDED b@6", "ADDED c@7", "DELETED a@8"]);
  });

  it("is late by the clock", async () => {
    const clock = new ManualClock();
    const cluster = smallCluster(clock);
    const cache = new WatchCacheModel({ cluster, delayMs: 2000 });
    touch(cluster, "a");
    await clock.advance(1000);
    touch(cluster, "b");
    await clock.advance(999);
    expect(cache.version).toBe("7");
    await clock.advance(1);
    expect(cache.version).toBe("8");
    cache.catchUp();
    expect(cache.version).toBe("9");
    cache[Symbol.dispose]();
    touch(cluster, "c");
    await clock.advance(5000);
    expect(cache.version).toBe("9");
  });
});

describe("which replica answers", () => {
  it("is drawn by seed, for each request but the further pages of a list", async () => {
    const versions = async (seed: number): Promise<string> => {
      const { listWatch } = lagging(() => ({ seed }));
      let drawn = "";
      for (let index = 0; index < 40; index++) drawn += (await listWatch.list({})).resourceVersion;
      return drawn;
    };
    expect(await versions(1)).toBe(await versions(1));
    expect(await versions(2)).not.toBe(await versions(1));
    expect([...(await versions(1))].filter((version) => version === "5").length).toBeGreaterThan(8);

    const { cluster, listWatch } = lagging(() => ({}));
    for (const name of ["d", "e"]) create(cluster, name);
    for (let index = 0; index < 40; index++) {
      const first = await listWatch.list({ limit: 1 });
      const second = await listWatch.list({ limit: 1, continue: first.continue });
      expect(second.resourceVersion).toBe(first.resourceVersion);
    }
  });

  it("is drawn anew for a request that is to go elsewhere", async () => {
    const { listWatch } = lagging(() => ({}));
    let refused = 0;
    for (let index = 0; index < 40; index++) {
      let first = await listWatch.list({ limit: 1 });
      while (first.resourceVersion !== "7") first = await listWatch.list({ limit: 1 });
      const next = listWatch.list({ limit: 1, continue: first.continue, elsewhere: true });
      if ((await refusal(next))?.code === 504) refused += 1;
    }
    expect(refused).toBeGreaterThan(8);
    expect(refused).toBeLessThan(32);
  });

  it("is for the test to say", async () => {
    const { listWatch } = lagging(() => ({
      route: (asked) => (asked.verb === "listMetadata" && asked.request.elsewhere !== true ? 1 : 0),
    }));
    expect((await listWatch.list({})).resourceVersion).toBe("7");
    expect((await listWatch.listMetadata?.({}))?.resourceVersion).toBe("5");
    expect((await listWatch.listMetadata?.({ elsewhere: true }))?.resourceVersion).toBe("7");
  });
});
