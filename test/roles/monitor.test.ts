import {
  type ApiStatus,
  decodeListPage,
  DEPLOYMENTS,
  type Drift,
  KrmError,
  type ListWatch,
  MemoryStore,
  Monitor,
  type MonitorOptions,
  PODS,
  type ScopeStatus,
  type StreamerReport,
} from "@krm/core";
import { ClusterSource, type ClusterSourceOptions, ManualClock, SimCluster } from "@krm/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { deployment, pod, settle, truth, until, view, withNamespaces } from "./support.ts";

const open: Monitor[] = [];
afterEach(async () => {
  for (const monitor of open.splice(0)) await monitor.stop();
});

interface World {
  readonly clock: ManualClock;
  readonly cluster: SimCluster;
  readonly source: ClusterSource;
  readonly monitor: Monitor;
  readonly drift: Drift[];
  readonly verdicts: string[];
  status(): Promise<ScopeStatus>;
  streamer(): Promise<StreamerReport>;
  /** The view and the cluster are the same, byte for byte. */
  equal(): Promise<boolean>;
}

function world(options: Partial<MonitorOptions> = {}, source: Partial<ClusterSourceOptions> = {}): World {
  const clock = new ManualClock();
  const cluster = withNamespaces(new SimCluster({ clock, seed: 7 }), "team-a", "team-b");
  for (let i = 0; i < 5; i++) pod(cluster, `p${i}`);
  const from = new ClusterSource({ cluster, ...source });
  const monitor = new Monitor({ source: from, clock, resources: [PODS], random: () => 0.5, pageSize: 2, ...options });
  open.push(monitor);
  const drift: Drift[] = [];
  const verdicts: string[] = [];
  monitor.events.on("drift", (_, found) => drift.push(found));
  monitor.events.on("verified", (_, verdict) => verdicts.push(verdict.result));
  const status = async (): Promise<ScopeStatus> => (await monitor.status())[0] as ScopeStatus;
  const streamer = async (): Promise<StreamerReport> => (await status()).reports.streamer as StreamerReport;
  const equal = async (): Promise<boolean> => {
    const [seen, actual] = [await view(monitor.store, { resource: PODS }), truth(cluster, PODS)];
    return JSON.stringify(seen) === JSON.stringify(actual);
  };
  return { clock, cluster, source: from, monitor, drift, verdicts, status, streamer, equal };
}

async function watching(w: World): Promise<void> {
  w.monitor.start();
  await w.monitor.ready();
  await until(() => w.source.openWatches === 1, "a watch is open");
}

/** Time until the roles have told the store how they are. */
async function report(w: World): Promise<void> {
  await w.clock.advance(1000);
  await settle();
}

const gone: ApiStatus = {
  code: 410,
  reason: "Expired",
  message: "too old resource version",
  retryAfterSeconds: undefined,
};
const apiError = (status: Partial<ApiStatus> & { code: number }): KrmError =>
  new KrmError("KRM_API_STATUS", "no", {
    status: { reason: "", message: "no", retryAfterSeconds: undefined, ...status },
  });

