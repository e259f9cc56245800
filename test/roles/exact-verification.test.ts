import { type ListRequest, PODS, type VerifierReport } from "@krm/core";
import { type SourceRequest, WatchCacheModel } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { pod, settle, until } from "./support.ts";
import { apiError, report, watching, world, type World } from "./world.ts";

const verifier = async (w: World): Promise<VerifierReport> => {
  await report(w);
  return (await w.status()).reports.verifier as VerifierReport;
};

/** Starts a verification and waits for its verdict. */
async function verified(w: World): Promise<void> {
  const before = w.verdicts.length;
  w.monitor.verifyNow();
  await until(() => w.verdicts.length > before, "a verdict");
}

const listsOf = (asked: readonly SourceRequest[]): ListRequest[] =>
  asked.flatMap((one) => (one.verb === "list" || one.verb === "listMetadata" ? [one.request] : []));

describe("a verification lists", () => {
  test("without bodies, at the version that the stream has told, and pages on by the token alone", async () => {
    const asked: SourceRequest[] = [];
    const w = world({}, { beforeRequest: (one) => void asked.push(one) });
    await watching(w);
    const position = (await w.status()).view.streamedThrough;
    asked.splice(0);
    await verified(w);
    const [first, second] = listsOf(asked);
    expect(asked.filter(({ verb }) => verb === "list")).toEqual([]);
    expect(first).toMatchObject({ limit: 2, resourceVersion: position, match: "Exact" });
    expect(second?.continue).toBeDefined();
    expect(second).not.toHaveProperty("match");
    expect(second).not.toHaveProperty("resourceVersion");
    expect(w.verdicts).toEqual(["consistent"]);
    expect(await verifier(w)).toMatchObject({ mode: "exact-metadata", snapshots: 1 });
  });

  test("and is not disturbed by what happens meanwhile: nothing is claimed, nothing asked twice", async () => {
    let busy = false;
    const w = world(
      {},
      {
        beforeRequest: ({ verb }) => {
          if (!busy || verb !== "listMetadata") return;
          pod(w.cluster, `new${w.source.requests.listMetadata}`);
          w.cluster.patch(PODS, "team-a", "p0", { metadata: { labels: { at: w.cluster.version } } });
          if (w.cluster.get(PODS, "team-a", "p4") !== undefined) w.cluster.delete(PODS, "team-a", "p4");
        },
      },
    );
    await watching(w);
    busy = true;
    await verified(w);
    expect(w.verdicts).toEqual(["consistent"]);
    await until(w.equal, "the stream has told all of it");
    expect(w.drift).toEqual([]);
  });

  test("the newest state where the stream has not moved since: a watch that stands still vouches for nothing", async () => {
    let lossy = false;
    const w = world({}, { tell: (event) => (lossy ? [] : [event]) });
    await watching(w);
    await verified(w);
    lossy = true;
    pod(w.cluster, "unseen");
    w.monitor.verifyNow();
    await settle();
    expect(await w.equal()).toBe(false);
    await w.clock.advance(75_000);
    await until(w.equal, "the list settled it");
    expect(await verifier(w)).toMatchObject({ mode: "latest-full" });
  });

  test.for([
    { name: "410, compacted", error: apiError({ code: 410, reason: "Expired" }), again: "exact-metadata" },
    { name: "400, no such match", error: apiError({ code: 400 }), again: "latest-metadata" },
    { name: "422, no such match", error: apiError({ code: 422 }), again: "latest-metadata" },
  ])("the newest state where the exact one cannot be had: $name", async ({ error, again }) => {
    let refusing = true;
    const w = world(
      {},
      {
        beforeRequest: (one) => {
          if (refusing && listsOf([one]).some(({ match }) => match === "Exact")) throw error;
        },
      },
    );
    await watching(w);
    w.source.bookmark();
    await verified(w);
    expect(w.verdicts).toEqual(["consistent"]);
    expect(await verifier(w)).toMatchObject({ mode: "latest-metadata", failures: 0 });
    refusing = false;
    pod(w.cluster, "moves");
    await settle();
    await verified(w);
    expect(await verifier(w)).toMatchObject({ mode: again });
    await w.clock.advance(3_600_000);
    w.source.bookmark();
    pod(w.cluster, "moves-on");
    await settle();
    await verified(w);
    expect(await verifier(w)).toMatchObject({ mode: "exact-metadata" });
  });

  test("trap 23: on another connection, after a wait, where the server lags behind the stream", async () => {
    const asked: ListRequest[] = [];
    const w = world(
      {},
      {
        beforeRequest: (one) => {
          const [list] = listsOf([one]);
          if (one.verb !== "listMetadata" || list === undefined) return;
          asked.push(list);
          if (list.match === "Exact" && list.elsewhere !== true)
            throw apiError({
              code: 504,
              message: "Timeout: Too large resource version: 9, current: 8",
              retryAfterSeconds: 2,
            });
        },
      },
    );
    await watching(w);
    w.monitor.verifyNow();
    await until(() => asked.length === 1, "it was asked");
    await w.clock.advance(1900);
    await settle();
    expect(asked).toHaveLength(1);
    await w.clock.advance(200);
    await until(() => w.verdicts.length === 1, "another server answered");
    expect(asked[1]).toMatchObject({ match: "Exact", elsewhere: true });
    expect(w.verdicts).toEqual(["consistent"]);
  });

  test("whole where the server knows no list without bodies, or the source has none", async () => {
    const refusing = world(
      {},
      {
        beforeRequest: ({ verb }) => {
          if (verb === "listMetadata") throw apiError({ code: 406 });
        },
      },
    );
    await watching(refusing);
    await verified(refusing);
    expect(await verifier(refusing)).toMatchObject({ mode: "exact-full" });
    const without = world({}, { metadataLists: "absent" });
    await watching(without);
    await verified(without);
    expect(await verifier(without)).toMatchObject({ mode: "exact-full" });
    const whole = world({}, { metadataLists: "whole" });
    await watching(whole);
    await verified(whole);
    expect(await verifier(whole)).toMatchObject({ mode: "exact-full" });
  });
});

