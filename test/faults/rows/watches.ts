import assert from "node:assert/strict";
import { KrmError, PODS, type WatchRequest } from "@krm/core";
import { pod, settle } from "../../roles/support.ts";
import { elsewhere, touch } from "../changes.ts";
import { apiError, EXPIRED, Lies } from "../faults-of-a-source.ts";
import { type Figures, overSeeds, type Row, type RowContext, seedsOf } from "../row.ts";
import { scene, soon, type SourceScene } from "../scenario.ts";

/** Watches that were not asked for initial events, as they were asked for. */
function watched(requests: WatchRequest[]): (asked: { verb: string }) => void {
  return (asked) => {
    if (asked.verb !== "watch" || !("request" in asked)) return;
    const request = asked.request as WatchRequest;
    if (request.initialEvents !== true) requests.push(request);
  };
}

/** Everything that a gap can hide: a creation, a change, a deletion, a new life, and what cancels out. */
function hidden(s: SourceScene): void {
  pod(s.cluster, "hidden");
  touch(s.cluster, "p1");
  s.cluster.delete(PODS, "team-a", "p2");
  s.cluster.delete(PODS, "team-a", "p3");
  pod(s.cluster, "p3");
  pod(s.cluster, "came-and-went");
  s.cluster.delete(PODS, "team-a", "came-and-went");
}

const ONE_OF_EACH = (cause: string): Record<string, number> => ({
  [`${cause} added`]: 1,
  [`${cause} modified`]: 1,
  [`${cause} deleted`]: 1,
  [`${cause} recreated`]: 1,
});

/** The stream tells nothing of what happens, and then it is told that its version is too old. */
async function expiring(seed: number, tell: (s: SourceScene, refuse: () => void) => void): Promise<Figures> {
  let lossy = false;
  let refusing = false;
  await using s = await scene({
    seed,
    source: () => ({
      tell: (event) => (lossy ? [] : [event]),
      beforeRequest: ({ verb }) => {
        if (verb !== "watch" || !refusing) return;
        refusing = false;
        throw apiError(410, { reason: "Expired" });
      },
    }),
  });
  await s.churn(20);
  await s.equal();
  for (const name of ["p1", "p2", "p3"]) if (s.cluster.get(PODS, "team-a", name) === undefined) pod(s.cluster, name);
  await s.equal();
  lossy = true;
  hidden(s);
  lossy = false;
  tell(s, () => {
    refusing = true;
  });
  await s.equal(120_000, false);
  assert.deepEqual(s.causes(), ONE_OF_EACH("expired"), "what the gap hid is told with its cause, one of each kind");
  const figures = await s.quiet();
  assert.equal((await s.streamer()).desyncs.expired, 1, "the gap is counted once");
  return figures;
}

async function expiredBothWays(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 6), async (seed) => {
    const inside = await expiring(seed, (s) => s.source.failWatches(EXPIRED));
    await expiring(seed, (s, refuse) => {
      refuse();
      s.source.endWatches();
    });
    return inside;
  });
}

async function bookmarksAreNoObjects({ seed }: RowContext): Promise<Figures> {
  await using s = await scene({ seed });
  const { cursor } = await s.monitor.store.scope({ resource: PODS }).meta();
  for (let i = 0; i < 200; i++) {
    elsewhere(s.cluster);
    s.bookmark();
    await s.pass(50);
  }
  const report = await s.streamer();
  assert.equal(report.events, 0, "a bookmark is no event");
  assert.ok(report.bookmarks >= 200, "bookmarks are counted as such");
  const { view } = await s.status();
  assert.equal(view.objects, 6, "none of them is stored");
  assert.equal(view.cursor, cursor, "none of them is told to readers as a change");
  assert.equal(view.streamedThrough, s.cluster.version, "but how far they vouch is");
  return { bookmarks: report.bookmarks, ...(await s.quiet()) };
}

