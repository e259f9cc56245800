import assert from "node:assert/strict";
import { KrmError } from "@krm/core";
import { FaultPlan, parseFaults, SeededRandom, WatchCacheModel } from "@krm/testkit";
import { change } from "../changes.ts";
import { anyReplica, apiError, EXPIRED, Lies } from "../faults-of-a-source.ts";
import { type Figures, overSeeds, type Row, type RowContext, seedsOf } from "../row.ts";
import { scene } from "../scenario.ts";

/**
 * Heavy churn, also within requests; replicas that lag, each by its own; watches that end and begin on another replica,
 * which tells some of it again, and some later: nothing is lost, so nothing may be claimed.
 */
async function nothingLost(seed: number, stale: boolean): Promise<Figures> {
  const random = new SeededRandom(`${seed}/server`);
  const replicas: WatchCacheModel[] = [];
  let live = false;
  await using s = await scene({
    seed,
    pods: random.integer(2, 9),
    firstVersion: random.pick(["1", "90", "990", "9007199254740980"]),
    monitor: { verifyEveryMs: random.pick([5000, 20_000, 60_000]), pageSize: random.integer(1, 5) },
    source: ({ cluster }) => {
      for (let i = random.integer(1, 3); i > 0; i--)
        replicas.push(
          new WatchCacheModel({
            cluster,
            ...(random.chance(0.5) ? { behind: random.integer(0, 6) } : { delayMs: random.integer(0, 4000) }),
          }),
        );
      return {
        replicas: [cluster, ...replicas],
        seed,
        ...(!stale && { route: anyReplica(replicas.length + 1, random) }),
        streamingLists: random.chance(0.5),
        metadataLists: random.pick(["ok", "ok", "ok", "whole", "absent"] as const),
        beforeRequest: () => {
          if (live) for (let i = random.integer(0, 2); i > 0; i--) change(cluster, random);
        },
      };
    },
  });
  live = true;
  for (let i = 0; i < 25; i++) {
    await s.churn(random.integer(1, 4), 1500);
    if (random.chance(0.3))
      s.source.endWatches(random.chance(0.5) ? new KrmError("KRM_CONNECTION", "reset") : undefined);
    if (random.chance(0.2)) s.monitor.verifyNow();
    if (random.chance(0.1)) await s.pass(20_000);
  }
  live = false;
  for (const replica of replicas) replica.lagBy(0);
  // A list that names no version is a consistent read by contract: where it is not, only the end can be held to it.
  const figures = await s.quiet(stale ? { drift: "unchecked" } : {});
  if (!stale) {
    assert.deepEqual(s.drift, [], "nothing was lost, so nothing is claimed");
    assert.equal((await s.status()).view.epoch, 0, "a replica that lags is no new history");
  }
  for (const replica of replicas) replica[Symbol.dispose]();
  return { events: s.lines.length, ...figures };
}

/** The whole of it, with everything that goes wrong at once, in two namespaces. */
async function everything(seed: number): Promise<Figures> {
  const lies = new Lies("drop=0.04,dup=0.05,reorder=0.04", seed);
  const plan = new FaultPlan(parseFaults("410=0.05,429=0.05,500=0.08"), seed);
  let failing = true;
  const namespaces = ["team-a", "team-b"];
  await using s = await scene({
    seed,
    namespaces,
    firstVersion: seed % 2 === 0 ? "9007199254740980" : "990",
    monitor: { verifyEveryMs: 20_000, ...(seed % 3 === 0 && { namespaces }) },
    source: () => ({
      tell: lies.tell,
      streamingLists: seed % 2 === 0,
      beforeRequest: ({ verb }) => {
        const { status, retryAfterSeconds } = plan.nextRequest({ expirable: verb === "watch" });
        if (failing && status !== undefined) throw apiError(status, { retryAfterSeconds });
      },
    }),
  });
  for (let i = 0; i < 120; i++) {
    await s.churn(s.random.integer(1, 5), 1500);
    if (s.random.chance(0.1))
      s.source.endWatches(s.random.chance(0.5) ? new KrmError("KRM_CONNECTION", "reset") : undefined);
    if (s.random.chance(0.02)) s.source.endWatches(new KrmError("KRM_DECODE", "no frame"));
    if (s.random.chance(0.02)) s.source.failWatches(EXPIRED);
    if (s.random.chance(0.03)) s.cluster.compact();
  }
  failing = false;
  lies.lying = false;
  return { ...(await s.quiet()), dropped: lies.dropped };
}

/** About many histories. */
export const HISTORY_ROWS: readonly Row[] = [
  {
    name: "no false drift: heavy churn, lagging replicas, delivery across connections",
    run: async (context: RowContext) =>
      overSeeds(seedsOf(context, context.histories, context.histories), async (seed) => nothingLost(seed, false)),
  },
  {
    name: "lagging replicas whose lists without a version are stale too: the view ends as the cluster",
    run: async (context: RowContext) => overSeeds(seedsOf(context, 100, 5), async (seed) => nothingLost(seed, true)),
  },
  {
    name: "everything at once: churn, lies, failing requests, gaps, compactions",
    run: async (context: RowContext) => overSeeds(seedsOf(context, 40, 2), async (seed) => everything(seed)),
  },
];
