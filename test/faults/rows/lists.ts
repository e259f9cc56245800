import assert from "node:assert/strict";
import {
  type ListWatchSource,
  objectKey,
  PODS,
  splitObjectKey,
  type ResourceVersion,
  compareResourceVersions,
} from "@krm/core";
import {
  type ClusterSource,
  type InitialEvents,
  type SourceRequest,
  SeededRandom,
  WatchCacheModel,
} from "@krm/testkit";
import { pod } from "../../roles/support.ts";
import { change, touch } from "../changes.ts";
import { anyReplica, apiError, EXPIRED } from "../faults-of-a-source.ts";
import { overSeeds, type Figures, type Row, type RowContext, seedsOf } from "../row.ts";
import { scene, type Scene, soon } from "../scenario.ts";

/** Every version that readers are shown of a key; throws where one goes back. */
function neverBack(s: Scene): void {
  const shown = new Map<string, ResourceVersion>();
  s.monitor.events.on("commit", (_, { changes }) => {
    for (const one of changes) {
      const key = one.type === "set" ? one.object.key : one.key;
      const version = one.type === "set" ? one.object.resourceVersion : one.resourceVersion;
      const before = shown.get(key);
      // A list tells a deletion under its own version; the object may be newer by then.
      if (one.type === "set" && before !== undefined && compareResourceVersions(version, before) < 0)
        backwards.push(`${key}: ${before}, then ${version}`);
      shown.set(key, version);
    }
  });
  const backwards: string[] = [];
  backs.set(s, backwards);
}
const backs = new WeakMap<Scene, string[]>();

const MODES: readonly InitialEvents[] = ["refused", "ignored", "no-marker", "closes-early", "error-frame", "ok"];

/** A streaming list in each way in which it can fail, at the start and after a gap. */
async function lostMarker(seed: number): Promise<Figures> {
  let slowest = 0;
  for (const mode of MODES) {
    await using s = await scene({ seed, source: () => ({ initialEvents: () => mode }) });
    slowest = Math.max(slowest, s.clock.monotonic());
    await s.churn(6);
    s.source.failWatches(EXPIRED);
    await s.pass(40_000);
    await s.equal(60_000, false);
    const { initial, failures, desyncs } = await s.streamer();
    assert.equal(initial, mode === "ok" ? "streaming" : "list", mode);
    assert.deepEqual([failures, desyncs.expired], [1, 1], mode);
    await s.quiet();
    assert.equal(s.drift.length, 0);
  }
  assert.ok(slowest <= 31_000, `a marker that does not come is waited for 30 s, not ${slowest} ms`);
  return { ways: MODES.length, "slowest-s": slowest / 1000 };
}

/** Streaming lists that end in their middle, whose objects came in no order of versions. */
async function cutStreamingLists(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 10, 2), async (seed) => {
    const random = new SeededRandom(seed);
    let cuts = 3;
    let refusals = 3;
    const positions: (string | undefined)[] = [];
    await using s = await scene({
      seed,
      pods: 12,
      source: ({ cluster }) => ({
        initialEvents: () => (cuts-- > 0 ? "closes-early" : "ok"),
        beforeRequest: (asked) => {
          if (asked.verb === "watch" && asked.request.initialEvents !== true)
            positions.push(asked.request.resourceVersion);
          // No list comes to the rescue at once.
          if (asked.verb === "list" && refusals-- > 0) throw apiError(503);
          change(cluster, random);
        },
      }),
    });
    await s.equal(60_000, false);
    const listed = s.traced.find(({ input }) => input.type === "relisted")?.input;
    assert.ok(listed?.type === "relisted");
    for (const position of positions) assert.equal(position, listed.snapshot.resourceVersion);
    await s.churn(10);
    return await s.quiet();
  });
}

