import { KrmError, NODES, PODS, type VerifierReport } from "@krm/core";
import { expect, test } from "vitest";
import { pod, settle, until } from "./support.ts";
import { apiError, report, watching, world, type World } from "./world.ts";

const lists = (w: World): number => w.source.requests.list + w.source.requests.listMetadata;

/** An hour, with a bookmark each minute. */
async function hour(w: World): Promise<void> {
  for (let minutes = 0; minutes < 60; minutes++) {
    await w.clock.advance(60_000);
    await settle();
    w.source.bookmark();
    await settle();
  }
}

test("a list of the newest state that was overtaken while it was taken does not make the streamer list", async () => {
  let churn = false;
  const w: World = world(
    {},
    {
      beforeRequest: (asked) => {
        if (asked.verb !== "listMetadata") return;
        if (asked.request.match === "Exact") throw apiError({ code: 400 });
        if (!churn || asked.request.continue === undefined) return;
        churn = false;
        pod(w.cluster, "meanwhile");
      },
    },
  );
  await watching(w);
  const before = (await w.streamer()).lists;
  churn = true;
  w.monitor.verifyNow();
  await until(() => w.verdicts.length === 1, "a verdict");
  await report(w);
  expect((await w.streamer()).lists).toBe(before);
});

test("a stream that was not heard for long is not verified where it stopped: the newest state is listed, and settles it", async () => {
  const w = world({}, { tell: () => [] });
  await watching(w);
  await w.clock.advance(60_000);
  w.cluster.delete(PODS, "team-a", "p1");
  await w.clock.advance(60_000);
  w.monitor.verifyNow();
  await settle();
  expect(await w.equal()).toBe(false);
  await w.clock.advance(75_000);
  await until(w.equal, "the list settled it");
});

test("exposure counts from when the verified version was told, not from when that was verified", async () => {
  let lossy = false;
  const w = world({}, { tell: (event) => (lossy ? [] : [event]) });
  await watching(w);
  w.source.bookmark();
  await settle();
  lossy = true;
  await w.clock.advance(30_000);
  w.cluster.delete(PODS, "team-a", "p1");
  await w.clock.advance(30_000);
  // Of the version before the deletion: nothing is missing at it.
  w.monitor.verifyNow();
  await until(() => w.verdicts.length === 1, "a verdict");
  await w.clock.advance(10_000);
  w.source.bookmark();
  await settle();
  w.monitor.verifyNow();
  await until(() => w.verdicts.length === 2, "another one");
  expect(w.verdicts).toEqual(["consistent", "drift"]);
  expect(w.drift).toMatchObject([{ type: "deleted", exposedSince: "verified", exposedMs: 70_000 }]);
});

test("where objects cannot be read by name, the list is believed after three tries", async () => {
  const w = world(
    {},
    {
      beforeRequest: ({ verb }) => {
        if (verb === "get") throw apiError({ code: 500 });
      },
      tell: () => [],
    },
  );
  await watching(w);
  w.cluster.delete(PODS, "team-a", "p1");
  w.source.bookmark();
  await settle();
  w.monitor.verifyNow();
  await hour(w);
  expect(await w.equal()).toBe(true);
  const { failures } = (await w.status()).reports.verifier as VerifierReport;
  expect(failures).toBe(2);
});

test("one object that cannot be read by name does not hinder the others", async () => {
  const w = world(
    {},
    {
      tell: () => [],
      beforeRequest: (asked) => {
        if (asked.verb === "get" && asked.key.name === "p1") throw new KrmError("KRM_DECODE", "corrupt");
      },
    },
  );
  await watching(w);
  w.cluster.delete(PODS, "team-a", "p1");
  w.cluster.delete(PODS, "team-a", "p2");
  w.source.bookmark();
  await settle();
  w.monitor.verifyNow();
  await until(w.equal, "both are put right");
  expect(((await w.status()).reports.verifier as VerifierReport).failures).toBe(0);
});

test("exact lists that fail for ever give way to the newest state", async () => {
  const w = world(
    {},
    {
      tell: () => [],
      beforeRequest: (asked) => {
        if (asked.verb === "listMetadata" && asked.request.match === "Exact")
          throw apiError({ code: 500, message: "etcdserver: mvcc: required revision is a future revision" });
      },
    },
  );
  await watching(w);
  w.cluster.delete(PODS, "team-a", "p1");
  w.source.bookmark();
  await settle();
  w.monitor.verifyNow();
  await hour(w);
  expect(await w.equal()).toBe(true);
  expect((await w.status()).reports.verifier).toMatchObject({ failures: 3, mode: "latest-metadata" });
});

test("verifications that fail keep to the budget too", async () => {
  let failing = false;
  const w = world(
    { verifyBudgetPerHour: 60, pageSize: 1 },
    {
      beforeRequest: (asked) => {
        if (failing && asked.verb === "listMetadata" && asked.request.continue !== undefined)
          throw apiError({ code: 500 });
      },
    },
  );
  await watching(w);
  const before = lists(w);
  failing = true;
  w.monitor.verifyNow();
  await hour(w);
  // An hour's budget, the bucket that was full, and one round.
  expect(lists(w) - before).toBeLessThanOrEqual(60 + 15 + 2);
  expect(lists(w) - before).toBeGreaterThan(10);
});

test("a list ahead of a quiet stream that shows nothing else than the view is not taken a second time for its bodies", async () => {
  const w = world();
  await watching(w);
  w.monitor.verifyNow();
  await until(() => w.verdicts.length === 1, "the exact one");
  w.cluster.create(NODES, { metadata: { name: "elsewhere" } });
  const { list } = w.source.requests;
  w.monitor.verifyNow();
  await settle();
  await w.clock.advance(80_000);
  await settle();
  expect(w.source.requests.list).toBe(list);
  w.source.bookmark();
  await until(() => w.verdicts.length === 2, "the stream has passed it");
  expect(w.verdicts).toEqual(["consistent", "consistent"]);
});