describe("the stream", () => {
  test("lists page by page, then follows: creations, changes and deletions, byte for byte", async () => {
    const w = world();
    await watching(w);
    expect(w.source.requests).toEqual({ list: 3, watch: 1, get: 0 });
    expect(await w.equal()).toBe(true);
    pod(w.cluster, "new");
    w.cluster.patch(PODS, "team-a", "p1", { metadata: { labels: { color: "red" } } });
    w.cluster.delete(PODS, "team-a", "p2");
    await until(w.equal, "the view follows");
    expect((await w.status()).state).toBe("synced");
    expect((await w.status()).view.version).toBe(w.cluster.version);
  });

  test("trap 22: a watch that ends in good order goes on from where it was, without a list", async () => {
    const w = world();
    await watching(w);
    pod(w.cluster, "before");
    await until(w.equal, "the view follows");
    w.source.endWatches();
    pod(w.cluster, "between");
    await until(async () => (await w.equal()) && w.source.openWatches === 1, "the view follows the second watch");
    expect(w.source.requests.list).toBe(3);
  });

  test("traps 1, 9, 10: 410 inside the stream leads to a list that removes, adds and tells a new life by its uid", async () => {
    const w = world({}, { tell: () => [] });
    await watching(w);
    w.cluster.delete(PODS, "team-a", "p0");
    w.cluster.delete(PODS, "team-a", "p1");
    const reborn = pod(w.cluster, "p1");
    const removals: string[] = [];
    w.monitor.events.on("commit", (_, { changes }) => {
      for (const change of changes) {
        if (change.type === "removed")
          removals.push(`${change.key} ${change.finalState === "unknown" ? "unknown" : "known"}`);
        else expect(change.previous?.uid).not.toBe(reborn.metadata.uid);
      }
    });
    w.source.failWatches(gone);
    await until(w.equal, "the list puts the view right");
    expect(removals).toEqual(["team-a/p0 unknown"]);
    await report(w);
    expect((await w.streamer()).desyncs.expired).toBe(1);
  });

  test("410 at connect, after a compaction: a list, not an end", async () => {
    const w = world();
    await watching(w);
    w.source.endWatches(new KrmError("KRM_CONNECTION", "reset"));
    await until(() => w.source.openWatches === 0, "the watch is closed");
    w.cluster.delete(PODS, "team-a", "p3");
    pod(w.cluster, "p9");
    w.cluster.compact();
    await w.clock.advance(2000);
    await until(w.equal, "the view is right again");
    await until(() => w.source.openWatches === 1, "it watches again");
  });

  test("trap 24: 429 keeps the version, waits as asked, and lists nothing", async () => {
    let refuse = false;
    const w = world(
      {},
      {
        beforeRequest: ({ verb }) => {
          if (refuse && verb === "watch") throw apiError({ code: 429, retryAfterSeconds: 20 });
        },
      },
    );
    await watching(w);
    await w.clock.advance(2000);
    refuse = true;
    w.source.endWatches();
    await until(async () => w.source.requests.watch === 2, "it was turned away");
    refuse = false;
    await w.clock.advance(19_000);
    await settle();
    expect(w.source.requests).toMatchObject({ watch: 2, list: 3 });
    await w.clock.advance(3000);
    await until(() => w.source.openWatches === 1, "it watches again");
    expect(w.source.requests).toMatchObject({ watch: 3, list: 3 });
  });

  test("an API server that vanishes: the last view stays, becomes stale, and recovers with nothing lost", async () => {
    let down = false;
    const w = world(
      {},
      {
        beforeRequest: () => {
          if (down) throw new KrmError("KRM_CONNECTION", "refused");
        },
      },
    );
    await watching(w);
    down = true;
    w.source.endWatches(new KrmError("KRM_CONNECTION", "reset"));
    const before = await view(w.monitor.store, { resource: PODS });
    await w.clock.advance(60_000);
    await settle();
    expect(await view(w.monitor.store, { resource: PODS })).toEqual(before);
    expect(await w.status()).toMatchObject({ state: "stale", error: { code: "KRM_CONNECTION" } });
    pod(w.cluster, "meanwhile");
    w.cluster.delete(PODS, "team-a", "p0");
    down = false;
    await w.clock.advance(61_000);
    await until(w.equal, "the view caught up");
    await report(w);
    expect((await w.status()).state).toBe("synced");
    expect((await w.streamer()).lists).toBe(1);
  });

  test("trap 25: a half-open watch is given up 5 s after it should have ended, or after 150 s where bookmarks come", async () => {
    const w = world();
    await watching(w);
    await w.clock.advance(449_000);
    expect(w.source.requests.watch).toBe(1);
    await w.clock.advance(8000);
    await until(() => w.source.requests.watch === 2 && w.source.openWatches === 1, "it connected anew");
    w.source.bookmark();
    await settle();
    await w.clock.advance(149_000);
    expect(w.source.requests.watch).toBe(2);
    // It may look only as often as the bound, and then backs off.
    await w.clock.advance(160_000);
    await until(() => w.source.requests.watch === 3, "it connected anew");
    expect(w.source.requests.list).toBe(3 + 3 * w.verdicts.length);
  });

  test("law 7: an unreadable frame is a gap that is counted and resynced", async () => {
    const w = world();
    await watching(w);
    w.source.endWatches(new KrmError("KRM_DECODE", "half a frame"));
    w.cluster.delete(PODS, "team-a", "p4");
    await until(w.equal, "the list puts the view right");
    await report(w);
    expect((await w.streamer()).desyncs.undecodable).toBe(1);
  });

  test("law 12: what is forbidden is a state of its own, probed slowly; other resources go on", async () => {
    let forbidden = true;
    const w = world(
      { resources: [PODS, DEPLOYMENTS] },
      {
        beforeRequest: ({ scope }) => {
          if (forbidden && scope.resource.resource === "pods")
            throw apiError({ code: 403, reason: "Forbidden", message: "pods is forbidden" });
        },
      },
    );
    deployment(w.cluster, "web");
    w.monitor.start();
    await until(() => w.source.openWatches === 1, "deployments are watched");
    await report(w);
    const [pods, deployments] = await w.monitor.status();
    expect(pods).toMatchObject({ state: "forbidden", error: { status: 403, message: "no" } });
    expect(deployments).toMatchObject({ state: "synced", view: { objects: 1 } });
    await w.clock.advance(50_000);
    expect(w.source.requests.list).toBe(2);
    forbidden = false;
    await w.clock.advance(50_000);
    await w.monitor.ready();
    expect(await w.equal()).toBe(true);
  });

  test("trap 17, 18: a continue token that expires starts the list over", async () => {
    let pages = 0;
    const w = world(
      {},
      {
        beforeRequest: ({ verb, ...rest }) => {
          if (
            verb === "list" &&
            "request" in rest &&
            "continue" in rest.request &&
            rest.request.continue !== undefined &&
            ++pages === 2
          )
            throw apiError({ code: 410, reason: "Expired" });
        },
      },
    );
    await watching(w);
    expect(await w.equal()).toBe(true);
    expect(w.source.requests.list).toBe(6);
  });

  test("trap 5: the history of an etcd restore starts a new epoch", async () => {
    const w = world();
    await watching(w);
    const old = w.cluster.version;
    const beforeRestore = w.cluster.version;
    for (let i = 0; i < 5; i++) pod(w.cluster, `lost${i}`);
    await until(w.equal, "the view follows");
    w.source.endWatches();
    w.cluster.restore(beforeRestore);
    expect(w.cluster.version).toBe(old);
    w.monitor.verifyNow();
    await until(w.equal, "the view went back with the cluster");
    await until(async () => (await w.status()).view.epoch === 1, "the epoch is counted");
    await report(w);
    expect((await w.streamer()).desyncs["epoch-reset"]).toBe(1);
    pod(w.cluster, "after");
    await until(w.equal, "it goes on in the new epoch");
  });
});

