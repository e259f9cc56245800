import assert from "node:assert/strict";
import { DEFAULT_RESOURCES, KrmError, MemoryStore, Monitor, PODS, WatchDecoder } from "@krm/core";
import { SeededRandom, WIDGETS } from "@krm/testkit";
import { deployment, pod, settle, view } from "../../roles/support.ts";
import { tamperedStore } from "../../roles/tampered-store.ts";
import { change, touch } from "../changes.ts";
import { apiError } from "../faults-of-a-source.ts";
import { type Figures, overSeeds, type Row, type RowContext, seedsOf } from "../row.ts";
import { scene, soon } from "../scenario.ts";

/** 429 when a watch begins: the version stays, the server's wait is kept, and nothing is listed. */
async function tooMany(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 4), async (seed) => {
    let refuse = false;
    const times: number[] = [];
    const versions = new Set<string | undefined>();
    await using s = await scene({
      seed,
      source: ({ clock }) => ({
        beforeRequest: (asked) => {
          if (!refuse || asked.verb !== "watch") return;
          times.push(clock.monotonic());
          versions.add(asked.request.resourceVersion);
          throw apiError(429, { reason: "TooManyRequests", retryAfterSeconds: 20 });
        },
      }),
      monitor: { verifyEveryMs: 86_400_000 },
    });
    await s.churn(10);
    await s.equal();
    const { list } = s.source.requests;
    refuse = true;
    s.source.endWatches();
    await s.pass(2000);
    for (let i = 0; i < 5; i++) {
      change(s.cluster, s.random);
      await s.pass(30_000);
    }
    refuse = false;
    await s.equal(120_000, false);
    assert.equal(s.source.requests.list, list, "an avalanche of lists is what 429 is there against");
    assert.equal(versions.size, 1, "the version is kept");
    for (let i = 1; i < times.length; i++) assert.ok((times[i] as number) - (times[i - 1] as number) >= 20_000);
    assert.ok(times.length >= 3);
    const figures = await s.quiet();
    assert.deepEqual(s.drift, []);
    return { refused: times.length, ...figures };
  });
}

/** Frames that cannot be read, as bytes, and what comes of them. */
async function badFrames(context: RowContext): Promise<Figures> {
  const text = `${JSON.stringify({ type: "ADDED", object: { metadata: { name: "é漢😀", namespace: "n", uid: "u", resourceVersion: "8" }, data: "x".repeat(3_000_000) } })}\n`;
  const bytes = Buffer.from(text);
  for (const size of [1, 7, 64 * 1024]) {
    const decoder = new WatchDecoder();
    let events = 0;
    const until = size === 1 ? bytes.subarray(0, 400) : bytes;
    for (let at = 0; at < until.length; at += size) events += decoder.push(until.subarray(at, at + size)).length;
    if (size === 1) events += decoder.push(bytes.subarray(400)).length;
    assert.equal(events, 1, "a frame of megabytes in pieces is one frame");
    assert.equal(decoder.error, undefined);
  }
  const capped = new WatchDecoder({ maxFrameBytes: 1_000_000 });
  for (let at = 0; at < bytes.length && capped.error === undefined; at += 65_536)
    capped.push(bytes.subarray(at, at + 65_536));
  assert.equal(
    KrmError.is(capped.error, "KRM_DECODE"),
    true,
    "a frame without an end is not waited for without a bound",
  );
  const cut = new WatchDecoder();
  cut.push(bytes.subarray(0, 100));
  assert.throws(() => cut.end(), "half a frame is no frame");
  return overSeeds(seedsOf(context, 6), async (seed) => {
    let lossy = false;
    await using s = await scene({ seed, source: () => ({ tell: (event) => (lossy ? [] : [event]) }) });
    await s.churn(5);
    await s.equal();
    pod(s.cluster, "x");
    await s.equal();
    lossy = true;
    touch(s.cluster, "x");
    pod(s.cluster, "y");
    lossy = false;
    s.source.endWatches(capped.error);
    await s.equal(60_000, false);
    assert.deepEqual(s.causes(), { "undecodable modified": 1, "undecodable added": 1 });
    const figures = await s.quiet();
    assert.equal((await s.streamer()).desyncs.undecodable, 1);
    return figures;
  });
}