/** Lists and watches of replicas that lag: what readers see never goes back, and nothing is taken for missed. */
async function noTravelBack(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 20, 2), async (seed) => {
    let lagging: WatchCacheModel | undefined;
    const seen: SourceRequest[] = [];
    await using s = await scene({
      seed,
      source: ({ cluster }) => {
        lagging = new WatchCacheModel({ cluster, behind: 4 });
        return {
          replicas: [cluster, lagging],
          route: anyReplica(2, new SeededRandom(seed)),
          streamingLists: seed % 2 === 0,
          beforeRequest: (asked) => void seen.push(asked),
        };
      },
    });
    neverBack(s);
    for (let i = 0; i < 12; i++) {
      await s.churn(4);
      if (i % 3 === 0) s.source.failWatches(EXPIRED);
      else s.source.endWatches();
    }
    lagging?.lagBy(0);
    const figures = await s.quiet();
    assert.deepEqual(backs.get(s), [], "no version that readers were shown went back");
    for (const asked of seen)
      if ("request" in asked) assert.notEqual(asked.request.resourceVersion, "0", "nothing of any age is asked for");
    assert.equal((await s.status()).view.epoch, 0, "a lagging replica is no restored cluster");
    assert.equal(s.drift.filter(({ cause }) => cause === "upstream").length, 0, "lag is not loss");
    return figures;
  });
}

/** What pages ask for, over everything that a monitor asks. */
async function pagesAskForNoVersion(context: RowContext): Promise<Figures> {
  let pages = 0;
  const figures = await overSeeds(seedsOf(context, 4), async (seed) => {
    await using s = await scene({
      seed,
      pods: 10,
      source: () => ({
        beforeRequest: (asked) => {
          if (asked.verb !== "list" && asked.verb !== "listMetadata") return;
          const { continue: token, resourceVersion, match, limit } = asked.request;
          if (token !== undefined) {
            pages++;
            assert.deepEqual([resourceVersion, match], [undefined, undefined], "a further page names no version");
          }
          assert.notEqual(resourceVersion, "0");
          // A version with a limit and without a match is an exact one, in an old way that skips the cache.
          if (resourceVersion !== undefined) assert.ok(match !== undefined);
          assert.ok(limit !== undefined && limit > 0);
        },
      }),
    });
    await s.churn(10);
    s.source.failWatches(EXPIRED);
    return await s.quiet();
  });
  return { pages, ...figures };
}

/** Continue tokens that expire between two pages, of the streamer's list and of the verifier's. */
async function tokensExpire(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 8, 2), async (seed) => {
    const random = new SeededRandom(seed);
    let compactions = 0;
    const used = new Set<string>();
    await using s = await scene({
      seed,
      pods: 12,
      source: ({ cluster }) => ({
        beforeRequest: (asked) => {
          if (asked.verb !== "list" && asked.verb !== "listMetadata") return;
          const { continue: token } = asked.request;
          if (token === undefined) return;
          const name = `${asked.verb} ${token}`;
          assert.ok(!used.has(name) || compactions === 0, "what follows an expired token is not taken");
          if (compactions < 3 && !used.has("done")) {
            compactions++;
            change(cluster, random);
            cluster.compact();
            used.add(name);
          }
        },
      }),
    });
    await s.equal(60_000, false);
    compactions = 0;
    used.clear();
    await s.verified();
    const versions = new Set<string>();
    for (const { input } of s.traced)
      if (input.type === "verified" || input.type === "relisted")
        for (const { resourceVersion } of input.snapshot.entries.values()) {
          versions.add(resourceVersion);
          assert.ok(compareResourceVersions(resourceVersion, input.snapshot.resourceVersion) <= 0, "one version");
        }
    return { compactions, ...(await s.quiet()) };
  });
}

/** The cluster changes within every request of a verification, and the stream tells it before the answer. */
async function frozen(context: RowContext): Promise<Figures> {
  return overSeeds(seedsOf(context, 20, 3), async (seed) => {
    const random = new SeededRandom(seed);
    let live = false;
    await using s = await scene({
      seed,
      pods: 12,
      source: ({ cluster }) => ({
        beforeRequest: async ({ verb }) => {
          if (!live || (verb !== "listMetadata" && verb !== "get" && verb !== "list")) return;
          for (let i = 0; i < 3; i++) {
            change(cluster, random);
            await Promise.resolve();
          }
        },
      }),
    });
    live = true;
    for (let round = 0; round < 8; round++) await s.verified();
    live = false;
    const figures = await s.quiet();
    assert.deepEqual(s.drift, [], "nothing was missed, so nothing is claimed");
    return figures;
  });
}

