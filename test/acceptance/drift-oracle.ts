import { ByNameCheck } from "./by-name-check.ts";
import { compareResourceVersions, type MergeInput, type ResourceVersion, type Verdict } from "@krm/core";

/** A life of an object at a version. */
export interface TrueState {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** The cluster's own history: what a scope held at a version, by key. */
export type TruthAt = (version: ResourceVersion) => ReadonlyMap<string, TrueState>;

interface Told extends TrueState {
  readonly gone: boolean;
}

/**
 * Law 6 by brute force, from what one scope's merge was given: at each verdict, what the stream alone would show
 * against what the cluster held. Knows nothing of how the merge works.
 */
export class DriftOracle {
  readonly #truthAt: TruthAt;
  /** Key → what the stream told of it since the baseline, in the order in which it came. */
  #told = new Map<string, Told[]>();
  #baseline: ResourceVersion | undefined;
  #horizon: ResourceVersion | undefined;
  /** A list that the stream starts afresh from, when what it decides is judged. */
  #noted: ResourceVersion | undefined;
  /** Keys that were put right by themselves after the baseline: from that version on. */
  readonly #spots = new Map<string, { readonly version: ResourceVersion; readonly state: TrueState | undefined }>();
  /** Verdicts that were checked. */
  checked = 0;
  /** Missed events among them. */
  missed = 0;
  readonly #byName: ByNameCheck;
  readonly #faults: string[] = [];

  constructor(truthAt: TruthAt) {
    this.#truthAt = truthAt;
    this.#byName = new ByNameCheck(truthAt);
  }

  get faults(): readonly string[] {
    return [...this.#faults, ...this.#byName.faults];
  }

  input(input: MergeInput): void {
    this.#rebaseAsNoted();
    this.#byName.input(input);
    switch (input.type) {
      case "observed": {
        const { type, object } = input.observation;
        const { key, uid, resourceVersion } = object;
        // An old story: the baseline has it already.
        if (this.#baseline !== undefined && compareResourceVersions(resourceVersion, this.#baseline) <= 0) return;
        const told = this.#told.get(key) ?? [];
        told.push({ uid, resourceVersion, gone: type === "deleted" });
        this.#told.set(key, told);
        return;
      }
      case "relisted":
      case "epoch-reset": {
        // A list that a verification has overtaken: the stream starts afresh from what was verified.
        const version = input.snapshot.resourceVersion;
        const older = this.#horizon !== undefined && compareResourceVersions(version, this.#horizon) < 0;
        if (input.type === "epoch-reset" || !older) this.#horizon = version;
        // What it decides is judged by what was shown before it.
        this.#noted = this.#horizon ?? version;
        return;
      }
      case "verified": {
        const version = input.snapshot.resourceVersion;
        if (this.#horizon === undefined || compareResourceVersions(version, this.#horizon) > 0) this.#horizon = version;
        return;
      }
      default:
    }
  }

  verdict({ horizon, result, mode, drift }: Verdict): void {
    if (result === "stale") this.#byName.stale(horizon);
    if (result === "stale" || result === "inconclusive") return;
    this.missed += drift.length;
    if (mode === "by-name") {
      for (const one of drift) {
        this.#byName.check(one);
        this.#spots.set(one.key, { version: one.horizon, state: one.actual });
      }
      return;
    }
    this.checked++;
    const truth = this.#truthAt(horizon);
    const before = this.#baseline === undefined ? new Map<string, TrueState>() : this.#truthAt(this.#baseline);
    const expected: string[] = [];
    for (const key of new Set([...truth.keys(), ...before.keys(), ...this.#told.keys(), ...this.#spots.keys()])) {
      // A list that is older than what the stream told of a key says nothing of it.
      if (mode === "resync" && this.#toldAbove(key, horizon)) continue;
      const shown = this.#shown(key, horizon, before);
      const actual = truth.get(key);
      if (shown?.uid === actual?.uid && shown?.resourceVersion === actual?.resourceVersion) continue;
      expected.push(line(key, shown, actual));
    }
    const found = drift.map((one) => line(one.key, one.shown, one.actual));
    const difference = [
      ...expected.filter((one) => !found.includes(one)).map((one) => `not reported: ${one}`),
      ...found.filter((one) => !expected.includes(one)).map((one) => `not true: ${one}`),
    ];
    for (const one of difference) this.#faults.push(`at ${horizon} (since ${this.#baseline}, ${mode}): ${one}`);
    this.#rebase(horizon);
  }

  #shown(key: string, horizon: ResourceVersion, before: ReadonlyMap<string, TrueState>): TrueState | undefined {
    let newest: Told | undefined;
    const later = this.#spots.get(key);
    const spot = later !== undefined && compareResourceVersions(later.version, horizon) <= 0 ? later : undefined;
    for (const told of this.#told.get(key) ?? []) {
      const version = told.resourceVersion as ResourceVersion;
      if (spot !== undefined && compareResourceVersions(version, spot.version) <= 0) continue;
      if (compareResourceVersions(version, horizon) > 0) continue;
      if (newest !== undefined && compareResourceVersions(version, newest.resourceVersion as ResourceVersion) <= 0)
        continue;
      newest = told;
    }
    if (newest === undefined) return spot === undefined ? before.get(key) : spot.state;
    return newest.gone ? undefined : newest;
  }

  #toldAbove(key: string, version: ResourceVersion): boolean {
    const told = this.#told.get(key) ?? [];
    return told.some((one) => compareResourceVersions(one.resourceVersion as ResourceVersion, version) > 0);
  }

  #rebaseAsNoted(): void {
    if (this.#noted !== undefined) this.#rebase(this.#noted);
    this.#noted = undefined;
  }

  #rebase(version: ResourceVersion): void {
    if (this.#baseline !== undefined && compareResourceVersions(version, this.#baseline) < 0) return;
    this.#baseline = version;
    for (const [key, spot] of this.#spots)
      if (compareResourceVersions(spot.version, version) <= 0) this.#spots.delete(key);
    const later = new Map<string, Told[]>();
    for (const [key, told] of this.#told) {
      const rest = told.filter((one) => compareResourceVersions(one.resourceVersion as ResourceVersion, version) > 0);
      if (rest.length > 0) later.set(key, rest);
    }
    this.#told = later;
  }
}

function line(key: string, shown: TrueState | undefined, actual: TrueState | undefined): string {
  const side = (state: TrueState | undefined): string =>
    state === undefined ? "nothing" : `${state.uid}@${state.resourceVersion}`;
  return `${key}: the stream showed ${side(shown)}, the cluster held ${side(actual)}`;
}