async function fromTheListsVersion({ seed }: RowContext): Promise<Figures> {
  const requests: WatchRequest[] = [];
  let lists = 0;
  await using s = await scene({
    seed,
    pods: 8,
    source: ({ cluster }) => {
      for (let i = 0; i < 10; i++) elsewhere(cluster);
      return {
        beforeRequest: (asked) => {
          watched(requests)(asked);
          // The cluster moves on between two pages, and before the watch.
          if (asked.verb === "list" && ++lists < 4) elsewhere(cluster);
          if (asked.verb === "list" && lists === 2) pod(cluster, "between-pages");
        },
      };
    },
  });
  const listed = s.traced.find(({ input }) => input.type === "relisted")?.input;
  assert.ok(listed?.type === "relisted");
  const { resourceVersion, entries } = listed.snapshot;
  assert.equal(requests[0]?.resourceVersion, resourceVersion, "the watch begins at the list's version");
  for (const entry of entries.values()) assert.notEqual(entry.resourceVersion, resourceVersion);
  assert.ok(!entries.has("team-a/between-pages" as never), "all pages show one version");
  await s.equal(60_000, false);
  assert.equal(s.drift.length, 0);
  return { objects: entries.size, ...(await s.quiet()) };
}

async function bookmarksMoveAQuietOne({ seed }: RowContext): Promise<Figures> {
  const requests: WatchRequest[] = [];
  await using s = await scene({ seed, source: () => ({ beforeRequest: watched(requests) }) });
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 5; i++) elsewhere(s.cluster);
    s.bookmark();
    await s.pass(60_000);
    s.cluster.compact();
    s.source.endWatches();
    await s.pass(2000);
    await soon(() => s.openWatches === 1, "it watches again");
    assert.equal(requests.at(-1)?.resourceVersion, s.cluster.version, "from where the bookmark was");
  }
  const { lists, desyncs } = await s.streamer();
  assert.deepEqual([lists, desyncs.expired], [1, 0], "nothing is listed anew, and nothing is a gap");
  return { reconnects: requests.length - 1, ...(await s.quiet()) };
}

async function noJump(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 4), async (seed) => {
    const requests: WatchRequest[] = [];
    await using s = await scene({ seed, source: () => ({ beforeRequest: watched(requests) }) });
    await s.churn(10);
    await s.equal();
    s.source.endWatches(new KrmError("KRM_CONNECTION", "reset"));
    await soon(() => s.openWatches === 0, "the watch has ended");
    s.cluster.delete(PODS, "team-a", s.cluster.list(PODS, { namespace: "team-a" }).items[0]?.metadata.name ?? "");
    const named = s.cluster.version;
    s.cluster.compact();
    const before = requests.length;
    await s.equal(120_000, false);
    // The server named its oldest version in the message: whoever goes on from there never hears of the deletion.
    for (const { resourceVersion } of requests.slice(before + 1))
      assert.ok(BigInt(resourceVersion ?? 0) >= BigInt(named));
    assert.deepEqual(s.causes(), { "expired deleted": 1 });
    const { lists, desyncs } = await s.streamer();
    assert.deepEqual([lists, desyncs.expired], [2, 1], "a list, not a jump");
    return await s.quiet();
  });
}

async function relistTellsWhatVanished({ seed }: RowContext): Promise<Figures> {
  let lossy = false;
  await using s = await scene({ seed, source: () => ({ tell: (event) => (lossy ? [] : [event]) }) });
  const told: string[] = [];
  s.monitor.events.on("commit", (_, { changes }) => {
    for (const change of changes)
      told.push(
        change.type === "removed"
          ? `removed ${change.key} ${change.finalState === "unknown" ? "unknown" : "known"}`
          : `set ${change.object.key} ${change.previous === undefined ? "new" : change.previous.uid === change.object.uid ? "same life" : "another life"}`,
      );
  });
  lossy = true;
  s.cluster.delete(PODS, "team-a", "p0");
  s.cluster.delete(PODS, "team-a", "p1");
  pod(s.cluster, "p1");
  touch(s.cluster, "p2");
  lossy = false;
  s.source.failWatches(EXPIRED);
  await s.equal(60_000, false);
  assert.deepEqual(told.toSorted(), [
    "removed team-a/p0 unknown",
    "set team-a/p1 another life",
    "set team-a/p2 same life",
  ]);
  assert.deepEqual(s.causes(), { "expired deleted": 1, "expired recreated": 1, "expired modified": 1 });
  return await s.quiet();
}

