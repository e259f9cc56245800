// Law 10 over random histories: servers follow the same view, each since another moment, and readers go on at another
// server than the one that told them.
import {
  type MergeInput,
  Merger,
  MemoryStore,
  type ObjectKey,
  PODS,
  parseResourceVersion,
  silentLogger,
  type Snapshot,
  type StoredObject,
  systemClock,
  type ViewCommit,
} from "@krm/core";
import { ManualClock, SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";
import { FollowedView } from "../../src/watch/followed-view.ts";
import { FrameCache } from "../../src/watch/frame-cache.ts";
import { Frames } from "../../src/watch/frames.ts";
import type { RingEvent } from "../../src/watch/watch-event.ts";
import { thing } from "./support.ts";

const HISTORIES = 400;
const READERS = 6;

type Objects = ReadonlyMap<ObjectKey, StoredObject>;
type Observed = Extract<MergeInput, { type: "observed" }>;

/** A cluster of a few objects; what a watch of it would tell. */
class Cluster {
  readonly #random: SeededRandom;
  readonly #objects = new Map<string, StoredObject>();
  #version = 95;
  #lives = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get bookmark(): MergeInput {
    return { type: "bookmark", epoch: 0, resourceVersion: parseResourceVersion(String(this.#version)) };
  }

  /** One object is created, changed or deleted; or several are deleted in one transaction, at one version. */
  act(): readonly Observed[] {
    const random = this.#random;
    this.#version++;
    if (random.chance(0.15)) {
      const ends = [...this.#objects.keys()].filter(() => random.chance(0.6));
      return ends.map((name) => this.#end(name));
    }
    const name = `o${random.integer(0, 4)}`;
    const before = this.#objects.get(name);
    if (before !== undefined && random.chance(0.3)) return [this.#end(name)];
    const life = before?.uid.split("-").at(-1) ?? String(this.#lives++);
    const object = thing(name, this.#version, {}, life);
    this.#objects.set(name, object);
    return [observed("applied", object)];
  }

  #end(name: string): Observed {
    const { uid = "" } = this.#objects.get(name) ?? {};
    this.#objects.delete(name);
    return observed("deleted", thing(name, this.#version, {}, uid.split("-").at(-1)));
  }

  /** Something happens to another resource. */
  pass(): void {
    this.#version++;
  }

  list(): Snapshot {
    const entries = [...this.#objects.values()].map(
      (object) => [object.key, { uid: object.uid, resourceVersion: object.resourceVersion, object }] as const,
    );
    return { resourceVersion: parseResourceVersion(String(this.#version)), takenAt: 0, entries: new Map(entries) };
  }
}

function observed(type: "applied" | "deleted", object: StoredObject): Observed {
  return { type: "observed", epoch: 0, observation: { type, object, origin: "live", observedAt: 0 } };
}

/** What streamer and verifier tell, in commits; of the events some never come, and some late. */
function told(random: SeededRandom): readonly (readonly MergeInput[])[] {
  const cluster = new Cluster(random);
  const inputs: MergeInput[] = [{ type: "relisted", epoch: 0, snapshot: cluster.list() }];
  const held: MergeInput[] = [];
  for (let left = random.integer(8, 24); left > 0; left--) {
    for (const event of cluster.act()) {
      const dice = random.integer(0, 9);
      if (dice < 2) held.push(event);
      else if (dice > 2) inputs.push(event);
    }
    if (random.chance(0.2)) cluster.pass();
    if (random.chance(0.2)) inputs.push(cluster.bookmark);
    if (random.chance(0.3)) inputs.push(...held.splice(random.integer(0, held.length), 1));
    if (random.chance(0.14))
      inputs.push({ type: "verified", epoch: 0, snapshot: cluster.list(), mode: "exact-metadata" });
    if (random.chance(0.05)) inputs.push({ type: "relisted", epoch: 0, snapshot: cluster.list() });
  }
  const batches: MergeInput[][] = [];
  while (inputs.length > 0) batches.push(inputs.splice(0, random.integer(1, 4)));
  return batches;
}

async function merged(batches: readonly (readonly MergeInput[])[]): Promise<readonly ViewCommit[]> {
  const view = await new MemoryStore().scope({ resource: PODS }).acquire("merger", { holder: "test", ttlMs: 1000 });
  if (view === undefined) throw new Error("nobody else is there");
  const commits: ViewCommit[] = [];
  const merger = new Merger({
    view,
    batch: { changes: 1024, bytes: 1e7 },
    clock: systemClock,
    logger: silentLogger,
    random: () => 0,
    onGap: () => {},
    onCommit: (commit) => commits.push(commit),
  });
  const stop = new AbortController();
  const running = merger.run(stop.signal);
  for (const batch of batches) {
    merger.offer(batch);
    await merger.caughtUp(stop.signal);
  }
  stop.abort();
  await running;
  return commits;
}

/** The view after each commit. */
function views(commits: readonly ViewCommit[]): readonly Objects[] {
  const objects = new Map<ObjectKey, StoredObject>();
  return commits.map(({ changes }) => {
    for (const change of changes)
      if (change.type === "set") objects.set(change.object.key, change.object);
      else objects.delete(change.key);
    return new Map(objects);
  });
}

/** A server that follows the view since a commit. */
class Server {
  readonly view: FollowedView;

  constructor({ meta }: ViewCommit, objects: Objects) {
    const read = {
      meta: { ...meta, cursor: "", objects: objects.size, bytes: 0 },
      objects: [...objects.values()],
    };
    const clock = new ManualClock();
    const options = { clock, bounds: undefined, formerTold: undefined, isFirst: false };
    this.view = new FollowedView(read, meta.version ?? "", new Frames(PODS, clock, new FrameCache()), options);
  }

  /** What it tells of a commit. */
  follow({ changes, meta }: ViewCommit): readonly RingEvent[] {
    const { log } = this.view;
    const from = log.next;
    const entries = changes.map((change) => ({ cursor: "", change }));
    this.view.apply(entries, { ...meta, cursor: "", objects: 0, bytes: 0 });
    return log.read(from, 1000) ?? [];
  }
}

/** Who keeps what they are told. */
class Reader {
  readonly has: Map<ObjectKey, string>;
  holds: string;

  constructor(objects: Objects, version: string) {
    this.has = new Map([...objects].map(([key, object]) => [key, state(object)]));
    this.holds = version;
  }

  hear({ type, object, version }: RingEvent): void {
    if (type === "DELETED") this.has.delete(object.key);
    else this.has.set(object.key, state(object));
    this.holds = version;
  }
}

function state({ uid, resourceVersion }: StoredObject): string {
  return `${uid}@${resourceVersion}`;
}

/** A reader begins at one server, is cut off anywhere, and goes on at another one; undefined: is refused. */
function resumed(
  commits: readonly ViewCommit[],
  objects: readonly Objects[],
  random: SeededRandom,
): Reader["has"] | undefined {
  const last = commits.length - 1;
  const serverSince = (at: number): Server => new Server(commits[at] as ViewCommit, objects[at] as Objects);
  const [begins, since] = [random.integer(0, last), random.integer(0, last)];
  const first = serverSince(begins);
  const reader = new Reader(objects[begins] as Objects, first.view.version);
  const cutAt = random.integer(begins, last);
  for (const commit of commits.slice(begins + 1, cutAt + 1)) {
    for (const event of first.follow(commit)) {
      reader.hear(event);
      // Not in the middle of what the streamer's own list changed: who is may miss the rest of it (docs/limitations.md).
      const isList = commit.changes.some(({ origin }) => origin === "list");
      if (commit === commits[cutAt] && !isList && random.chance(0.3)) break;
    }
    // A bookmark.
    if (commit !== commits[cutAt] && random.chance(0.5)) reader.holds = first.view.version;
  }
  const second = serverSince(since);
  for (const commit of commits.slice(since + 1)) second.follow(commit);
  const place = second.view.locate(reader.holds);
  if (place.type !== "next") return undefined;
  for (const event of second.view.log.read(place.next, 1000) ?? []) reader.hear(event);
  return reader.has;
}

test("law 10: whoever goes on at another server than the one that told them misses nothing, or is refused", async () => {
  const wrong: string[] = [];
  let goneOn = 0;
  for (let seed = 0; seed < HISTORIES; seed++) {
    const random = new SeededRandom(seed);
    const commits = await merged(told(random));
    const objects = views(commits);
    const expected = new Map([...(objects.at(-1) as Objects)].map(([key, object]) => [key, state(object)]));
    for (let count = 0; count < READERS; count++) {
      const has = resumed(commits, objects, random);
      if (has === undefined) continue;
      goneOn++;
      const lines = (all: ReadonlyMap<ObjectKey, string>): string => [...all].map(String).toSorted().join(" ");
      if (lines(has) !== lines(expected))
        wrong.push(`seed ${seed}, reader ${count}: ${lines(has)}, not ${lines(expected)}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(goneOn).toBeGreaterThan((HISTORIES * READERS) / 4);
});