describe("law 5: a restored cluster", () => {
  test("is noticed whichever request of the restore fails", async () => {
    for (let failing = 0; failing < 8; failing++) {
      let requests = -1;
      const w = world(
        {},
        {
          beforeRequest: () => {
            if (requests >= 0 && requests++ === failing) throw new KrmError("KRM_CONNECTION", "reset");
          },
        },
      );
      await watching(w);
      const before = w.cluster.version;
      for (let i = 0; i < 5; i++) pod(w.cluster, `lost${i}`);
      await until(w.equal, "the view follows");
      requests = 0;
      w.source.endWatches();
      w.cluster.restore(before);
      w.monitor.verifyNow();
      for (let i = 0; i < 20 && !((await w.equal()) && (await w.status()).view.epoch === 1); i++) {
        await w.clock.advance(5000);
        await settle();
      }
      expect((await w.status()).view.epoch, `request ${failing} failed`).toBe(1);
      pod(w.cluster, "after");
      for (let i = 0; i < 20 && !(await w.equal()); i++) {
        await w.clock.advance(5000);
        await settle();
      }
      expect(await w.equal(), `request ${failing} failed`).toBe(true);
    }
  });
});

describe("honesty", () => {
  test("a relist that takes long makes the view stale, however many pages come", async () => {
    const gates: PromiseWithResolvers<void>[] = [];
    let gated = false;
    const w = world(
      {},
      {
        beforeRequest: async ({ verb }) => {
          if (verb !== "list" || !gated) return;
          const gate = Promise.withResolvers<void>();
          gates.push(gate);
          await gate.promise;
        },
      },
    );
    await watching(w);
    gated = true;
    w.source.failWatches(gone);
    await until(() => gates.length === 1, "the first page is asked for");
    await w.clock.advance(6000);
    gates[0]?.resolve();
    await until(() => gates.length === 2, "the second page is asked for");
    await w.clock.advance(6000);
    await settle();
    expect((await w.streamer()).progress).toMatchObject({ pages: 1 });
    expect((await w.status()).state).toBe("stale");
    gates[1]?.resolve();
    await until(() => gates.length === 3, "the third page is asked for");
    gates[2]?.resolve();
    await until(() => w.source.openWatches === 1, "it watches again");
    await report(w);
    expect((await w.status()).state).toBe("synced");
  });

  test("what cannot be written is a failure that readers are told of, and it passes", async () => {
    const store = new MemoryStore();
    const scope = store.scope({ resource: PODS });
    const { commit } = scope;
    let failing = false;
    scope.commit = async (...args) => {
      if (failing) throw new Error("disk full");
      return commit.apply(scope, args);
    };
    const w = world({ store });
    await watching(w);
    failing = true;
    pod(w.cluster, "unwritten");
    await settle();
    for (let i = 0; i < 12; i++) {
      await w.clock.advance(1000);
      await settle();
    }
    expect(await w.status()).toMatchObject({
      state: "failed",
      error: { code: "KRM_STORE_FAILED", message: "disk full" },
    });
    failing = false;
    await w.clock.advance(60_000);
    await until(w.equal, "it was written after all");
    await report(w);
    w.source.bookmark();
    await until(async () => (await w.status()).state === "synced", "all is well again");
  });

  test("law 10: a miss below a told version, repaired by a verification ahead of the stream, raises the floor", async () => {
    const w = world({}, { tell: () => [] });
    await watching(w);
    w.cluster.patch(PODS, "team-a", "p1", { metadata: { labels: { missed: "yes" } } });
    w.source.bookmark();
    await until(async () => (await w.status()).view.version === w.cluster.version, "the version is told");
    pod(w.cluster, "later");
    w.monitor.verifyNow();
    await until(w.equal, "the view is repaired");
    expect((await w.status()).view).toMatchObject({ version: w.cluster.version, resumeFloor: w.cluster.version });
  });
});