async function recreatedBetween(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 4), async (seed) => {
    let lossy = false;
    await using s = await scene({ seed, source: () => ({ tell: (event) => (lossy ? [] : [event]) }) });
    lossy = true;
    for (let i = 0; i < 3; i++) {
      s.cluster.delete(PODS, "team-a", `p${i}`);
      pod(s.cluster, `p${i}`);
    }
    // Twice is still one.
    s.cluster.delete(PODS, "team-a", "p0");
    pod(s.cluster, "p0");
    lossy = false;
    await s.verified();
    assert.deepEqual(s.causes(), { "upstream recreated": 3 });
    const { missed: _, ...rest } = await s.quiet();
    // And where there is no watch, but only lists now and then.
    let watchable = true;
    await using polled = await scene({
      seed,
      monitor: { verifyEveryMs: 86_400_000 },
      source: () => ({
        beforeRequest: ({ verb }) => {
          if (verb === "watch" && !watchable) throw apiError(405, { reason: "MethodNotAllowed" });
        },
      }),
    });
    watchable = false;
    polled.source.endWatches();
    await polled.pass(40_000);
    const lives: boolean[] = [];
    polled.monitor.events.on("commit", (_scope, { changes }) => {
      for (const change of changes)
        if (change.type === "set")
          lives.push(change.previous !== undefined && change.previous.uid !== change.object.uid);
    });
    polled.cluster.delete(PODS, "team-a", "p4");
    pod(polled.cluster, "p4");
    await polled.equal(120_000, false);
    assert.deepEqual(lives, [true], "a list tells the new life by its uid");
    return { ...rest, recreated: 3 };
  });
}

async function deletionsCarryTheirVersion({ seed }: RowContext): Promise<Figures> {
  await using s = await scene({ seed });
  const removed: { key: string; version: string; final: string }[] = [];
  s.monitor.events.on("commit", (_, { changes }) => {
    for (const change of changes)
      if (change.type === "removed" && change.finalState !== "unknown")
        removed.push({ key: change.key, version: change.resourceVersion, final: change.finalState.labels["at"] ?? "" });
  });
  const deletions = new Map<string, string>();
  s.cluster.subscribe((event) => {
    if (event.type === "DELETED") deletions.set(`team-a/${event.object.metadata.name}`, event.resourceVersion);
  });
  for (let i = 0; i < 4; i++) {
    touch(s.cluster, `p${i}`);
    s.cluster.delete(PODS, "team-a", `p${i}`);
    await s.pass(100);
  }
  await s.equal(10_000, false);
  assert.deepEqual(
    removed.map(({ key, version }) => [key, version]),
    [...deletions],
    "under the deletion's version",
  );
  for (const { final } of removed) assert.notEqual(final, "", "with the last state");
  return { deletions: removed.length, ...(await s.quiet()) };
}

/** Deletes pods in every way there is, and sees that each step is in the view. */
async function deletions(seed: number): Promise<Figures> {
  await using s = await scene({ seed });
  const one = async (name: string, how: () => void): Promise<void> => {
    how();
    await s.equal(10_000, false);
    assert.ok(name);
  };
  pod(s.cluster, "finalized");
  s.cluster.patch(PODS, "team-a", "finalized", { metadata: { finalizers: ["example.org/hold"] } });
  // Without a grace period and a finalizer there is no deletionTimestamp.
  await one("at once", () => s.cluster.delete(PODS, "team-a", "p0", { gracePeriodSeconds: 0 }));
  await one("begins", () => s.cluster.delete(PODS, "team-a", "finalized"));
  await s.pass(7_200_000);
  s.bookmark();
  // Its deletionTimestamp lies hours in the past by now.
  await one("ends", () => s.cluster.patch(PODS, "team-a", "finalized", { metadata: { finalizers: null } }));
  return await s.quiet();
}