describe("a suspect", () => {
  test("is asked by name; one that is gone is believed when the stream has passed a list that was asked for after it", async () => {
    const asked: SourceRequest[] = [];
    let lossy = true;
    let quiet = true;
    const w: World = world(
      {},
      {
        tell: (event) => (lossy ? [] : [event]),
        beforeRequest: (one) => {
          asked.push(one);
          if (one.verb !== "get" || !quiet) return;
          // The cluster's version moves on, and nothing tells the stream, before the absence is ordered.
          quiet = false;
          lossy = true;
          pod(w.cluster, "elsewhere", "team-b");
          lossy = false;
        },
      },
    );
    await watching(w);
    pod(w.cluster, "added");
    w.cluster.delete(PODS, "team-a", "p2");
    w.source.bookmark();
    await settle();
    lossy = false;
    asked.splice(0);
    w.monitor.verifyNow();
    await until(() => listsOf(asked).some(({ limit, match }) => limit === 1 && match === undefined), "it is ordered");
    await settle();
    const names = asked.flatMap((one) => (one.verb === "get" ? [one.key.name] : []));
    expect(names).toContain("p2");
    expect(names).toContain("added");
    expect(Object.keys(await viewNames(w))).toContain("added");
    expect(Object.keys(await viewNames(w))).toContain("p2");
    expect(w.verdicts).toEqual([]);
    w.source.bookmark();
    await until(() => w.verdicts.length === 1, "the stream has passed it");
    expect(w.drift.map(({ type, key, cause }) => `${type} ${key} ${cause}`).toSorted()).toEqual([
      "added team-a/added upstream",
      "deleted team-a/p2 upstream",
    ]);
    expect(Object.keys(await viewNames(w))).not.toContain("p2");
  });

  test("is believed to the list where single objects may not be read, and that is told once", async () => {
    const told: string[] = [];
    const logger = {
      debug: () => {},
      info: () => {},
      error: () => {},
      warn: (_: object, text: string) => void told.push(text),
    };
    let lossy = true;
    const w = world(
      { logger },
      {
        tell: (event) => (lossy ? [] : [event]),
        beforeRequest: ({ verb }) => {
          if (verb === "get") throw apiError({ code: 403 });
        },
      },
    );
    await watching(w);
    pod(w.cluster, "added");
    w.cluster.delete(PODS, "team-a", "p2");
    lossy = false;
    w.source.bookmark();
    await settle();
    await verified(w);
    expect(w.drift.map(({ type }) => type).toSorted()).toEqual(["added", "deleted"]);
    expect(await w.equal()).toBe(true);
    w.source.bookmark();
    await verified(w);
    expect(told.filter((text) => text.includes("single objects"))).toHaveLength(1);
  });

  test("hundreds of them: some are asked by name, the bodies come by one list, all are put right", async () => {
    let lossy = true;
    const w = world({ pageSize: 100 }, { tell: (event) => (lossy ? [] : [event]) });
    await watching(w);
    for (let i = 0; i < 250; i++) pod(w.cluster, `many${i}`);
    lossy = false;
    w.source.bookmark();
    await settle();
    const before = w.source.requests.get;
    await verified(w);
    expect(w.drift).toHaveLength(250);
    expect(await w.equal()).toBe(true);
    expect(w.source.requests.get - before).toBeLessThanOrEqual(100 + 55);
  });
});

