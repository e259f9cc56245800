import assert from "node:assert/strict";
import { type MergerReport, PODS } from "@krm/core";
import { type ClusterEvent, WatchCacheModel } from "@krm/testkit";
import { elsewhere, touch } from "../changes.ts";
import { type Figures, overSeeds, type Row, type RowContext, seedsOf } from "../row.ts";
import { scene } from "../scenario.ts";

interface Lost {
  /** What the watch cache loses. */
  readonly types: readonly ClusterEvent["type"][];
  readonly pods: number;
  /** How many are lost. */
  readonly count: number;
}

/**
 * A watch cache that lost events: the list agrees with the broken watch, only a GET does not. Each object is asked by
 * name once a turn of the sampler: within as many rounds as that takes, all are found.
 */
async function losingCache(seed: number, { types, pods, count }: Lost): Promise<Figures> {
  const names = new Set<string>();
  let losing = false;
  let cache: WatchCacheModel | undefined;
  let gets = 0;
  await using s = await scene({
    seed,
    pods,
    source: ({ cluster }) => {
      cache = new WatchCacheModel({
        cluster,
        lose: (event) => losing && names.has(event.object.metadata.name) && types.includes(event.type),
      });
      return {
        cache,
        beforeRequest: ({ verb }) => {
          if (verb === "get") gets++;
        },
      };
    },
    monitor: { pageSize: 500, verifyEveryMs: 300_000 },
  });
  for (let i = 0; i < count; i++) names.add(`p${Math.floor((i * pods) / count)}`);
  losing = true;
  for (const [index, name] of [...names].entries()) {
    const deletes = types.length === 1 ? types[0] === "DELETED" : index % 2 === 0;
    if (deletes) s.cluster.delete(PODS, "team-a", name, { gracePeriodSeconds: 0 });
    else touch(s.cluster, name);
  }
  losing = false;
  // A pod is deleted by two events.
  assert.ok((cache?.lost ?? 0) >= count, "the watch cache has lost them");
  // A verification asks as many objects by name as its share of the budget has room for, and at most 100.
  const perRound = Math.min(100, Math.floor((600 * 300_000) / 3_600_000) - 2);
  const rounds = Math.ceil(pods / perRound);
  // The wait before a round is at most one and a half of the mean, which grows to twice the period while nothing is found.
  const boundMs = (rounds + 1) * 300_000 * 2 * 1.5;
  const from = s.clock.monotonic();
  const begun = s.traced.length;
  for (;;) {
    if ((await s.differences()).length === 0) break;
    const took = s.clock.monotonic() - from;
    assert.ok(took < boundMs, `what the cache lost is found within ${boundMs / 1000} s, by sampling`);
    await s.pass(20_000);
    if (s.clock.monotonic() % 60_000 < 20_000) s.bookmark();
  }
  const foundMs = s.clock.monotonic() - from;
  const took = s.traced.slice(begun).filter(({ input }) => input.type === "verification-started").length;
  // Each lie that is known costs a request a round: with many, a turn takes more rounds, which come sooner.
  if (count <= 2) assert.ok(took <= rounds + 1, `a turn of the sampler is ${rounds} rounds, and it took ${took}`);
  assert.equal(s.drift.length, count, "each is claimed once");
  for (const { key, type, cause } of s.drift) {
    assert.ok(names.has(key.slice("team-a/".length)), `${key} was lost`);
    assert.equal(cause, "upstream");
    assert.ok(type === "deleted" || type === "modified");
  }
  assert.equal(s.drift.filter(({ type }) => type === "deleted").length, deletedOf(types, count));
  // From here on the list goes on to lie, in every verification.
  const before = ((await s.reported()).reports.merger as MergerReport).contradictions;
  for (let i = 0; i < 6; i++) {
    elsewhere(s.cluster);
    await s.verified();
    assert.deepEqual(await s.differences(), [], "the list that lies does not bring the ghost back");
  }
  const { contradictions } = (await s.reported()).reports.merger as MergerReport;
  assert.ok(
    contradictions >= before + 6 * count,
    `each of the list's lies is counted: ${before}, then ${contradictions}`,
  );
  assert.equal(s.drift.length, count, "nothing more is claimed");
  await s.quiet({ drift: "claims" });
  const times = {
    "found-s": Math.round(foundMs / 1000),
    "bound-s": boundMs / 1000,
    rounds: took,
    "most-rounds": rounds,
  };
  return { objects: pods, lost: count, ...times, gets, contradictions };
}

function deletedOf(types: Lost["types"], count: number): number {
  if (types.length > 1) return Math.ceil(count / 2);
  return types[0] === "DELETED" ? count : 0;
}

/** A LIST without a version is no read of etcd: what it agrees on with the watch is not believed for ever. */
async function sameCacheBlindness(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 4), async (seed) => losingCache(seed, { types: ["DELETED"], pods: 8, count: 2 }));
}

/** A cache that loses now and then, under churn: whatever is claimed is true, and in the end the view is the cluster. */
async function losingUnderChurn(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 20, 3), async (seed) => {
    let cache: WatchCacheModel | undefined;
    let losing = true;
    await using s = await scene({
      seed,
      pods: 8,
      source: ({ cluster }) => {
        let count = 0;
        cache = new WatchCacheModel({
          cluster,
          lose: ({ type }) => losing && type !== "ADDED" && ++count % 7 === 0,
        });
        return { cache };
      },
    });
    await s.churn(60);
    losing = false;
    const figures = await s.quiet({ drift: "claims", withinMs: 1_800_000 });
    return { ...figures, lost: cache?.lost ?? 0 };
  });
}

/** About watch caches that lie. */
export const LYING_CACHE_ROWS: readonly Row[] = [
  { name: "trap 20: a list without a version is no read of etcd", trap: 20, run: sameCacheBlindness },
  {
    name: "watch cache that lost a DELETE: found by sampling in time",
    run: async ({ seed, brief }) => losingCache(seed, { types: ["DELETED"], pods: brief ? 120 : 500, count: 1 }),
  },
  {
    name: "watch cache that lost a MODIFY: found by sampling in time",
    run: async ({ seed, brief }) => losingCache(seed, { types: ["MODIFIED"], pods: brief ? 120 : 500, count: 1 }),
  },
  {
    name: "watch cache that lost many of both: found by sampling in time",
    run: async ({ seed, brief }) =>
      losingCache(seed, { types: ["DELETED", "MODIFIED"], pods: brief ? 120 : 500, count: 20 }),
  },
  { name: "watch cache that loses under churn: every claim is true", run: losingUnderChurn },
];
