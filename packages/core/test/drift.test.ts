import { describe, expect, test } from "vitest";
import {
  advance,
  type Drift,
  emptyMergeState,
  type MergeInput,
  objectKey,
  type Snapshot,
  type Step,
} from "../src/index.ts";
import { type HistoryEvent, ModelCluster, observed, randomBelow } from "./support/model-cluster.ts";
import { storedObject } from "./support/objects.ts";

const HISTORIES = 10_000;

/**
 * A stream that delivers in order, late, with events lost and doubled, and a verifier that lists now and then. Beside
 * the merge it keeps, by brute force, what the stream alone would show: everything delivered since the last decision.
 */
class World {
  readonly random: (n: number) => number;
  readonly cluster: ModelCluster;
  readonly state = emptyMergeState();
  readonly verdicts: Step["verdicts"][number][] = [];
  /** On its way from the API server to the streamer. */
  wire: (HistoryEvent | { readonly bookmark: bigint })[] = [];
  readonly delivered: HistoryEvent[] = [];
  /** The stream's view was last known to be the cluster's at this version. */
  baseline = 0n;
  verification: "none" | "started" | Snapshot = "none";

  constructor(seed: number) {
    this.random = randomBelow(seed);
    this.cluster = new ModelCluster(this.random, 3);
    this.cluster.act();
    this.send({ type: "relisted", epoch: 0, snapshot: this.cluster.snapshot() });
    this.baseline = this.cluster.version;
  }

  send(input: MergeInput): void {
    for (const verdict of advance(this.state, input).verdicts) {
      this.verdicts.push(verdict);
      this.check(verdict);
    }
  }

  /** What the stream alone shows of `name` at `version`. */
  streamAt(name: string, version: bigint): { uid: string; resourceVersion: string } | undefined {
    const told = this.delivered.filter(
      (e) => e.object.name === name && e.version > this.baseline && e.version <= version,
    );
    const last = told.toSorted((a, b) => (a.version < b.version ? -1 : 1)).at(-1);
    if (last === undefined) return this.cluster.at(name, this.baseline);
    return last.gone ? undefined : last.object;
  }

  check(verdict: Step["verdicts"][number]): void {
    if (verdict.result === "stale" || verdict.result === "inconclusive") return expect(verdict.drift).toEqual([]);
    const horizon = BigInt(verdict.horizon);
    const expected = this.cluster.keys.flatMap((name) => {
      const shown = this.streamAt(name, horizon);
      const actual = this.cluster.at(name, horizon);
      if (shown?.uid === actual?.uid && shown?.resourceVersion === actual?.resourceVersion) return [];
      const type =
        shown === undefined
          ? "added"
          : actual === undefined
            ? "deleted"
            : shown.uid === actual.uid
              ? "modified"
              : "recreated";
      return [`${type} ${objectKey("ns", name)}: ${shown?.resourceVersion} for ${actual?.resourceVersion}`];
    });
    const line = (d: Drift): string =>
      `${d.type} ${d.key}: ${d.shown?.resourceVersion} for ${d.actual?.resourceVersion}`;
    expect(verdict.drift.map(line).toSorted()).toEqual(expected.toSorted());
    this.baseline = horizon;
  }

  step(): void {
    switch (this.random(9)) {
      case 0:
      case 1:
      case 2: {
        const event = this.cluster.act();
        if (this.random(4) > 0) this.wire.push(event);
        return;
      }
      case 3:
        this.cluster.pass();
        return;
      case 4:
        if (this.random(2) === 0) this.wire.push({ bookmark: this.cluster.version });
        return;
      case 5:
      case 6:
        return this.deliver();
      case 7:
        return this.verify();
      case 8: {
        if (this.random(8) > 0) return;
        // A known gap: the stream lists anew and forgets what was on the wire. A verification may overtake the list.
        this.wire = [];
        const snapshot = this.cluster.snapshot();
        if (this.random(3) === 0) {
          this.cluster.act();
          this.send({ type: "verified", epoch: 0, snapshot: this.cluster.snapshot() });
          this.verification = "none";
        }
        this.send({ type: "relisted", epoch: 0, snapshot });
        this.baseline = BigInt(this.state.horizon ?? 0);
      }
    }
  }

  deliver(): void {
    const next = this.wire.shift();
    if (next === undefined) return;
    if ("bookmark" in next)
      return this.send({ type: "bookmark", epoch: 0, resourceVersion: String(next.bookmark) as never });
    this.delivered.push(next);
    this.send(observed(next));
    if (this.random(6) === 0) this.send(observed(next));
    // An old event once more: duplicates are legal at any time (trap 34).
    const old = this.delivered[this.random(this.delivered.length)];
    if (old !== undefined && this.random(6) === 0) this.send(observed(old));
  }

