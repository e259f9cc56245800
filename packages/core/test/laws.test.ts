import { describe, expect, test } from "vitest";
import {
  advance,
  compareResourceVersions,
  emptyMergeState,
  type MergeInput,
  type MergeState,
  objectKey,
  reduce,
  type ViewChange,
} from "../src/index.ts";
import { ModelCluster, observed, randomBelow } from "./support/model-cluster.ts";

const HISTORIES = 10_000;

/** What readers see: the changes of each step, applied. */
class View {
  readonly versions = new Map<string, { uid: string; resourceVersion: string }>();

  apply(changes: readonly ViewChange[]): void {
    for (const change of changes) {
      if (change.type === "removed") expect(this.versions.delete(change.key)).toBe(true);
      else
        this.versions.set(change.object.key, {
          uid: change.object.uid,
          resourceVersion: change.object.resourceVersion,
        });
    }
  }
}

function visible(state: MergeState): Record<string, string> {
  return Object.fromEntries(
    [...state.claims].filter(([, c]) => !c.gone).map(([k, c]) => [k, `${c.uid}@${c.resourceVersion}`]),
  );
}

function shuffle<T>(items: readonly T[], random: (n: number) => number): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}

/** Everything a hostile world can hand over: events lost, doubled and out of order, snapshots late and out of order. */
function hostileHistory(seed: number): { cluster: ModelCluster; inputs: MergeInput[] } {
  const random = randomBelow(seed);
  const cluster = new ModelCluster(random, 3 + random(3));
  const inputs: MergeInput[] = [];
  for (let i = 8 + random(12); i > 0; i--) {
    const event = cluster.act();
    if (random(10) >= 4) inputs.push(observed(event));
    if (random(10) === 0) inputs.push(observed(event));
    if (random(4) === 0) cluster.pass();
    if (random(6) === 0) inputs.push({ type: "verified", epoch: 0, snapshot: cluster.snapshot() });
    if (random(12) === 0) inputs.push({ type: "relisted", epoch: 0, snapshot: cluster.snapshot() });
  }
  return { cluster, inputs: shuffle(inputs, random) };
}

function run(inputs: readonly MergeInput[]): { state: MergeState; view: View } {
  const state = emptyMergeState();
  const view = new View();
  for (const input of inputs) view.apply(advance(state, input).changes);
  return { state, view };
}

describe(`${HISTORIES} hostile histories`, () => {
  test("laws 1, 3, 5: each key is as the cluster had it at the newest version that anyone told of", () => {
    for (let seed = 0; seed < HISTORIES; seed++) {
      const { cluster, inputs } = hostileHistory(seed);
      const { view } = run(inputs);
      let horizon = 0n;
      const newest = new Map<string, bigint>();
      for (const input of inputs) {
        if (input.type === "verified" || input.type === "relisted") {
          const version = BigInt(input.snapshot.resourceVersion);
          if (version > horizon) horizon = version;
        } else if (input.type === "observed") {
          const { key, resourceVersion } = input.observation.object;
          const version = BigInt(resourceVersion);
          if (version > (newest.get(key) ?? 0n)) newest.set(key, version);
        }
      }
      for (const name of cluster.keys) {
        const key = objectKey("ns", name);
        const seen = newest.get(key) ?? 0n;
        const truth = cluster.at(name, seen > horizon ? seen : horizon);
        const actual = view.versions.get(key);
        if (actual?.resourceVersion !== truth?.resourceVersion || actual?.uid !== truth?.uid)
          expect.fail(
            `seed ${seed}, ${name}: expected ${truth?.resourceVersion}, the view shows ${actual?.resourceVersion}`,
          );
      }
    }
  });

  test("law 2: any order gives the same view, and everything a second time changes nothing", () => {
    for (let seed = 0; seed < HISTORIES; seed++) {
      const { inputs } = hostileHistory(seed);
      const { state, view } = run(inputs);
      const other = run(shuffle(inputs, randomBelow(seed + 1)));
      expect(visible(other.state), `seed ${seed}`).toEqual(visible(state));
      const before = visible(state);
      for (const input of inputs) view.apply(advance(state, input).changes);
      expect(visible(state), `seed ${seed}, repeated`).toEqual(before);
    }
  });

  test("law 4: one claim a key, and no tombstone at or below the horizon", () => {
    for (let seed = 0; seed < HISTORIES; seed++) {
      const { state } = run(hostileHistory(seed).inputs);
      if (state.horizon === undefined) continue;
      for (const claim of state.claims.values())
        if (claim.gone && compareResourceVersions(claim.resourceVersion, state.horizon) <= 0)
          expect.fail(`seed ${seed}: tombstone ${claim.resourceVersion} at or below ${state.horizon}`);
    }
  });

  test("law 5: no visible version ever goes back, and the changes add up to the claims", () => {
    for (let seed = 0; seed < HISTORIES; seed++) {
      const { inputs } = hostileHistory(seed);
      const state = emptyMergeState();
      const view = new View();
      const highest = new Map<string, bigint>();
      for (const input of inputs) {
        const { changes } = advance(state, input);
        view.apply(changes);
        for (const change of changes) {
          const key = change.type === "set" ? change.object.key : change.key;
          const version = BigInt(change.type === "set" ? change.object.resourceVersion : change.resourceVersion);
          if (version < (highest.get(key) ?? 0n)) expect.fail(`seed ${seed}: ${key} went back to ${version}`);
          highest.set(key, version);
        }
      }
      const shown = Object.fromEntries([...view.versions].map(([k, v]) => [k, `${v.uid}@${v.resourceVersion}`]));
      expect(shown, `seed ${seed}`).toEqual(visible(state));
    }
  });

  test("reduce is advance on a copy", () => {
    for (let seed = 0; seed < HISTORIES / 10; seed++) {
      const { inputs } = hostileHistory(seed);
      let pure = emptyMergeState();
      const owned = emptyMergeState();
      for (const input of inputs) {
        const before = JSON.stringify([...pure.claims]);
        const next = reduce(pure, input);
        expect(JSON.stringify([...pure.claims])).toBe(before);
        expect(next.step).toEqual(advance(owned, input));
        pure = next.state;
      }
      expect(pure).toEqual(owned);
    }
  });
});