describe("a scope that breaks", () => {
  test("ends the whole monitor, and done tells why", async () => {
    const store = new MemoryStore();
    const scope = store.scope({ resource: PODS });
    scope.commit = async () => {
      throw new KrmError("KRM_STORE_CONFLICT", "another merger holds the lease");
    };
    const w = world({ store, resources: [PODS, DEPLOYMENTS] });
    w.monitor.start();
    await expect(w.monitor.done).rejects.toMatchObject({ code: "KRM_STORE_CONFLICT" });
    open.splice(0);
  });

  test("law 12: a store that fails for one resource holds no list of another up", async () => {
    const store = new MemoryStore();
    const scope = store.scope({ resource: PODS });
    const { commit } = scope;
    let failing = false;
    scope.commit = async (...args) => {
      if (failing) throw new Error("disk full");
      return commit.apply(scope, args);
    };
    const w = world({ store, resources: [PODS, DEPLOYMENTS], concurrentLists: 1 });
    w.monitor.start();
    await w.monitor.ready();
    await until(() => w.source.openWatches === 2, "both are watched");
    failing = true;
    pod(w.cluster, "stuck");
    await settle();
    w.source.failWatches(gone);
    deployment(w.cluster, "web");
    await until(
      async () => Object.keys(await view(store, { resource: DEPLOYMENTS })).length === 1,
      "deployments were listed anew",
    );
    failing = false;
    await w.clock.advance(60_000);
  });
});