  verify(): void {
    if (this.verification === "none") {
      this.send({ type: "verification-started", epoch: 0 });
      this.verification = "started";
    } else if (this.verification === "started") {
      this.verification = this.cluster.snapshot();
    } else {
      this.send({ type: "verified", epoch: 0, snapshot: this.verification });
      this.verification = "none";
    }
  }
}

describe(`law 6 over ${HISTORIES} histories`, () => {
  test("drift is exactly the difference between the stream alone and the cluster, at each verified version", () => {
    const seen: Record<string, number> = {};
    for (let seed = 0; seed < HISTORIES; seed++) {
      const world = new World(seed);
      try {
        for (let i = 0; i < 60; i++) world.step();
        while (world.wire.length > 0) world.deliver();
        world.cluster.pass();
        world.send({ type: "bookmark", epoch: 0, resourceVersion: world.cluster.resourceVersion });
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      expect(world.state.undecided).toEqual([]);
      expect(world.state.shown.size).toBe(0);
      for (const verdict of world.verdicts) {
        seen[verdict.result] = (seen[verdict.result] ?? 0) + 1;
        for (const { type } of verdict.drift) seen[type] = (seen[type] ?? 0) + 1;
      }
    }
    // Every ending and every type was among them, or the test has shown little.
    for (const kind of ["consistent", "drift", "lag", "stale", "added", "modified", "deleted", "recreated"])
      expect(seen[kind], kind).toBeGreaterThan(100);
  });
});

test("law 6: an event still on its way is lag, and is claimed by nobody once it has come", () => {
  const world = new World(1);
  const event = world.cluster.act();
  world.send({ type: "verification-started", epoch: 0 });
  world.send({ type: "verified", epoch: 0, snapshot: world.cluster.snapshot() });
  expect(world.verdicts).toEqual([]);
  world.delivered.push(event);
  world.send(observed(event));
  expect(world.verdicts).toMatchObject([{ result: "lag", drift: [] }]);
});

test("law 6: a list of the streamer that is older than an open horizon makes that verification inconclusive", () => {
  const world = new World(1);
  world.cluster.act();
  const older = world.cluster.snapshot();
  world.cluster.act();
  world.send({ type: "verification-started", epoch: 0 });
  world.send({ type: "verified", epoch: 0, snapshot: world.cluster.snapshot() });
  world.send({ type: "relisted", epoch: 0, snapshot: older });
  expect(world.verdicts).toMatchObject([{ result: "inconclusive", drift: [] }]);
});

test("law 6: what could not be compared is not called consistent", () => {
  const world = new World(1);
  const before = world.cluster.snapshot();
  world.cluster.pass();
  // Nobody wrote down what the stream showed: no verification was announced before the event.
  world.send(observed(world.cluster.act()));
  const old = { ...before, resourceVersion: world.state.horizon as typeof before.resourceVersion };
  world.send({ type: "verified", epoch: 0, snapshot: old });
  expect(world.verdicts.map(({ result }) => result)).toEqual(["inconclusive"]);
});

test("law 6: verifications that the stream never gets to do not pile up", () => {
  const world = new World(1);
  for (let i = 0; i < 20; i++) {
    world.cluster.pass();
    world.send({ type: "verified", epoch: 0, snapshot: world.cluster.snapshot() });
  }
  expect(world.state.undecided.length).toBe(4);
  expect(world.verdicts.map(({ result }) => result)).toEqual(Array.from({ length: 16 }, () => "inconclusive"));
});

test("law 6: names that came and went while the stream stood still are not remembered", () => {
  const world = new World(1);
  const entry = (n: number): Snapshot => {
    const object = storedObject(`short-lived-${n}`, `u${n}`, String(world.cluster.version));
    const { key, uid, resourceVersion } = object;
    const snapshot = world.cluster.snapshot();
    return { ...snapshot, entries: new Map([...snapshot.entries, [key, { uid, resourceVersion, object }]]) };
  };
  for (let n = 0; n < 100; n++) {
    world.cluster.pass();
    for (const verdict of advance(world.state, { type: "verified", epoch: 0, snapshot: entry(n) }).verdicts)
      expect(verdict.result).toBe("inconclusive");
  }
  expect(world.state.shown.size).toBeLessThan(10);
  // The open ones still know what the stream does not show.
  const { verdicts } = advance(world.state, {
    type: "bookmark",
    epoch: 0,
    resourceVersion: world.cluster.resourceVersion,
  });
  expect(
    verdicts.map(({ result, drift }) => [result, drift.map(({ type, key }) => `${key} ${type}`).toSorted()]),
  ).toEqual([
    ["drift", ["ns/short-lived-96 added"]],
    ["drift", ["ns/short-lived-96 deleted", "ns/short-lived-97 added"]],
    ["drift", ["ns/short-lived-97 deleted", "ns/short-lived-98 added"]],
    ["drift", ["ns/short-lived-98 deleted", "ns/short-lived-99 added"]],
  ]);
});