describe("single cases", () => {
  const cluster = (): ModelCluster => new ModelCluster(randomBelow(1), 1);

  test("law 1: on a tie the tombstone wins", () => {
    const model = cluster();
    const born = model.act();
    const state = emptyMergeState();
    advance(state, observed(born));
    advance(state, observed({ ...born, gone: true }));
    advance(state, observed(born));
    expect(visible(state)).toEqual({});
  });

  test("law 5: a list that is behind the stream does not take an object back, whichever came first", () => {
    for (const listFirst of [true, false]) {
      const model = cluster();
      model.act();
      const stale = model.snapshot();
      const newer = { version: model.version + 1n, object: { ...model.act().object }, gone: false };
      model.pass();
      const lying = { ...stale, resourceVersion: model.resourceVersion };
      const inputs: MergeInput[] = [{ type: "verified", epoch: 0, snapshot: lying }, observed(newer)];
      const state = emptyMergeState();
      let contradictions = 0;
      for (const input of listFirst ? inputs : inputs.toReversed())
        contradictions += advance(state, input).contradictions;
      expect(state.claims.get(newer.object.key)?.resourceVersion).toBe(newer.object.resourceVersion);
      expect(contradictions).toBe(1);
    }
  });

  test("law 5: an epoch reset, and only that, takes versions back; inputs of the old epoch are dropped", () => {
    const model = cluster();
    model.act();
    const early = model.snapshot();
    for (let i = 0; i < 5; i++) model.act();
    const state = emptyMergeState();
    advance(state, { type: "relisted", epoch: 0, snapshot: model.snapshot() });
    advance(state, { type: "verified", epoch: 0, snapshot: early });
    expect(state.horizon).toBe(model.resourceVersion);
    advance(state, { type: "epoch-reset", epoch: 1, snapshot: early });
    expect(state.horizon).toBe(early.resourceVersion);
    advance(state, { type: "relisted", epoch: 0, snapshot: model.snapshot() });
    expect(state.horizon).toBe(early.resourceVersion);
    expect(state.claims.size).toBe(1);
  });

  test("a settlement that lacks a body it needs changes nothing and names the key", () => {
    const model = cluster();
    const event = model.act();
    const full = model.snapshot();
    const entries = new Map(
      [...full.entries].map(([key, { uid, resourceVersion }]) => [key, { uid, resourceVersion }]),
    );
    const state = emptyMergeState();
    expect(advance(state, { type: "verified", epoch: 0, snapshot: { ...full, entries } }).missing).toEqual([
      event.object.key,
    ]);
    expect(state).toEqual(emptyMergeState());
    advance(state, observed(event));
    expect(advance(state, { type: "verified", epoch: 0, snapshot: { ...full, entries } })).toMatchObject({
      missing: [],
      changes: [],
    });
  });
});