test("a watch that ends at once with nothing but a bookmark is not opened in a hot loop", async () => {
  const w = world();
  await watching(w);
  w.source.bookmark();
  await settle();
  const { watch } = w.source.requests;
  for (let i = 0; i < 50; i++) {
    w.source.bookmark();
    w.source.endWatches();
    await settle();
  }
  expect(w.source.requests.watch - watch).toBeLessThan(3);
});

describe("verification", () => {
  test("what the stream missed is drift, named and repaired; the next verification does not claim it again", async () => {
    let lossy = true;
    const w = world({}, { tell: (event) => (lossy ? [] : [event]) });
    await watching(w);
    pod(w.cluster, "added");
    w.cluster.patch(PODS, "team-a", "p1", { metadata: { labels: { color: "red" } } });
    w.cluster.delete(PODS, "team-a", "p2");
    w.cluster.delete(PODS, "team-a", "p3");
    pod(w.cluster, "p3");
    lossy = false;
    w.source.bookmark();
    await settle();
    expect(await w.equal()).toBe(false);
    w.monitor.verifyNow();
    await until(w.equal, "the view is repaired");
    expect(w.drift.map(({ type, key }) => `${type} ${key}`).toSorted()).toEqual([
      "added team-a/added",
      "deleted team-a/p2",
      "modified team-a/p1",
      "recreated team-a/p3",
    ]);
    w.monitor.verifyNow();
    await until(() => w.verdicts.length === 2, "the second verdict");
    expect(w.verdicts).toEqual(["drift", "consistent"]);
    await report(w);
    expect((await w.status()).reports.merger).toMatchObject({
      missed: { added: 1, modified: 1, deleted: 1, recreated: 1 },
      verifications: { consistent: 1, drift: 1 },
    });
  });

  test("law 10: resuming from below a repair is refused from the first version that nobody was told before it", async () => {
    const w = world({}, { tell: () => [] });
    await watching(w);
    w.cluster.delete(PODS, "team-a", "p2");
    w.source.bookmark();
    await settle();
    const told = (await w.status()).view.version;
    w.monitor.verifyNow();
    await until(w.equal, "the view is repaired");
    expect((await w.status()).view).toMatchObject({ version: told, resumeFloor: undefined });
    pod(w.cluster, "elsewhere");
    w.source.bookmark();
    await until(async () => (await w.status()).view.resumeFloor === w.cluster.version, "the floor is told");
  });

  test("law 6: a snapshot ahead of the stream is lag, and decided when the stream gets there", async () => {
    const held: Parameters<NonNullable<ClusterSourceOptions["tell"]>>[0][] = [];
    let hold = true;
    const w = world(
      {},
      {
        tell: (event) => {
          if (!hold) return [...held.splice(0), event];
          held.push(event);
          return [];
        },
      },
    );
    await watching(w);
    pod(w.cluster, "slow");
    w.monitor.verifyNow();
    await until(w.equal, "the snapshot shows it at once");
    expect(w.verdicts).toEqual([]);
    hold = false;
    pod(w.cluster, "next");
    await until(() => w.verdicts.length === 1, "the stream passed the horizon");
    expect(w.verdicts).toEqual(["lag"]);
    expect(w.drift).toEqual([]);
  });

  test("comes by itself, with jitter around the period", async () => {
    const w = world({ verifyEveryMs: 60_000 });
    await watching(w);
    w.source.bookmark();
    await w.clock.advance(59_000);
    expect(w.source.requests.list).toBe(3);
    await w.clock.advance(2000);
    await until(() => w.verdicts.length === 1, "a verification");
    expect((await w.status()).view.verifiedAt).toBe(w.clock.now() - 1000);
  });
});

