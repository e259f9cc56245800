import { KrmError, PODS } from "@krm/core";
import { describe, expect, test } from "vitest";
import { pod, settle, until } from "./support.ts";
import { apiError, report, watching, world, type World } from "./world.ts";

/** Lets time pass, for those who try again, until it has come to this. */
async function inTime(w: World, met: () => Promise<boolean>): Promise<void> {
  for (let seconds = 0; seconds < 120 && !(await met()); seconds += 5) {
    await w.clock.advance(5000);
    await settle();
  }
}

describe.for([{ streamingLists: false }, { streamingLists: true }])(
  "law 5: a restored cluster, $streamingLists",
  (source) => {
    test("trap 5: the history of an etcd restore starts a new epoch", async () => {
      const w = world({}, source);
      await watching(w);
      const old = w.cluster.version;
      const beforeRestore = w.cluster.version;
      for (let i = 0; i < 5; i++) pod(w.cluster, `lost${i}`);
      await until(w.equal, "the view follows");
      w.source.endWatches();
      w.cluster.restore(beforeRestore);
      expect(w.cluster.version).toBe(old);
      w.monitor.verifyNow();
      await inTime(w, async () => (await w.status()).view.epoch === 1);
      expect((await w.status()).view.epoch).toBe(1);
      await until(w.equal, "the view went back with the cluster");
      await report(w);
      expect((await w.streamer()).desyncs["epoch-reset"]).toBe(1);
      pod(w.cluster, "after");
      await until(w.equal, "it goes on in the new epoch");
    });

    test("is noticed whichever request of the restore fails", async () => {
      for (let failing = 0; failing < 8; failing++) {
        let requests = -1;
        const w = world(
          {},
          {
            ...source,
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
        await inTime(w, async () => (await w.equal()) && (await w.status()).view.epoch === 1);
        expect((await w.status()).view.epoch, `request ${failing} failed`).toBe(1);
        pod(w.cluster, "after");
        await inTime(w, w.equal);
        expect(await w.equal(), `request ${failing} failed`).toBe(true);
      }
    });
  },
);

test("traps 15, 23: a restored cluster that answers 504 to the old version is found out by a verification", async () => {
  let restored = false;
  const w = world(
    {},
    {
      beforeRequest: (asked) => {
        if (
          restored &&
          asked.verb === "watch" &&
          BigInt(asked.request.resourceVersion ?? 0) > BigInt(w.cluster.version)
        )
          throw apiError({ code: 504, reason: "Timeout", message: "Too large resource version" });
      },
    },
  );
  await watching(w);
  const before = w.cluster.version;
  for (let i = 0; i < 5; i++) pod(w.cluster, `lost${i}`);
  await until(w.equal, "the view follows");
  restored = true;
  w.source.endWatches();
  w.cluster.restore(before);
  await settle();
  await w.clock.advance(60_000);
  expect(await w.status()).toMatchObject({ state: "stale", view: { epoch: 0 } });
  await w.clock.advance(450_000);
  await until(w.equal, "the view went back with the cluster");
  expect(w.source.openWatches).toBeGreaterThan(0);
  w.source.bookmark();
  await report(w);
  expect(await w.status()).toMatchObject({ state: "synced", view: { epoch: 1, objects: 5 } });
  expect((await w.streamer()).desyncs).toMatchObject({ "epoch-reset": 1 });
});

test("an epoch reset reaches readers of the feed as a reset, and nobody resumes from before it", async () => {
  const w = world();
  await watching(w);
  const scope = w.monitor.store.scope({ resource: PODS });
  const since = await scope.cursor();
  const before = w.cluster.version;
  for (let i = 0; i < 5; i++) pod(w.cluster, `lost${i}`);
  await until(w.equal, "the view follows");
  w.source.endWatches();
  w.cluster.restore(before);
  w.monitor.verifyNow();
  await inTime(w, async () => (await w.status()).view.epoch === 1);
  const { value } = await scope.changes({ since })[Symbol.asyncIterator]().next();
  expect(value).toMatchObject({ type: "reset" });
  expect((await w.status()).view).toMatchObject({ resumeFloor: before, repairPending: false });
});

test("trap 15: a restored cluster whose versions have overtaken the old ones is found by objects older than was told", async () => {
  const w = world();
  await watching(w);
  const backup = w.cluster.version;
  for (let i = 0; i < 5; i++) w.cluster.patch(PODS, "team-a", "p0", { metadata: { labels: { at: String(i) } } });
  await until(w.equal, "it is told");
  w.cluster.restore(backup);
  w.cluster.delete(PODS, "team-a", "p0", { gracePeriodSeconds: 0 });
  pod(w.cluster, "p0");
  for (let i = 0; i < 20; i++) pod(w.cluster, `other${i}`, "team-b");
  w.source.endWatches();
  await until(() => w.source.openWatches === 1, "it watches on");
  for (let rounds = 0; rounds < 6 && (await w.status()).view.epoch === 0; rounds++) {
    w.source.bookmark();
    await settle();
    w.monitor.verifyNow();
    await settle();
    await w.clock.advance(2000);
    await settle();
  }
  expect((await w.status()).view.epoch).toBe(1);
  await until(w.equal, "the view is the cluster");
});
