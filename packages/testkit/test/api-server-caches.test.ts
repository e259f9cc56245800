import { PODS } from "@krm/core";
import {
  Churn,
  CONFIG_MAPS,
  FaultPlan,
  generateCluster,
  ManualClock,
  parseFaults,
  readHistory,
  recordHistory,
  SimApiServer,
  SimCluster,
  type SimApiServerOptions,
  WIDGETS,
} from "@krm/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { create, remove, touch } from "./support/in-process.ts";
import { type AnyJson, SimClient, type SimWatch } from "./support/sim-client.ts";

const MINUTE = 60_000;
const maps = "/api/v1/namespaces/default/configmaps";
const METADATA = { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" };

/** A served cluster with config maps `a`, `b` and `c`, at versions 5, 6 and 7. */
async function served(options: Partial<SimApiServerOptions> = {}) {
  const clock = new ManualClock();
  const cluster = new SimCluster({ clock });
  for (const name of ["a", "b", "c"]) create(cluster, name);
  const server = new SimApiServer({ cluster, ...options });
  await server.listen();
  onTestFinished(() => server.close());
  const client = new SimClient(server);
  const list = async (query = "", headers = {}): Promise<string[]> =>
    named(await client.call(`${maps}?${query}`, { headers }));
  const watch = (from: string, query = ""): Promise<SimWatch> =>
    client.watch(`${maps}?watch=1&allowWatchBookmarks=true&resourceVersion=${from}${query}`);
  return { clock, cluster, server, client, list, watch };
}

function faults(text: string): FaultPlan {
  return new FaultPlan(parseFaults(text), 7);
}

function named({ json }: { readonly json: AnyJson }): string[] {
  return (json.items ?? []).map(({ metadata }: AnyJson) => `${metadata.name}@${metadata.resourceVersion}`);
}

function told({ type, object }: AnyJson): string {
  const { name, resourceVersion } = object.metadata;
  return name === undefined ? `${type} ${resourceVersion}` : `${type} ${name}@${resourceVersion}`;
}

describe("lose", () => {
  it("keeps deletions and changes from every watch and every list, and from no GET", async () => {
    const { clock, cluster, client, list, watch } = await served({ faults: faults("lose=1") });
    const watches = [await watch("7"), await watch("7")];
    remove(cluster, "a");
    touch(cluster, "b");
    create(cluster, "d");
    for (const each of watches) expect(told(await each.next())).toBe("ADDED d@10");
    await clock.advance(MINUTE);
    for (const each of watches) expect(told(await each.next())).toBe("BOOKMARK 10");
    const wrong = ["a@5", "b@6", "c@7", "d@10"];
    for (const query of ["", "limit=500", "resourceVersion=0", "resourceVersion=10&resourceVersionMatch=Exact"]) {
      expect(await list(query)).toEqual(wrong);
      expect(await list(query, METADATA)).toEqual(wrong);
    }
    const initial = await watch("", "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
    expect([told(await initial.next()), told(await initial.next())]).toEqual(["ADDED a@5", "ADDED b@6"]);
    expect((await client.call(`${maps}/a`)).status).toBe(404);
    expect((await client.call(`${maps}/b`)).json.metadata.resourceVersion).toBe("9");
  });

  it("loses about as many as it says, the same by the same seed, and ends when the server starts anew", async () => {
    const lost = async (): Promise<string[]> => {
      const { cluster, list, server } = await served({ faults: faults("lose=0.2") });
      for (let index = 0; index < 100; index++) create(cluster, `p${index}`);
      for (let index = 0; index < 100; index++) remove(cluster, `p${index}`);
      const kept = (await list()).slice(3);
      await server.stop();
      await server.start();
      expect(named(await new SimClient(server).call(maps))).toEqual(["a@5", "b@6", "c@7"]);
      return kept;
    };
    const kept = await lost();
    expect(kept.length).toBeGreaterThan(8);
    expect(kept.length).toBeLessThan(35);
    expect(await lost()).toEqual(kept);
  });

  it("does not keep a reader waiting for the version of what was lost", async () => {
    const { clock, cluster, client } = await served({ faults: faults("lose=1") });
    const answer = client.call(`${maps}?resourceVersion=8&resourceVersionMatch=NotOlderThan`);
    await clock.untilSleeping();
    touch(cluster, "a");
    expect((await answer).json.metadata.resourceVersion).toBe("8");
  });

  it("begins and ends with its plan", async () => {
    const { cluster, list, server, watch } = await served();
    server.faults = faults("lose=1");
    const open = await watch("7");
    remove(cluster, "a");
    expect(await list()).toEqual(["a@5", "b@6", "c@7"]);
    server.faults = undefined;
    expect(await list()).toEqual(["b@6", "c@7"]);
    remove(cluster, "b");
    expect(told(await open.next())).toBe("DELETED b@9");
  });
});

describe("lag", () => {
  it("serves lists and watches from a replica that is behind, which catches up", async () => {
    const { clock, cluster, client, list, server, watch } = await served({ faults: faults("lag=1:2s") });
    touch(cluster, "a");
    expect(await list()).toEqual(["a@5", "b@6", "c@7"]);
    expect((await client.call(maps)).json.metadata.resourceVersion).toBe("7");
    expect((await client.call(`${maps}/a`)).json.metadata.resourceVersion).toBe("8");
    const open = await watch("7");
    const ahead = await watch("8");
    await clock.advance(2000);
    expect(await list()).toEqual(["a@8", "b@6", "c@7"]);
    expect(told(await open.next())).toBe("MODIFIED a@8");
    touch(cluster, "b");
    server.faults = undefined;
    expect(told(await open.next())).toBe("MODIFIED b@9");
    expect(told(await ahead.next())).toBe("MODIFIED b@9");
  });

  it("answers 504 for versions that the replica does not have within 3 s", async () => {
    const { clock, cluster, client } = await served({ faults: faults("lag=1:10s") });
    touch(cluster, "a");
    for (const match of ["Exact", "NotOlderThan"]) {
      const answer = client.call(`${maps}?resourceVersion=8&resourceVersionMatch=${match}`);
      // The event on its way sleeps too.
      await clock.untilSleeping(2);
      await clock.advance(3000);
      const { headers, json, status } = await answer;
      expect(status).toBe(504);
      expect(headers["retry-after"]).toBe("1");
      expect(json).toMatchObject({
        reason: "Timeout",
        message: "Timeout: Too large resource version: 8, current: 7",
        details: { retryAfterSeconds: 1, causes: [{ reason: "ResourceVersionTooLarge" }] },
      });
    }
    await clock.advance(2000);
    const late = client.call(`${maps}?resourceVersion=8&resourceVersionMatch=Exact`);
    await clock.untilSleeping(2);
    await clock.advance(2000);
    expect(named(await late)).toContain("a@8");
  });

  it("is for some requests, and for no further page", async () => {
    const { cluster, client } = await served({ faults: faults("lag=0.5:10s") });
    touch(cluster, "a");
    const versions: string[] = [];
    for (let index = 0; index < 30; index++) {
      const first = (await client.call(`${maps}?limit=2`)).json.metadata;
      const second = (await client.call(`${maps}?limit=2&continue=${first.continue}`)).json.metadata;
      expect(second.resourceVersion).toBe(first.resourceVersion);
      versions.push(first.resourceVersion);
    }
    expect(new Set(versions)).toEqual(new Set(["7", "8"]));
  });

  it("tells each watch everything once, sooner or later", async () => {
    const { clock, cluster, server, watch } = await served({ faults: faults("lag=0.5:2s") });
    const plan = faults("lag=0.5:2s");
    const watches: { readonly lags: boolean; readonly watch: SimWatch }[] = [];
    for (let index = 0; index < 10; index++) watches.push({ lags: plan.nextLagging(), watch: await watch("7") });
    const late = watches.filter(({ lags }) => lags);
    expect(late.length).toBeGreaterThan(2);
    expect(late.length).toBeLessThan(8);
    touch(cluster, "a");
    let tooEarly = false;
    const behind = late.map((each) => each.watch.next().finally(() => (tooEarly = clock.monotonic() < 2000)));
    for (const each of watches) if (!each.lags) expect(told(await each.watch.next())).toBe("MODIFIED a@8");
    await clock.advance(2000);
    for (const event of behind) expect(told(await event)).toBe("MODIFIED a@8");
    expect(tooEarly).toBe(false);
    server.endWatches();
    for (const each of watches) expect(await each.watch.rest()).toEqual([]);
  });

  it("loses what is lost for the others too", async () => {
    const { clock, cluster, list } = await served({ faults: faults("lag=0.5:1s,lose=0.5") });
    for (let index = 0; index < 20; index++) create(cluster, `p${index}`);
    for (let index = 0; index < 20; index++) remove(cluster, `p${index}`);
    await clock.advance(1000);
    const seen = new Set<string>();
    for (let index = 0; index < 20; index++) seen.add((await list()).join());
    expect(seen.size).toBe(1);
  });
});

describe("watches that say less than they should", () => {
  it("mute: bookmarks go on, events do not", async () => {
    const { clock, cluster, watch } = await served({ faults: faults("mute=20s") });
    const open = await watch("7");
    touch(cluster, "a");
    expect(told(await open.next())).toBe("MODIFIED a@8");
    await clock.advance(30_000);
    touch(cluster, "b");
    await clock.advance(MINUTE);
    expect(told(await open.next())).toBe("BOOKMARK 9");
    touch(cluster, "b");
    await clock.advance(MINUTE);
    expect(told(await open.next())).toBe("BOOKMARK 10");
  });

  it("hush: line breaks go on, neither events nor bookmarks do", async () => {
    const { clock, cluster, client, server } = await served({ faults: faults("hush=20s") });
    let bytes = "";
    const path = `${maps}?watch=1&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300`;
    const reading = client.bytes(path, (chunk) => (bytes += chunk));
    while (server.openWatches === 0) await clock.advance(0);
    await clock.advance(30_000);
    touch(cluster, "a");
    for (let index = 0; index < 27; index++) await clock.advance(10_000);
    await reading;
    expect(bytes).toMatch(/^\n{27,29}$/);
  });
});

describe("nowatchlist", () => {
  it("refuses a watch that asks for initial events, and marks no end of those that come unasked", async () => {
    const { clock, client, watch } = await served({ faults: faults("nowatchlist") });
    const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const { json, status } = await client.call(`${maps}?${query}`);
    expect(status).toBe(422);
    expect(json.details.causes).toEqual([
      {
        reason: "FieldValueForbidden",
        message: "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
        field: "sendInitialEvents",
      },
    ]);
    const open = await watch("");
    const begun = [await open.next(), await open.next(), await open.next()];
    expect(begun.map(told)).toEqual(["ADDED a@5", "ADDED b@6", "ADDED c@7"]);
    await clock.advance(MINUTE);
    const bookmark = await open.next();
    expect(told(bookmark)).toBe("BOOKMARK 7");
    expect(bookmark.object.metadata.annotations).toBeUndefined();
  });
});

describe("lists of metadata", () => {
  it("come at an exact version, page by page", async () => {
    const { cluster, client, list } = await served();
    remove(cluster, "a");
    touch(cluster, "b");
    const path = `${maps}?limit=2&resourceVersion=7&resourceVersionMatch=Exact`;
    const first = await client.call(path, { headers: METADATA });
    expect(first.json).toMatchObject({
      kind: "PartialObjectMetadataList",
      metadata: { resourceVersion: "7", remainingItemCount: 1 },
    });
    expect(first.json.items[0]).not.toHaveProperty("data");
    const second = await client.call(`${maps}?limit=2&continue=${first.json.metadata.continue}`, { headers: METADATA });
    expect(second.json.metadata).toEqual({ resourceVersion: "7" });
    expect([...named(first), ...named(second)]).toEqual(["a@5", "b@6", "c@7"]);
    expect(await list("resourceVersion=9&resourceVersionMatch=Exact", METADATA)).toEqual(["b@9", "c@7"]);
    cluster.compact();
    expect(await client.call(path, { headers: METADATA })).toMatchObject({ status: 410, json: { reason: "Expired" } });
  });
});

describe("restore", { timeout: 60_000 }, () => {
  it("takes etcd back half the interval, and cuts the watches", async () => {
    const { clock, cluster, list, watch } = await served({ faults: faults("restore=10m") });
    touch(cluster, "a");
    await clock.advance(5 * MINUTE);
    touch(cluster, "b");
    remove(cluster, "c");
    const open = await watch("10");
    expect(await list()).toEqual(["a@8", "b@9"]);
    await clock.advance(5 * MINUTE);
    await expect(open.next()).rejects.toThrow(/aborted/);
    expect(cluster.version).toBe("8");
    expect(await list()).toEqual(["a@8", "b@6", "c@7"]);
    touch(cluster, "b");
    expect(await list()).toEqual(["a@8", "b@9", "c@7"]);
  });

  it("goes back no further than history does", async () => {
    const { clock, cluster } = await served({ faults: faults("restore=10m") });
    await clock.advance(5 * MINUTE);
    touch(cluster, "a");
    cluster.compact();
    touch(cluster, "a");
    await clock.advance(5 * MINUTE);
    expect(cluster.version).toBe("8");
    touch(cluster, "a");
    await clock.advance(5 * MINUTE);
    cluster.restore("8");
    await clock.advance(5 * MINUTE);
    expect(cluster.version).toBe("8");
  });

  it("is survived by churn, by its controllers and by the record of the history", async () => {
    const { clock, cluster, server } = await served();
    generateCluster(cluster, { pods: 40, seed: 3 });
    cluster.compact();
    server.faults = faults("restore=1m,lose=0.1,lag=0.5:1s");
    const lines: string[] = [];
    onTestFinished(recordHistory(cluster, (line) => lines.push(line)));
    const stop = new AbortController();
    using churn = new Churn({ cluster, seed: 3, eventsPerSecond: 20 });
    const running = churn.run({ signal: stop.signal });
    let restores = 0;
    onTestFinished(cluster.subscribeRestores(() => (restores += 1)));
    for (let second = 0; second < 330; second++) await clock.advance(1000);
    stop.abort();
    await running;
    expect(restores).toBe(5);
    const recorded = readHistory(lines).stateAt(PODS, cluster.version);
    expect([...recorded.values()]).toEqual(cluster.list(PODS).items);
    expect(recorded.size).toBeGreaterThan(20);
  });

  it("rebuilds a cache that has lost something", async () => {
    const { cluster, list } = await served({ faults: faults("lose=1") });
    remove(cluster, "a");
    cluster.restore("7");
    remove(cluster, "b");
    create(cluster, "d");
    expect(await list()).toEqual(["a@5", "b@6", "c@7", "d@9"]);
  });
});

describe("a custom resource that goes away", () => {
  const widgets = "/apis/example.krm.dev/v1/namespaces/default/widgets";

  it("answers 404, is not discovered, ends its watches, and comes back with its objects", async () => {
    const { cluster, client, server } = await served();
    cluster.create(WIDGETS, { metadata: { name: "w" }, spec: {} }, { namespace: "default" });
    const groups = async (): Promise<string[]> =>
      (await client.call("/apis")).json.groups.map(({ name }: AnyJson) => name);
    expect(await groups()).toContain("example.krm.dev");
    const open = await client.watch(`${widgets}?watch=1&resourceVersion=${cluster.version}`);
    const other = await client.watch(`${maps}?watch=1&resourceVersion=${cluster.version}`);
    server.withdraw(WIDGETS);
    expect(await open.next()).toBeUndefined();
    expect(await groups()).not.toContain("example.krm.dev");
    for (const path of [widgets, `${widgets}/w`, `${widgets}?watch=1`, "/apis/example.krm.dev/v1"]) {
      expect((await client.call(path)).status).toBe(404);
    }
    server.serve(WIDGETS);
    expect(await groups()).toContain("example.krm.dev");
    expect(named(await client.call(widgets))).toEqual([`w@${cluster.version}`]);
    touch(cluster, "a");
    expect(told(await other.next())).toBe("MODIFIED a@9");
  });

  it("is a resource of the cluster", async () => {
    const { server } = await served();
    expect(() => server.withdraw({ ...CONFIG_MAPS, version: "v9" })).toThrow(/has no resource v9\/configmaps/);
  });

  it("goes and comes by the clock", async () => {
    const { clock, client } = await served({ faults: faults("crd=8m") });
    const status = async (): Promise<number> => (await client.call(widgets)).status;
    await clock.advance(6 * MINUTE - 1);
    expect(await status()).toBe(200);
    await clock.advance(1);
    expect(await status()).toBe(404);
    await clock.advance(2 * MINUTE);
    expect(await status()).toBe(200);
    await clock.advance(6 * MINUTE);
    expect(await status()).toBe(404);
  });
});

describe("intervals", () => {
  it("begin when their plan is set, and end with it, though not in the middle of what they do", async () => {
    const { clock, cluster, client, server } = await served();
    server.faults = faults("compact=1m,restart=5m");
    await clock.advance(MINUTE);
    expect(cluster.compacted).toBe("7");
    await clock.advance(4 * MINUTE);
    await expect(client.call(maps)).rejects.toThrow(/ECONNREFUSED|ECONNRESET|socket/);
    server.faults = undefined;
    touch(cluster, "a");
    await clock.advance(10 * MINUTE);
    expect(cluster.compacted).toBe("7");
    await expect.poll(async () => (await client.call(maps)).status).toBe(200);
    await clock.advance(10 * MINUTE);
    expect((await client.call(maps)).status).toBe(200);
  });
});