/** A store that is slow: the reader of the watch does not wait, the queue is bounded, and what it cannot hold is a gap. */
async function slowStore(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 4), async (seed) => {
    const gate = { open: Promise.resolve() };
    const store = tamperedStore({
      commit: async (commit, ...args) => {
        await gate.open;
        return commit(...args);
      },
    });
    await using s = await scene({ seed, monitor: { store, queue: { inputs: 20, bytes: 1_000_000 } } });
    let overflows = 0;
    for (let round = 0; round < 3; round++) {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate.open = promise;
      for (let i = 0; i < 80; i++) {
        change(s.cluster, s.random);
        await settle();
      }
      const { queued } = (await s.status()).reports.merger ?? { queued: 0 };
      assert.ok(queued <= 25, `no more than its bound waits: ${queued}`);
      gate.open = Promise.resolve();
      resolve();
      await s.equal(120_000, false);
      overflows = (await s.streamer()).desyncs.overflow;
    }
    assert.ok(overflows > 0, "the queue was full");
    const figures = await s.quiet();
    for (const { cause } of s.drift) assert.equal(cause, "overflow");
    return { overflows, ...figures };
  });
}

/** Writes that fail: the position moves only with what it covers. */
async function failingWrites(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 8), async (seed) => {
    const random = new SeededRandom(seed);
    let failing = false;
    let failed = 0;
    const positions: string[] = [];
    const store = tamperedStore({
      commit: async (commit, ...args) => {
        if (failing && random.chance(0.5)) {
          failed++;
          throw new Error("disk full");
        }
        return commit(...args);
      },
    });
    await using s = await scene({ seed, monitor: { store } });
    failing = true;
    for (let i = 0; i < 30; i++) {
      change(s.cluster, s.random);
      await settle();
      const { streamedThrough = "0" } = (await s.status()).view;
      positions.push(streamedThrough);
      // What the store's position covers is in the store.
      const seen = await view(s.monitor.store, { resource: PODS });
      for (const { metadata } of s.cluster.list(PODS, { at: streamedThrough }).items)
        assert.ok(
          Object.hasOwn(seen, `team-a/${metadata.name}`) &&
            (seen[`team-a/${metadata.name}`] ?? "").includes(`"resourceVersion":"${metadata.resourceVersion}"`),
          `at ${streamedThrough} the store holds ${metadata.name}`,
        );
      await s.pass(random.integer(1, 1500));
    }
    failing = false;
    const figures = await s.quiet();
    assert.ok(failed > 3);
    assert.deepEqual(s.drift, [], "no event was lost");
    return { failed, ...figures };
  });
}

/** Two monitors over one store: one writes, and what the one that was paused writes afterwards is refused. */
async function twoWriters({ seed }: RowContext): Promise<Figures> {
  const store = new MemoryStore();
  await using s = await scene({ seed, monitor: { store, leaseTtlMs: 15_000 } });
  const other = new Monitor({
    source: s.source,
    clock: s.clock,
    resources: [PODS],
    store,
    leaseTtlMs: 15_000,
    random: () => 0.5,
  });
  let standings = 0;
  other.events.on("standing", () => void standings++);
  other.start();
  const versions: string[] = [];
  for (let i = 0; i < 20; i++) {
    await s.churn(3);
    versions.push((await s.status()).view.version ?? "0");
  }
  assert.equal(s.openWatches, 1, "only who has the role watches");
  const stopping = s.monitor.stop();
  await s.pass(2000);
  await stopping;
  const taken = store.scope({ resource: PODS });
  for (let i = 0; i < 12; i++) {
    change(s.cluster, s.random);
    await s.pass(5000);
  }
  s.bookmark();
  await s.pass(5000);
  assert.deepEqual(await s.differences(), [], "the other one has taken over");
  const end = other.stop();
  await s.pass(2000);
  await end;
  for (let i = 1; i < versions.length; i++) assert.ok(BigInt(versions[i] ?? 0) >= BigInt(versions[i - 1] ?? 0));
  const lease = await taken.meta();
  return { objects: lease.objects, standings };
}

/** One namespace that is forbidden; a custom resource that goes and comes. */
async function forbiddenAndGone({ seed }: RowContext): Promise<Figures> {
  let refused = false;
  await using s = await scene({
    seed,
    namespaces: ["team-a", "team-b"],
    monitor: { namespaces: ["team-a", "team-b"] },
    source: () => ({
      beforeRequest: ({ scope }) => {
        if (refused && scope.namespace === "team-a") throw apiError(403, { reason: "Forbidden" });
      },
    }),
  });
  const [a, b] = s.monitor.scopes;
  assert.ok(a !== undefined && b !== undefined);
  refused = true;
  s.source.endWatches();
  await s.pass(5000);
  touch(s.cluster, "p1", "team-b");
  await s.pass(2000);
  const [stateA, stateB] = [await s.status(a), await s.status(b)];
  assert.deepEqual([stateA.state, stateA.view.objects], ["forbidden", 6], "its objects stay");
  assert.deepEqual([stateB.state, stateB.view.objects], ["synced", 6], "the other goes on");
  s.cluster.delete(PODS, "team-a", "p0", { gracePeriodSeconds: 0 });
  refused = false;
  await s.pass(100_000);
  const figures = await s.quiet();

  const play = { missing: false, served: true };
  await using gone = await scene({
    seed,
    monitor: { resources: [WIDGETS], verifyEveryMs: 86_400_000 },
    source: ({ cluster }) => {
      for (let i = 0; i < 3; i++) cluster.create(WIDGETS, { metadata: { name: `w${i}` } }, { namespace: "team-a" });
      return {
        served: () => play.served,
        beforeRequest: () => {
          if (play.missing) throw apiError(404, { reason: "NotFound" });
        },
      };
    },
  });
  play.missing = true;
  gone.source.endWatches();
  await gone.pass(400_000);
  assert.deepEqual(
    [(await gone.status()).state, (await gone.status()).view.objects],
    ["gone", 3],
    "404 is not: all deleted",
  );
  play.served = false;
  await gone.pass(400_000);
  assert.deepEqual(
    [(await gone.status()).state, (await gone.status()).view.objects],
    ["gone", 0],
    "discovery confirms it",
  );
  play.missing = false;
  play.served = true;
  await gone.pass(100_000);
  await gone.quiet();
  return figures;
}

