import { KrmError, PODS, type RolePhase, type VerifierReport } from "@krm/core";
import type { ClusterSourceOptions, SourceRequest } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { pod, settle, until } from "./support.ts";
import { apiError, gone, report, watching, world, type World } from "./world.ts";

/** A server that knows no `resourceVersionMatch=Exact`. */
const noExact: ClusterSourceOptions["beforeRequest"] = (asked) => {
  if ("request" in asked && "match" in asked.request && asked.request.match === "Exact") throw apiError({ code: 400 });
};

const isList = ({ verb }: SourceRequest): boolean => verb === "list" || verb === "listMetadata";
const lists = (w: World): number => w.source.requests.list + w.source.requests.listMetadata;

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
      missed: { upstream: { added: 1, modified: 1, deleted: 1, recreated: 1 } },
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
        beforeRequest: noExact,
      },
    );
    await watching(w);
    pod(w.cluster, "slow");
    w.monitor.verifyNow();
    await settle();
    expect(await w.equal()).toBe(false);
    await w.clock.advance(75_000);
    await until(w.equal, "the stream was waited for long enough: the snapshot shows it");
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
    expect(lists(w)).toBe(3);
    await w.clock.advance(2000);
    await until(() => w.verdicts.length === 1, "a verification");
    // It proves what was told with the bookmark, and nothing newer.
    expect((await w.status()).view.verifiedAt).toBe(w.clock.now() - 61_000);
  });

  test("law 10: a miss below a told version, repaired by a verification ahead of the stream, raises the floor", async () => {
    const w = world({}, { tell: () => [], beforeRequest: noExact });
    await watching(w);
    w.cluster.patch(PODS, "team-a", "p1", { metadata: { labels: { missed: "yes" } } });
    w.source.bookmark();
    await until(async () => (await w.status()).view.version === w.cluster.version, "the version is told");
    pod(w.cluster, "later");
    w.monitor.verifyNow();
    await settle();
    await w.clock.advance(75_000);
    await until(w.equal, "the view is repaired");
    expect((await w.status()).view).toMatchObject({ version: w.cluster.version, resumeFloor: w.cluster.version });
  });
});

describe("a verification that fails", () => {
  const verifier = async (w: World): Promise<VerifierReport> => (await w.status()).reports.verifier as VerifierReport;
  const cases: {
    readonly name: string;
    readonly error: Error;
    readonly phase: RolePhase["phase"];
    readonly waitMs: number;
  }[] = [
    { name: "410", error: apiError({ code: 410, reason: "Expired" }), phase: "backing-off", waitMs: 1200 },
    {
      name: "an unreadable page",
      error: new KrmError("KRM_DECODE", "half a page"),
      phase: "backing-off",
      waitMs: 1200,
    },
    { name: "500", error: apiError({ code: 500 }), phase: "backing-off", waitMs: 1200 },
    { name: "429", error: apiError({ code: 429, retryAfterSeconds: 20 }), phase: "backing-off", waitMs: 21_000 },
    { name: "a lost connection", error: new KrmError("KRM_CONNECTION", "reset"), phase: "backing-off", waitMs: 1200 },
    { name: "what is no KrmError", error: new TypeError("fetch failed"), phase: "backing-off", waitMs: 1200 },
    {
      name: "pages of two versions",
      error: new KrmError("KRM_LIST_INCONSISTENT", "two"),
      phase: "backing-off",
      waitMs: 1200,
    },
    { name: "401", error: apiError({ code: 401 }), phase: "blocked", waitMs: 75_000 },
    { name: "403", error: apiError({ code: 403 }), phase: "blocked", waitMs: 75_000 },
    { name: "404", error: apiError({ code: 404 }), phase: "blocked", waitMs: 75_000 },
    { name: "405", error: apiError({ code: 405 }), phase: "waiting", waitMs: 300_000 },
    {
      name: "a version that does not parse",
      error: new KrmError("KRM_INVALID_RESOURCE_VERSION", "v-1"),
      phase: "waiting",
      waitMs: 300_000,
    },
  ];
  test.for(cases)(
    "by $name is told, tried again when it is due, and no matter of the stream",
    async ({ error, phase, waitMs }) => {
      let failing = false;
      const w = world(
        {},
        {
          beforeRequest: (asked) => {
            if (failing && isList(asked)) throw error;
          },
        },
      );
      await watching(w);
      failing = true;
      w.monitor.verifyNow();
      await until(() => lists(w) > 3, "it was tried");
      await settle();
      const tried = lists(w);
      await w.clock.advance(600);
      await settle();
      expect(await verifier(w)).toMatchObject({ state: { phase }, failures: 1, snapshots: 0 });
      pod(w.cluster, "streamed");
      await until(w.equal, "the stream goes on");
      expect((await w.status()).state).toBe("synced");
      failing = false;
      await w.clock.advance(waitMs - 601);
      await settle();
      expect(lists(w)).toBe(tried);
      w.source.bookmark();
      await settle();
      await w.clock.advance(2);
      await until(() => w.verdicts.length === 1, "it was verified after all");
      expect(w.verdicts).toEqual(["consistent"]);
      await report(w);
      expect(await verifier(w)).toMatchObject({ state: { phase: "waiting" }, failures: 1, snapshots: 1 });
    },
  );
});

test("a verification that the streamer's own list has overtaken is stale: counted, and nothing is claimed by it", async () => {
  const gate = Promise.withResolvers<void>();
  let hold = false;
  let held = false;
  const w = world(
    {},
    {
      tell: () => [],
      beforeRequest: async (asked) => {
        if (!hold || asked.verb !== "listMetadata" || asked.request.continue === undefined) return;
        hold = false;
        held = true;
        await gate.promise;
      },
    },
  );
  await watching(w);
  hold = true;
  w.monitor.verifyNow();
  await until(() => held, "its second page waits");
  pod(w.cluster, "later");
  w.source.failWatches(gone);
  await until(w.equal, "the streamer has listed anew");
  gate.resolve();
  await until(() => w.verdicts.length === 2, "the verification has come to its end");
  expect(w.verdicts).toEqual(["drift", "stale"]);
  expect(w.drift).toMatchObject([{ type: "added", cause: "expired", horizon: w.cluster.version }]);
  expect(await w.equal()).toBe(true);
  await report(w);
  expect((await w.status()).reports.merger).toMatchObject({ verifications: { stale: 1 }, pending: 0 });
});
