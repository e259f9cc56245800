import { PODS } from "@krm/core";
import { CONFIG_MAPS, FaultPlan, ManualClock, parseFaults, SimApiServer, SimCluster } from "@krm/testkit";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AnyJson, SimClient } from "./support/sim-client.ts";

const MINUTE = 60_000;
const pods = "/api/v1/namespaces/default/pods";

let clock: ManualClock;
let cluster: SimCluster;
let server: SimApiServer;
let client: SimClient;

function createPod(name: string, labels: Record<string, string> = {}): void {
  const spec = { containers: [{ name: "c", image: "c:1" }] };
  cluster.create(PODS, { metadata: { name, labels }, spec }, { namespace: "default" });
}

function names(events: readonly AnyJson[]): string[] {
  return events.map(({ type, object }) => `${type} ${object.metadata.name ?? object.metadata.resourceVersion}`);
}

beforeEach(async () => {
  clock = new ManualClock();
  cluster = new SimCluster({ clock });
  server = new SimApiServer({ cluster });
  await server.listen();
  client = new SimClient(server);
});
afterEach(() => server.close());

describe("the life of a watch", () => {
  it("sends a bookmark each minute and one 2 s before its end", async () => {
    const from = cluster.version;
    const watch = await client.watch(
      `${pods}?watch=1&resourceVersion=${from}&allowWatchBookmarks=true&timeoutSeconds=150`,
    );
    createPod("a");
    expect(names([await watch.next()])).toEqual(["ADDED a"]);
    await clock.advance(MINUTE - 1);
    createPod("b");
    expect(names([await watch.next()])).toEqual(["ADDED b"]);
    await clock.advance(1);
    expect(names([await watch.next()])).toEqual([`BOOKMARK ${cluster.version}`]);
    await clock.advance(MINUTE);
    expect(names([await watch.next()])).toEqual([`BOOKMARK ${cluster.version}`]);
    await clock.advance(28_000);
    expect(names([await watch.next()])).toEqual([`BOOKMARK ${cluster.version}`]);
    await clock.advance(2000);
    expect(await watch.next()).toBeUndefined();
    expect(server.openWatches).toBe(0);
  });

  it("sends no bookmarks unasked, and ends after half an hour to an hour", async () => {
    const watch = await client.watch(`${pods}?watch=1&resourceVersion=${cluster.version}`);
    await clock.advance(30 * MINUTE - 1);
    expect(server.openWatches).toBe(1);
    await clock.advance(30 * MINUTE + 1);
    expect(await watch.rest()).toEqual([]);
  });

  it("tells nothing of a version from the future until it has come", async () => {
    const ahead = String(BigInt(cluster.version) + 2n);
    const watch = await client.watch(`${pods}?watch=1&resourceVersion=${ahead}&allowWatchBookmarks=true`);
    await clock.advance(MINUTE);
    createPod("a");
    createPod("b");
    createPod("c");
    server.endWatches();
    expect(names(await watch.rest())).toEqual(["ADDED c"]);
  });

  it("tells a reader of the initial events first, then of what came meanwhile", async () => {
    for (let index = 0; index < 300; index++) createPod(`p-${String(index).padStart(3, "0")}`);
    const watch = await client.watch(
      `${pods}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    const at = cluster.version;
    createPod("late");
    server.endWatches();
    const seen = names(await watch.rest());
    expect(seen.slice(0, 300)).toEqual(seen.slice(0, 300).toSorted());
    expect(seen.slice(300)).toEqual([`BOOKMARK ${at}`, "ADDED late"]);
  });

  it("writes an event once for all watches that see the same of it", async () => {
    const watches = await Promise.all(
      Array.from({ length: 20 }, () => client.watch(`${pods}?watch=1&resourceVersion=${cluster.version}`)),
    );
    const stringify = vi.spyOn(JSON, "stringify");
    createPod("a");
    const written = stringify.mock.calls.filter(([value]) => value?.metadata?.name === "a").length;
    stringify.mockRestore();
    expect(written).toBe(1);
    for (const watch of watches) expect(names([await watch.next()])).toEqual(["ADDED a"]);
  });

  it("cuts the connection of a reader that does not keep up, and of no other", async () => {
    await using own = new SimApiServer({ cluster, slowReaderBytes: 1024 * 1024 });
    await own.listen();
    const path = `/api/v1/configmaps?watch=1&resourceVersion=${cluster.version}`;
    const slow = await new SimClient(own).watch(path);
    const quick = await new SimClient(own).watch(path);
    let written = 0;
    while (own.openWatches === 2 && written < 1000) {
      const metadata = { name: `big-${written}` };
      cluster.create(CONFIG_MAPS, { metadata, data: { text: "x".repeat(200_000) } }, { namespace: "default" });
      written += 1;
      expect((await quick.next()).object.metadata.name).toBe(metadata.name);
    }
    expect(own.openWatches).toBe(1);
    await expect(slow.rest()).rejects.toThrow(/aborted/);
  });

  it("breaks when the cluster is restored, and refuses versions that are not there any more", async () => {
    const before = cluster.version;
    createPod("a");
    const later = cluster.version;
    const watch = await client.watch(`${pods}?watch=1&resourceVersion=${later}`);
    cluster.restore(before);
    await expect(watch.next()).rejects.toThrow(/aborted/);
    const list = client.call(`${pods}?resourceVersion=${later}&resourceVersionMatch=NotOlderThan`);
    await clock.untilSleeping();
    await clock.advance(3000);
    expect((await list).json).toMatchObject({ code: 504, reason: "Timeout" });
  });

  it("answers a version that is compacted inside a 200", async () => {
    const from = cluster.version;
    createPod("a");
    cluster.compact();
    const watch = await client.watch(`${pods}?watch=1&resourceVersion=${from}`);
    expect(watch.status).toBe(200);
    expect(await watch.rest()).toMatchObject([{ type: "ERROR", object: { code: 410, reason: "Expired" } }]);
  });
});

describe("faults", () => {
  async function watchWith(faults: string): ReturnType<SimClient["watch"]> {
    server.faults = new FaultPlan(parseFaults(faults), 7);
    return client.watch(`${pods}?watch=1&resourceVersion=${cluster.version}&allowWatchBookmarks=true`);
  }

  it("drops events but not their versions", async () => {
    const watch = await watchWith("drop=1");
    createPod("a");
    await clock.advance(MINUTE);
    expect(names([await watch.next()])).toEqual([`BOOKMARK ${cluster.version}`]);
  });

  it("doubles events", async () => {
    const watch = await watchWith("dup=1");
    createPod("a");
    expect(names([await watch.next(), await watch.next()])).toEqual(["ADDED a", "ADDED a"]);
  });

  it("makes two events change places, and waits no longer than a second for the second", async () => {
    const watch = await watchWith("reorder=1");
    createPod("a");
    createPod("b");
    expect(names([await watch.next(), await watch.next()])).toEqual(["ADDED b", "ADDED a"]);
    createPod("c");
    await clock.advance(1000);
    expect(names([await watch.next()])).toEqual(["ADDED c"]);
  });

  it("delays an event with all that is behind it, bookmarks too", async () => {
    const watch = await watchWith("delay=1:90s");
    createPod("a");
    await clock.advance(MINUTE);
    createPod("b");
    await clock.advance(30_000);
    expect(names([await watch.next()])).toEqual(["ADDED a"]);
    await clock.advance(MINUTE);
    const rest = [await watch.next(), await watch.next()];
    expect(rest.map(({ type }) => type)).toEqual(["BOOKMARK", "ADDED"]);
    expect(BigInt(rest[0].object.metadata.resourceVersion)).toBeLessThan(BigInt(cluster.version));
  });

  it("cuts an event in its middle", async () => {
    const watch = await watchWith("truncate=1");
    createPod("a");
    await expect(watch.next()).rejects.toThrow(/aborted/);
  });

  it("breaks a watch's connection, and only that", async () => {
    const watch = await watchWith("disconnect=30s");
    await clock.advance(45_000);
    await expect(watch.next()).rejects.toThrow(/aborted/);
    expect((await client.call(pods)).status).toBe(200);
  });

  it("lets a watch fall silent with its connection open", async () => {
    const watch = await watchWith("stall=30s");
    await clock.advance(45_000);
    createPod("a");
    await clock.advance(5 * MINUTE);
    server.pause();
    server.resume();
    expect(server.openWatches).toBe(1);
    server.dropConnections();
    await expect(watch.next()).rejects.toThrow(/aborted/);
  });

  it("refuses requests: 429 with Retry-After, 500, 410 only where a version is asked for", async () => {
    server.faults = new FaultPlan(parseFaults("429=1:7s"), 1);
    const refused = await client.call(pods);
    expect(refused).toMatchObject({ status: 429, json: { reason: "TooManyRequests" } });
    expect(refused.headers["retry-after"]).toBe("7");
    server.faults = new FaultPlan(parseFaults("500=1"), 1);
    expect(await client.call(pods)).toMatchObject({ status: 500, json: { reason: "InternalError" } });
    server.faults = new FaultPlan(parseFaults("410=1"), 1);
    expect((await client.call(pods)).status).toBe(200);
    const watch = await client.watch(`${pods}?watch=1&resourceVersion=${cluster.version}`);
    expect(watch.status).toBe(410);
    server.faults = undefined;
    expect((await client.call(pods)).status).toBe(200);
  });

  it("end for open watches too when they are switched off", async () => {
    const watch = await watchWith("drop=1,disconnect=30s");
    server.faults = undefined;
    createPod("a");
    await clock.advance(45_000);
    createPod("b");
    expect(names([await watch.next(), await watch.next()])).toEqual(["ADDED a", "ADDED b"]);
  });

  it("compacts and restarts by the clock", async () => {
    await using own = new SimApiServer({ cluster, faults: new FaultPlan(parseFaults("compact=1m,restart=5m"), 1) });
    await own.listen();
    const other = new SimClient(own);
    createPod("a");
    await clock.advance(MINUTE);
    expect(cluster.compacted).toBe(cluster.version);
    const watch = await other.watch(`${pods}?watch=1&resourceVersion=${cluster.version}`);
    await clock.advance(4 * MINUTE);
    await expect(watch.next()).rejects.toThrow(/aborted/);
    await expect(other.call(pods)).rejects.toThrow(/ECONNREFUSED/);
  });
});
