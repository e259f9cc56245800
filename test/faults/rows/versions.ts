import assert from "node:assert/strict";
import { compareResourceVersions, type MergerReport, PODS, type ResourceVersion } from "@krm/core";
import { pod } from "../../roles/support.ts";
import { elsewhere, touch } from "../changes.ts";
import { Lies, tooLarge } from "../faults-of-a-source.ts";
import { type Figures, overSeeds, type Row, type RowContext, seedsOf } from "../row.ts";
import { scene } from "../scenario.ts";

/** How long readers could see what was missed is right to the second, whatever the API server's clock says. */
async function exposure({ seed }: RowContext): Promise<Figures> {
  const found: number[] = [];
  for (const skewMs of [0, 3_600_000, -3_600_000]) {
    let lossy = false;
    await using s = await scene({
      seed,
      source: () => ({ tell: (event) => (lossy ? [] : [event]) }),
      monitor: { verifyEveryMs: 86_400_000 },
    });
    await s.verified();
    const { verifiedAt = 0 } = (await s.status()).view;
    await s.pass(10_321);
    lossy = true;
    s.cluster.patch(PODS, "team-a", "p1", { metadata: { labels: { missed: "yes" } } }, "application/merge-patch+json", {
      at: s.clock.now() + skewMs,
    });
    const changedAt = s.clock.now();
    s.cluster.delete(PODS, "team-a", "p2");
    lossy = false;
    await s.pass(25_555);
    await s.verified();
    await s.pass(2000);
    const { recent, exposure: sum } = (await s.status()).reports.merger as MergerReport;
    const modified = recent.find(({ type }) => type === "modified");
    const deleted = recent.find(({ type }) => type === "deleted");
    assert.ok(modified !== undefined && deleted !== undefined);
    const since = skewMs === 0 ? changedAt : verifiedAt;
    assert.equal(modified.exposedSince, skewMs === 0 ? "changed" : "verified");
    assert.ok(Math.abs(modified.exposedMs - (modified.foundAt - since)) <= 1000, `${skewMs}: ${modified.exposedMs}`);
    assert.equal(deleted.exposedSince, "verified", "a deletion leaves no time behind");
    assert.equal(deleted.exposedMs, deleted.foundAt - verifiedAt);
    assert.equal(sum.totalMs, modified.exposedMs + deleted.exposedMs);
    assert.equal(sum.longestMs, Math.max(modified.exposedMs, deleted.exposedMs));
    found.push(modified.exposedMs);
    await s.quiet();
  }
  return { "exposed-ms": found.join("/") };
}

/** An etcd that was restored: versions run backwards, and a cluster that answers 504 to the old ones. */
async function restored(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 12, 2), async (seed) => {
    let answers504 = false;
    await using s = await scene({
      seed,
      source: ({ cluster }) => ({
        streamingLists: seed % 3 === 0,
        beforeRequest: (asked) => {
          const named = "request" in asked ? asked.request.resourceVersion : undefined;
          const ahead =
            named !== undefined &&
            compareResourceVersions(named as ResourceVersion, cluster.version as ResourceVersion) > 0;
          if (answers504 && ahead) throw tooLarge();
        },
      }),
    });
    await s.churn(15);
    await s.equal();
    await s.verified();
    const backup = s.cluster.version;
    for (let i = 0; i < 10; i++) pod(s.cluster, `lost${i}`);
    for (let i = 0; i < 3; i++) s.cluster.delete(PODS, "team-a", `lost${i}`);
    await s.equal();
    answers504 = seed % 2 === 0;
    s.cluster.restore(backup);
    s.source.endWatches();
    await s.pass(60_000);
    s.monitor.verifyNow();
    await s.equal(1_200_000);
    const status = await s.reported();
    assert.equal(status.view.epoch, 1, "it is a new history");
    assert.equal(status.reports.streamer?.desyncs["epoch-reset"], 1);
    await s.churn(15);
    return await s.quiet();
  });
}

/**
 * A restored cluster that has written so much again that its versions lie above the old ones before anybody looks: lists
 * are not lower, but an object is, which says so itself when it is asked.
 */
