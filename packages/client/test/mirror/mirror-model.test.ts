// Whatever a server tells, and however it breaks off, the mirror is what the server last told in full.
import { SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";
import { mirrored, type Mirrored, type Pod } from "../support/mirrored.ts";
import { bookmark, change, failed, type WatchRequest } from "../support/watch-server.ts";

const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"];
const NAMESPACES = ["one", "two"];
const NODES = ["n1", "n2", "n3"];
const OWNERS = ["o1", "o2"];
const TIERS = ["web", "db", ""];

/** A cluster that remembers what happened. */
class World {
  version = 100;
  readonly pods = new Map<string, Pod>();
  readonly history: { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly pod: Pod }[] = [];
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  change(): void {
    const random = this.#random;
    const key = `${random.pick(NAMESPACES)}/${random.pick(NAMES)}`;
    const there = this.pods.get(key);
    if (there === undefined) return this.#put("ADDED", key, `uid-${this.version}`);
    if (random.chance(0.6)) return this.#put("MODIFIED", key, there.metadata.uid);
    this.version += random.integer(1, 3);
    this.pods.delete(key);
    const metadata = { ...there.metadata, resourceVersion: String(this.version) };
    this.history.push({ type: "DELETED", pod: { ...there, metadata } });
    if (random.chance(0.4)) this.#put("ADDED", key, `uid-${this.version}`);
  }

  #put(type: "ADDED" | "MODIFIED", key: string, uid: string): void {
    const random = this.#random;
    this.version += random.integer(1, 3);
    const [namespace = "", name = ""] = key.split("/");
    const pod: Pod = {
      metadata: {
        name,
        namespace,
        uid,
        resourceVersion: String(this.version),
        ...(random.chance(0.8) && { labels: { tier: random.pick(TIERS), at: String(this.version % 3) } }),
        ...(random.chance(0.5) && { ownerReferences: [{ uid: random.pick(OWNERS) }, { uid: "both" }] }),
      },
      spec: random.chance(0.7) ? { nodeName: random.pick(NODES) } : {},
    };
    this.pods.set(key, pod);
    this.history.push({ type, pod });
  }
}

const keyOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`;
const sorted = (pods: Iterable<Pod>): readonly Pod[] => [...pods].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

function checkLookups({ mirror }: Mirrored, model: ReadonlyMap<string, Pod>): void {
  const all = [...model.values()];
  const check = (query: Parameters<typeof mirror.list>[0], wanted: (pod: Pod) => boolean): void => {
    expect(sorted(mirror.list(query)), JSON.stringify(query)).toEqual(sorted(all.filter(wanted)));
  };
  const node = NODES[0] ?? "";
  const tier = (pod: Pod): string | undefined => pod.metadata.labels?.["tier"];
  check({}, () => true);
  check({ namespace: "two" }, ({ metadata }) => metadata.namespace === "two");
  check({ node }, ({ spec }) => spec?.nodeName === node);
  check({ owner: "o1" }, ({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === "o1") === true);
  check({ labelSelector: "tier=web" }, (pod) => tier(pod) === "web");
  check({ labelSelector: "tier=" }, (pod) => tier(pod) === "");
  check(
    { labelSelector: "tier in (web,db),at!=1" },
    (pod) => ["web", "db"].includes(tier(pod) ?? "") && pod.metadata.labels?.["at"] !== "1",
  );
  check(
    { labelSelector: "!tier", namespace: "one" },
    (pod) => tier(pod) === undefined && pod.metadata.namespace === "one",
  );
  check(
    { labelSelector: "tier=db", node, namespace: "one", owner: "both" },
    (pod) =>
      tier(pod) === "db" &&
      pod.spec?.nodeName === node &&
      pod.metadata.namespace === "one" &&
      pod.metadata.ownerReferences !== undefined,
  );
  for (const key of NAMES.flatMap((name) => NAMESPACES.map((namespace) => [name, namespace] as const)))
    expect(mirror.get(...key)).toEqual(model.get(`${key[1]}/${key[0]}`));
}

test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  "a mirror shows whole sets only, and what it tells makes the same (seed %i)",
  async (seed) => {
    const random = new SeededRandom(seed);
    const world = new World(random);
    const made = mirrored();
    const { mirror } = made;
    /** What the mirror must show. */
    let model = new Map<string, Pod>();
    const replayed = new Map<string, Pod>();
    mirror.events.on("add", (object) => {
      expect(replayed.has(keyOf(object)), "an object is added twice").toBe(false);
      replayed.set(keyOf(object), object);
    });
    mirror.events.on("update", (object, previous) => {
      expect(replayed.get(keyOf(object))).toBe(previous);
      expect(object.metadata.uid).toBe(previous.metadata.uid);
      replayed.set(keyOf(object), object);
    });
    mirror.events.on("delete", (object) => {
      expect(replayed.delete(keyOf(object)), "an object is deleted that was not there").toBe(true);
    });
    let synced = 0;
    mirror.events.on("synced", () => synced++);
    const check = (): void => {
      expect(sorted(mirror)).toEqual(sorted(model.values()));
      expect(sorted(replayed.values())).toEqual(sorted(mirror));
      expect(mirror.size).toBe(model.size);
    };
    const tell = async (request: WatchRequest, ...frames: readonly object[]): Promise<void> => {
      await request.untilAwaited();
      request.send(...frames);
      await request.untilAwaited();
      check();
    };
    /** What was told to the mirror of the history. */
    let told = 0;
    const catchUp = async (request: WatchRequest): Promise<void> => {
      for (; told < world.history.length; told++) {
        const { pod, type } = world.history[told] as World["history"][number];
        if (type === "DELETED") model.delete(keyOf(pod));
        else model.set(keyOf(pod), pod);
        await tell(request, change(type, pod));
      }
    };
    /** Tells all that there is; false: broke off before it was complete. */
    const initial = async (request: WatchRequest): Promise<boolean> => {
      request.answer();
      for (const [, pod] of [...world.pods].toSorted(() => random.next() - 0.5)) {
        if (random.chance(0.03)) {
          request.cut();
          return false;
        }
        await tell(request, change("ADDED", pod));
        // Older states lead nowhere.
        if (random.chance(0.2))
          await tell(
            request,
            ...world.history
              .filter(({ pod: { metadata }, type }) => type === "MODIFIED" && metadata.uid === pod.metadata.uid)
              .slice(0, -1)
              .map((older) => change("MODIFIED", older.pod)),
          );
        if (random.chance(0.1)) world.change();
      }
      // What has changed while the set was told comes within it.
      await tell(request, ...world.history.slice(told).map(({ pod, type }) => change(type, pod)));
      model = new Map(world.pods);
      told = world.history.length;
      await tell(request, bookmark(String(world.version), true));
      return true;
    };
    let request = await made.asked();
    const begin = async (): Promise<void> => {
      told = world.history.length;
      while (!(await initial(request))) {
        check();
        request = await made.asked();
        told = world.history.length;
      }
    };
    for (let i = 0; i < 10; i++) world.change();
    await begin();
    for (let step = 0; step < 60; step++) {
      const what = random.weighted({ change: 10, known: 2, bookmark: 1, resume: 1, expire: 1, refuse: 1 });
      if (what === "change") {
        world.change();
        await catchUp(request);
      } else if (what === "known") {
        const known = world.history.slice(-4).filter(({ type }) => type !== "DELETED");
        await tell(
          request,
          ...known
            .filter(({ pod }) => world.pods.get(keyOf(pod))?.metadata.uid === pod.metadata.uid)
            .map(({ pod }) => change("MODIFIED", pod)),
          bookmark(String(world.version)),
        );
      } else if (what === "bookmark") {
        await tell(request, bookmark(String(world.version)));
      } else {
        request.cut();
        for (let i = random.integer(0, 8); i > 0; i--) world.change();
        request = await made.asked();
        if (what === "refuse") {
          request.respond(new Response("{}", { status: 500 }));
          request = await made.asked();
        }
        if (what === "expire") {
          request.answer(failed(410, "Expired", "too old resource version"));
          request = await made.asked();
          expect(request.url.searchParams.get("sendInitialEvents")).toBe("true");
          await begin();
        } else {
          request.answer();
          await catchUp(request);
        }
      }
      check();
      if (step % 10 === 0) checkLookups(made, model);
    }
    checkLookups(made, model);
    expect(synced).toBeGreaterThan(0);
    expect(made.told.filter((line) => line.startsWith("reset")).length).toBeGreaterThanOrEqual(synced);
  },
);
