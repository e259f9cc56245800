import { getEventListeners } from "node:events";
import {
  advance,
  DEPLOYMENTS,
  emptyMergeState,
  KrmError,
  type ListWatch,
  type ListWatchSource,
  MemoryStore,
  type MergeState,
  Monitor,
  PODS,
  type Scope,
  scopeId,
} from "@krm/core";
import { ClusterSource, ManualClock, SeededRandom, SimCluster } from "@krm/testkit";
import { expect, test } from "vitest";
import { pod, settle, truth, until, view, withNamespaces } from "./support.ts";

const HOURS = 6;
const STEP_SECONDS = 10;
const FEED = { entries: 500, bytes: 10_000_000 };

/** Short-lived pods, never more than 40 at a time: names come and go for ever. */
function life(cluster: SimCluster, random: SeededRandom): () => void {
  const names: string[] = [];
  let serial = 0;
  const born = (): void => {
    const name = `p${serial++}`;
    pod(cluster, name);
    names.push(name);
  };
  for (let i = 0; i < 20; i++) born();
  return () => {
    const at = Math.floor(random.next() * names.length);
    const chance = random.next();
    if (chance < 0.4 && names.length < 40) born();
    else if (chance < 0.7 && names.length > 10)
      for (const name of names.splice(at, 1)) cluster.delete(PODS, "team-a", name);
    else cluster.patch(PODS, "team-a", names[at] as string, { metadata: { labels: { round: String(serial) } } });
  };
}

/** The source, and the signals that its requests were last given. */
function listened(source: ListWatchSource): { readonly source: ListWatchSource; readonly listeners: () => number } {
  let last: AbortSignal[] = [];
  const listWatch = (scope: Scope): ListWatch => {
    const inner = source.listWatch(scope);
    return {
      ...inner,
      list: (request, options) => {
        if (options?.signal !== undefined) last = [...last.slice(-5), options.signal];
        return inner.list(request, options);
      },
    };
  };
  return {
    source: { listWatch },
    listeners: () => Math.max(...last.map((signal) => getEventListeners(signal, "abort").length)),
  };
}

test(`nothing grows over ${HOURS} hours of short-lived objects, lost events, ending watches and verifications`, async () => {
  const clock = new ManualClock();
  const random = new SeededRandom(3);
  const cluster = withNamespaces(new SimCluster({ clock, seed: 3 }), "team-a");
  const live = life(cluster, random);
  const inner = new ClusterSource({ cluster, tell: (event) => (random.chance(0.02) ? [] : [event]) });
  const { source, listeners } = listened(inner);
  const store = new MemoryStore({ feed: FEED });
  // What the merge of each scope remembers: the same rule on the same inputs.
  const remembered = new Map<string, MergeState>();
  const stop = new AbortController();
  const monitor = new Monitor({
    source,
    store,
    clock,
    resources: [PODS, DEPLOYMENTS],
    random: () => random.next(),
    pageSize: 20,
    trace: (scope, input) => {
      const state = remembered.get(scopeId(scope)) ?? emptyMergeState();
      remembered.set(scopeId(scope), state);
      advance(state, input);
    },
  });
  monitor.start({ signal: stop.signal });
  await monitor.ready();
  const pods = store.scope({ resource: PODS });
  const cursors: string[] = [];
  const reading = (async () => {
    for await (const batch of pods.changes({ signal: stop.signal }))
      if (batch.type === "changes") cursors.push(...batch.entries.map(({ cursor }) => cursor));
  })();

  const hourly: { sleeping: number; listening: number }[] = [];
  let endAt = 300;
  for (let second = STEP_SECONDS; second <= HOURS * 3600; second += STEP_SECONDS) {
    await clock.advance(STEP_SECONDS * 1000);
    live();
    live();
    if (second % 60 === 0) inner.bookmark();
    if (second % 600 === 0) cluster.compact();
    if (second >= endAt) {
      inner.endWatches(random.chance(0.3) ? new KrmError("KRM_CONNECTION", "reset") : undefined);
      endAt = second + 300 + Math.floor(random.next() * 300);
    }
    if (second % 3600 !== 0) continue;
    await clock.advance(30_000);
    await until(() => inner.openWatches === 2, "both are watched");
    inner.bookmark();
    await settle();
    await clock.advance(1000);
    hourly.push({ sleeping: clock.pending, listening: listeners() + getEventListeners(stop.signal, "abort").length });
    for (const { state, reports } of await monitor.status())
      expect({ state, queued: reports.merger?.queued, pending: reports.merger?.pending }).toEqual({
        state: "synced",
        queued: 0,
        pending: 0,
      });
    for (const { undecided, shown, journal } of remembered.values())
      expect([undecided.length, shown.size, journal]).toEqual([0, 0, undefined]);
    // Those alive, and the tombstones since the last verification.
    expect(remembered.get(scopeId({ resource: PODS }))?.claims.size).toBeLessThan(40 + 150);
  }
  // For each of two scopes: the two guards of the watch, the verifier's wait, and the reporter's.
  for (const { sleeping } of hourly) expect(sleeping).toBeLessThanOrEqual(8);
  expect(hourly.at(-1)?.listening).toBe(hourly[0]?.listening);

  const { streamer, merger } = (await monitor.status())[0]?.reports ?? {};
  expect(streamer?.watches).toBeGreaterThan(HOURS * 6);
  expect(Object.values(merger?.verifications ?? {}).reduce((sum, count) => sum + count)).toBeGreaterThan(HOURS * 8);
  expect(merger?.recent.length).toBeLessThanOrEqual(100);
  expect(cursors.length).toBeGreaterThan(4 * FEED.entries);
  const first = async (back: number): Promise<string | undefined> => {
    const iterator = pods.changes({ since: cursors.at(-1 - back) ?? "" })[Symbol.asyncIterator]();
    const { value } = await iterator.next();
    await iterator.return?.();
    return value?.type;
  };
  expect(await first(FEED.entries)).toBe("changes");
  expect(await first(FEED.entries + 1)).toBe("reset");

  monitor.verifyNow();
  await until(
    async () => JSON.stringify(await view(store, { resource: PODS })) === JSON.stringify(truth(cluster, PODS)),
    "the view is the cluster",
  );
  stop.abort();
  await Promise.all([monitor.done, reading]);
  expect([clock.pending, inner.openWatches, getEventListeners(stop.signal, "abort").length]).toEqual([0, 0, 0]);
});