async function shortenedGrace(seed: number): Promise<Figures> {
  await using s = await scene({ seed });
  s.cluster.bind("team-a", "p0", "node-1");
  for (const gracePeriodSeconds of [3600, 30, 5, 0]) {
    s.cluster.delete(PODS, "team-a", "p0", { gracePeriodSeconds });
    await s.equal(10_000, false);
    touch(s.cluster, "p1");
    await s.pass(1000);
  }
  assert.equal(s.cluster.get(PODS, "team-a", "p0"), undefined);
  return await s.quiet();
}

async function goodEnds(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 6), async (seed) => {
    await using s = await scene({ seed });
    const { list } = s.source.requests;
    let ends = 0;
    for (let i = 0; i < 30; i++) {
      await s.churn(3, 500);
      await s.pass(1500);
      s.source.endWatches();
      ends++;
      await s.pass(100);
    }
    await s.equal(60_000, false);
    const { failures, desyncs, lists } = await s.streamer();
    assert.deepEqual([failures, lists, s.source.requests.list], [0, 1, list], "no error, no list");
    assert.ok(Object.values(desyncs).every((count) => count === 0));
    const figures = await s.quiet();
    assert.equal(s.drift.length, 0);
    return { ends, ...figures };
  });
}

async function twice(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 6), async (seed) => {
    const lies = new Lies("dup=0.5", seed);
    await using s = await scene({ seed, source: () => ({ tell: lies.tell }) });
    const told: string[] = [];
    s.monitor.events.on("commit", (_, { changes }) => {
      for (const change of changes)
        told.push(change.type === "set" ? change.object.resourceVersion : change.resourceVersion);
    });
    for (let i = 0; i < 20; i++) {
      await s.churn(5, 300);
      // Another connection from before where this one was would tell it again.
      if (i % 4 === 0) s.source.endWatches(new KrmError("KRM_CONNECTION", "reset"));
      await settle();
    }
    await s.equal(60_000, false);
    assert.equal(new Set(told).size, told.length, "readers are told each version once");
    const figures = await s.quiet();
    assert.equal(s.drift.length, 0);
    return { changes: told.length, ...figures };
  });
}

/** About watches: their frames, their beginning and their end. */
export const WATCH_ROWS: readonly Row[] = [
  { name: "trap 1: 410 inside a 200, and as an HTTP status", trap: 1, run: expiredBothWays },
  { name: "trap 2: bookmarks are no objects", trap: 2, run: bookmarksAreNoObjects },
  { name: "trap 6: the watch begins at the list's version, on all pages", trap: 6, run: fromTheListsVersion },
  { name: "trap 7: bookmarks alone move a quiet resource past compactions", trap: 7, run: bookmarksMoveAQuietOne },
  { name: "trap 8: no jump to the version that a 410 names", trap: 8, run: noJump },
  {
    name: "trap 9: a list after 410 tells what vanished and what was made anew",
    trap: 9,
    run: relistTellsWhatVanished,
  },
  { name: "trap 10: deleted and made anew between two looks is one recreated", trap: 10, run: recreatedBetween },
  {
    name: "trap 11: DELETED carries the last state under the deletion's version",
    trap: 11,
    run: deletionsCarryTheirVersion,
  },
  {
    name: "trap 12: deletions without, and with an old, deletionTimestamp",
    trap: 12,
    run: ({ seed }) => deletions(seed),
  },
  {
    name: "trap 13: a grace period that is shortened, told again and again",
    trap: 13,
    run: ({ seed }) => shortenedGrace(seed),
  },
  { name: "trap 22: watches end in good order: no error, no list", trap: 22, run: goodEnds },
  { name: "trap 34: what is delivered twice is told once", trap: 34, run: twice },
];