describe("law 8: versions that cannot be ordered", () => {
  test("the resource is listed now and then, never watched; readers get the last list and are told so", async () => {
    const state = { names: ["a", "b"], version: "opaque-1", watches: 0 };
    const scope = { resource: PODS };
    const item = (name: string): string =>
      `{"metadata":{"name":"${name}","namespace":"n","uid":"u-${name}","resourceVersion":"v-${name}"}}`;
    const listWatch: ListWatch = {
      scope,
      list: async () =>
        decodeListPage(
          Buffer.from(
            `{"metadata":{"resourceVersion":"${state.version}"},"items":[${state.names.map(item).join(",")}]}`,
          ),
        ),
      watch: () => {
        state.watches++;
        throw new Error("nobody asks for this");
      },
      get: async () => undefined,
    };
    const clock = new ManualClock();
    const monitor = new Monitor({ source: { listWatch: () => listWatch }, clock, resources: [PODS] });
    open.push(monitor.start());
    await monitor.ready();
    expect(Object.keys(await view(monitor.store, scope))).toEqual(["n/a", "n/b"]);
    state.names = ["b", "c"];
    state.version = "opaque-0";
    await clock.advance(40_000);
    await until(
      async () => Object.keys(await view(monitor.store, scope)).join() === "n/b,n/c",
      "the next list is the view",
    );
    expect((await monitor.status())[0]).toMatchObject({
      state: "snapshot-only",
      view: { version: "opaque-0", snapshotOnly: true },
    });
    expect(state.watches).toBe(0);
  });
});

describe("scopes", () => {
  test("law 11: two namespaces are two scopes, each with its own stream", async () => {
    const w = world({ namespaces: ["team-a", "team-b"] });
    pod(w.cluster, "b0", "team-b");
    w.monitor.start();
    await w.monitor.ready();
    await until(() => w.source.openWatches === 2, "both are watched");
    for (const namespace of ["team-a", "team-b"])
      expect(await view(w.monitor.store, { resource: PODS, namespace })).toEqual(truth(w.cluster, PODS, namespace));
  });
});

describe("the store", () => {
  test("law 7: a store that fails loses nothing; what waits is written when it is back", async () => {
    const store = new MemoryStore();
    const scope = store.scope({ resource: PODS });
    const { commit } = scope;
    let failing = false;
    scope.commit = async (...args) => {
      if (failing) throw new KrmError("KRM_STORE_FAILED", "away");
      return commit.apply(scope, args);
    };
    const w = world({ store });
    await watching(w);
    failing = true;
    pod(w.cluster, "waits");
    await settle();
    expect(await w.equal()).toBe(false);
    failing = false;
    await w.clock.advance(2000);
    await until(w.equal, "it was written after all");
    expect(w.source.requests.list).toBe(3);
  });

  test("law 7: a queue that overflows is a gap, counted and resynced", async () => {
    const store = new MemoryStore();
    const scope = store.scope({ resource: PODS });
    const { commit } = scope;
    const gate = { open: Promise.resolve(), release: (): void => {} };
    scope.commit = async (...args) => {
      await gate.open;
      return commit.apply(scope, args);
    };
    const w = world({ store, queue: { inputs: 10, bytes: 1_000_000 } });
    await watching(w);
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.open = promise;
    for (let i = 0; i < 30; i++) {
      pod(w.cluster, `flood${i}`);
      await settle();
    }
    resolve();
    await until(w.equal, "the view is whole");
    await report(w);
    expect((await w.streamer()).desyncs.overflow).toBeGreaterThan(0);
  });

  test("a closed store ends the monitor, and says so", async () => {
    const store = new MemoryStore();
    const w = world({ store });
    await watching(w);
    await store[Symbol.asyncDispose]();
    pod(w.cluster, "late");
    await expect(w.monitor.done).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
    open.splice(0);
  });
});

test("stop ends everything, and ready says that it will not come", async () => {
  const w = world(
    {},
    {
      beforeRequest: () => {
        throw apiError({ code: 500 });
      },
    },
  );
  w.monitor.start();
  const ready = w.monitor.ready();
  await settle();
  await w.monitor.stop();
  await expect(ready).rejects.toMatchObject({ code: "KRM_NOT_READY" });
  expect(w.clock.pending).toBe(0);
});