test("trap 20: a deletion that the watch cache lost is found by asking by name, once, and the list that keeps it is refuted", async () => {
  const base = world();
  const cache = new WatchCacheModel({
    cluster: base.cluster,
    lose: ({ type, object }) => type === "DELETED" && object.metadata.name === "p2",
  });
  const w = world({}, { cluster: base.cluster, cache });
  await watching(w);
  base.cluster.delete(PODS, "team-a", "p2");
  pod(base.cluster, "after");
  w.source.bookmark();
  await settle();
  w.monitor.verifyNow();
  await until(() => w.drift.length === 1, "a sample found it");
  expect(w.drift[0]).toMatchObject({ key: "team-a/p2", type: "deleted", cause: "upstream" });
  expect(Object.keys(await viewNames(w))).not.toContain("p2");
  for (let rounds = 0; rounds < 3; rounds++) {
    pod(base.cluster, `more${rounds}`);
    w.source.bookmark();
    await settle();
    await verified(w);
    w.source.bookmark();
    await settle();
  }
  expect(w.drift).toHaveLength(1);
  expect(Object.keys(await viewNames(w))).not.toContain("p2");
  await report(w);
  expect((await w.status()).reports.merger?.contradictions).toBeGreaterThanOrEqual(3);
});

test("… also on a stream that never moves, and no list of the streamer brings it back", async () => {
  const base = world();
  const cache = new WatchCacheModel({
    cluster: base.cluster,
    lose: ({ type, object }) => type === "DELETED" && object.metadata.name === "p2",
  });
  const w = world({}, { cluster: base.cluster, cache, tell: () => [] });
  await watching(w);
  base.cluster.delete(PODS, "team-a", "p2");
  for (let rounds = 0; rounds < 3; rounds++) {
    pod(base.cluster, `more${rounds}`);
    w.monitor.verifyNow();
    await settle();
    await w.clock.advance(75_000);
    await settle();
  }
  expect(Object.keys(await viewNames(w))).not.toContain("p2");
  w.source.failWatches({ code: 410, reason: "Expired", message: "", retryAfterSeconds: undefined });
  await until(() => w.verdicts.length > 0, "the streamer has listed");
  await settle();
  expect(Object.keys(await viewNames(w))).not.toContain("p2");
  // Claimed once, when the stream is over it.
  expect(w.drift.filter(({ key }) => key === "team-a/p2")).toMatchObject([{ type: "deleted", cause: "expired" }]);
});

async function viewNames(w: World): Promise<Record<string, true>> {
  const { objects } = await w.monitor.store.scope({ resource: PODS }).read();
  return Object.fromEntries(objects.map(({ name }) => [name, true]));
}