async function overtaken({ seed }: RowContext): Promise<Figures> {
  await using s = await scene({ seed });
  await s.verified();
  const backup = s.cluster.version;
  for (let i = 0; i < 5; i++) touch(s.cluster, "p0");
  await s.equal(5000, false);
  s.cluster.restore(backup);
  s.cluster.delete(PODS, "team-a", "p0", { gracePeriodSeconds: 0 });
  pod(s.cluster, "p0");
  for (let i = 0; i < 20; i++) elsewhere(s.cluster);
  s.source.endWatches();
  await s.pass(1000);
  await s.equal(900_000);
  assert.equal((await s.status()).view.epoch, 1, "it is a new history");
  return await s.quiet({ drift: "unchecked" });
}

/** Versions around and far above 2^53 lose no digit. */
async function longVersions(context: RowContext): Promise<Figures> {
  const starts = [
    "9007199254740980",
    "18446744073709551600",
    "340282366920938463463374607431768211000",
    "990",
    "99999999990",
  ];
  return overSeeds(seedsOf(context, 10, 5), async (seed) => {
    const lies = new Lies("drop=0.1,dup=0.05", seed);
    await using s = await scene({
      seed,
      firstVersion: starts[seed % starts.length] ?? "1",
      source: () => ({ tell: lies.tell }),
    });
    await s.churn(50);
    lies.lying = false;
    const figures = await s.quiet();
    assert.equal((await s.status()).view.version, s.cluster.version, "to the last digit");
    return { ...figures, lost: lies.dropped };
  });
}

/** Replicas that answer 504 to a version that they do not have yet: waited for, elsewhere asked, never hammered. */
async function laggingReplica(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 4), async (seed) => {
    let behind = false;
    let asked504 = 0;
    const elsewhereAsked: boolean[] = [];
    await using s = await scene({
      seed,
      source: () => ({
        beforeRequest: (asked) => {
          if (!behind || asked.verb === "get") return;
          const named = asked.request.resourceVersion;
          if (named === undefined) return;
          if ("elsewhere" in asked.request) elsewhereAsked.push(asked.request.elsewhere === true);
          asked504++;
          throw tooLarge();
        },
      }),
    });
    await s.churn(5);
    await s.equal();
    behind = true;
    const { list } = s.source.requests;
    s.source.endWatches();
    for (let minutes = 0; minutes < 10; minutes++) {
      touch(s.cluster, s.cluster.list(PODS, { namespace: "team-a" }).items[0]?.metadata.name ?? "");
      await s.pass(60_000);
    }
    assert.ok(asked504 < 120, `ten minutes of 504 are no hot loop: ${asked504} requests`);
    assert.ok(elsewhereAsked.includes(true), "another connection is tried");
    // Verifications that give up an exact list take the newest one: that costs lists, but no avalanche.
    assert.ok(s.source.requests.list - list < 120);
    behind = false;
    const figures = await s.quiet();
    assert.equal((await s.status()).view.epoch, 0, "and it is no new history");
    return { "504s": asked504, ...figures };
  });
}

/** A quiet resource among busy ones: its versions are far behind the cluster's, and that is no drift. */
async function versionsAreOfOneResource({ seed }: RowContext): Promise<Figures> {
  await using s = await scene({ seed });
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 100; i++) elsewhere(s.cluster);
    await s.verified();
  }
  assert.deepEqual(s.drift, []);
  return await s.quiet();
}

/** About versions and times. */
export const VERSION_ROWS: readonly Row[] = [
  { name: "trap 14: times of whole seconds, by clocks that differ", trap: 14, run: exposure },
  { name: "trap 15: versions that run backwards are a new history", trap: 15, run: restored },
  { name: "trap 15b: versions of other resources say nothing of this one", run: versionsAreOfOneResource },
  { name: "trap 15c: a restored cluster whose versions have overtaken the old ones", run: overtaken },
  { name: "trap 16: versions above 2^53", trap: 16, run: longVersions },
  { name: "trap 23: 504 of a lagging replica is no loop", trap: 23, run: laggingReplica },
];