/** All watches end at once, as when a server shuts down. */
async function allAtOnce({ seed }: RowContext): Promise<Figures> {
  const times: number[] = [];
  await using s = await scene({
    seed,
    monitor: { resources: DEFAULT_RESOURCES },
    source: ({ clock }) => ({
      beforeRequest: ({ verb }) => {
        if (verb === "watch") times.push(clock.monotonic());
      },
    }),
  });
  await soon(() => s.openWatches === 6, "all are watched");
  for (let round = 0; round < 5; round++) {
    await s.pass(125_000);
    s.bookmark();
    await s.pass(10);
    times.splice(0);
    s.source.endWatches(new KrmError("KRM_CONNECTION", "GOAWAY"));
    await s.pass(0);
    assert.deepEqual(times, [], "none is opened again at once");
    await s.churn(3, 200);
    await s.pass(5000);
    assert.equal(s.openWatches, 6);
    assert.ok(new Set(times.map((at) => Math.round(at))).size >= 5, "they do not come together");
  }
  for (const scope of s.monitor.scopes)
    assert.equal((await s.reported(scope)).reports.streamer?.lists, 1, "and none is listed");
  return await s.quiet();
}

/** Thousands of changes of few objects within a moment. */
async function flood({ seed, brief }: RowContext): Promise<Figures> {
  const store = new MemoryStore();
  let commits = 0;
  await using s = await scene({ seed, monitor: { store } });
  s.monitor.events.on("commit", () => void commits++);
  const count = brief ? 1000 : 10_000;
  const before = (await s.streamer()).events;
  for (let i = 0; i < count; i++) touch(s.cluster, `p${i % 6}`);
  await s.equal(10_000, false);
  const { events } = await s.streamer();
  assert.equal(events - before, count, "each raw event is counted");
  assert.ok(commits < count / 10, `they are written together: ${commits} commits`);
  deployment(s.cluster, "other");
  return { events: count, commits, ...(await s.quiet()) };
}

/** The wall clock jumps, forwards and back. */
async function jumps({ seed }: RowContext): Promise<Figures> {
  await using s = await scene({ seed, monitor: { verifyEveryMs: 3_600_000 } });
  await s.churn(5);
  await s.equal();
  for (const jump of [7_200_000, -14_400_000, 86_400_000, -1]) {
    const before = { ...s.source.requests };
    s.clock.setNow(s.clock.now() + jump);
    await s.pass(2000);
    assert.deepEqual(s.source.requests, before, "a jump ends no watch, and brings no verification");
    s.bookmark();
    await s.pass(1000);
    assert.equal((await s.status()).state, "synced", "what is heard puts it right");
    change(s.cluster, s.random);
    await s.pass(100);
    assert.deepEqual(await s.differences(), []);
  }
  assert.deepEqual(s.drift, []);
  return await s.quiet();
}

/** About gaps that can be known, and about who reads and writes at what pace. */
export const GAP_ROWS: readonly Row[] = [
  { name: "trap 24: 429 keeps the version, and lists nothing", trap: 24, run: tooMany },
  { name: "trap 28: frames in pieces, of megabytes, without end, unreadable", trap: 28, run: badFrames },
  { name: "trap 31: a slow store does not hold up the watch", trap: 31, run: slowStore },
  { name: "trap 32: the position moves only with what it covers", trap: 32, run: failingWrites },
  { name: "trap 33: two writers", trap: 33, run: twoWriters },
  { name: "trap 37: 403 of one namespace, 404 of a CRD", trap: 37, run: forbiddenAndGone },
  { name: "trap 39: all watches end together", trap: 39, run: allAtOnce },
  { name: "trap 40: floods are counted one by one and written together", trap: 40, run: flood },
  { name: "trap 41: the wall clock jumps", trap: 41, run: jumps },
];