/** Bodies that change without a version, as by a conversion of a CRD: no event was missed. */
async function sameVersionOtherBody({ seed }: RowContext): Promise<Figures> {
  let converted = false;
  const between = (source: ClusterSource): ListWatchSource => ({
    listWatch: (scope) => {
      const inner = source.listWatch(scope);
      const other = <T extends { readonly bytes: Uint8Array }>(object: T): T =>
        converted
          ? { ...object, bytes: Buffer.from(Buffer.from(object.bytes).toString().replace("c:1", "c:2")) }
          : object;
      return {
        ...inner,
        list: async (request, options) => {
          const page = await inner.list(request, options);
          return { ...page, items: page.items.map(other) };
        },
        get: async (key, options) => {
          const object = await inner.get(key, options);
          return object && other(object);
        },
      };
    },
  });
  for (const metadataLists of ["ok", "absent"] as const) {
    await using s = await scene({ seed, between, source: () => ({ metadataLists }) });
    converted = true;
    for (let round = 0; round < 3; round++) await s.verified();
    assert.deepEqual(s.drift, [], "another body of the same version is no missed event");
    const verdicts = s.traced.flatMap(({ verdicts: of }) => of.map(({ result }) => result));
    assert.deepEqual(new Set(verdicts), new Set(["consistent"]));
    converted = false;
    for (let i = 0; i < 6; i++) touch(s.cluster, `p${i}`);
    await s.quiet();
  }
  return { verifications: 6, claimed: 0 };
}

/** A view of two namespaces with the same names, and names that are hard on keys. */
async function hardNames({ seed }: RowContext): Promise<Figures> {
  const names = ["a.b", "a-b", "system:node:x", "p%2Fq", "p%q", "a", "x.y:z", "0"];
  let lossy = false;
  await using s = await scene({
    seed,
    namespaces: ["team-a", "team-b"],
    source: () => ({ tell: (event) => (lossy ? [] : [event]) }),
    monitor: { pageSize: 2 },
  });
  const held: string[] = [];
  for (const name of names)
    for (const namespace of s.namespaces) {
      try {
        pod(s.cluster, name, namespace);
        held.push(name);
      } catch {
        // This cluster takes no such name.
      }
    }
  await s.equal(10_000, false);
  const keys = new Set(["team-a", "team-b"].flatMap((namespace) => names.map((name) => objectKey(namespace, name))));
  assert.equal(keys.size, 2 * names.length, "no two objects share a key");
  for (const key of keys) assert.equal(objectKey(splitObjectKey(key).namespace, splitObjectKey(key).name), key);
  lossy = true;
  for (const name of ["a.b", "a"]) s.cluster.delete(PODS, "team-a", name);
  touch(s.cluster, "a", "team-b");
  lossy = false;
  await s.verified();
  assert.deepEqual(s.drift.map(({ type, key }) => `${type} ${key}`).toSorted(), [
    "deleted team-a/a",
    "deleted team-a/a.b",
    "modified team-b/a",
  ]);
  await soon(() => s.openWatches === 1, "it watches");
  return { names: new Set(held).size, ...(await s.quiet()) };
}

/** About lists: of pages, of streams, and of what they are compared with. */
export const LIST_ROWS: readonly Row[] = [
  {
    name: "trap 3: a streaming list without its marker gives way to a list",
    trap: 3,
    run: ({ seed }) => lostMarker(seed),
  },
  { name: "trap 4: initial events prove no position", trap: 4, run: cutStreamingLists },
  { name: "trap 5: lists of lagging replicas do not travel back in time", trap: 5, run: noTravelBack },
  {
    name: "trap 17: further pages name no version, and nothing of any age is asked for",
    trap: 17,
    run: pagesAskForNoVersion,
  },
  { name: "trap 18: a continue token that expires starts the list over", trap: 18, run: tokensExpire },
  { name: "trap 19: verified while everything changes, compared at one version", trap: 19, run: frozen },
  { name: "trap 21: another body of the same version is no drift", trap: 21, run: sameVersionOtherBody },
  { name: "trap 35: names that are hard on keys, in two namespaces", trap: 35, run: hardNames },
];
