import { compareResourceVersions, type Drift, type MergeInput, type ObjectKey, type ResourceVersion } from "@krm/core";
import type { TrueState, TruthAt } from "./drift-oracle.ts";

interface Known {
  readonly version: ResourceVersion;
  /** Undefined: nothing. */
  readonly state: TrueState | undefined;
}

/**
 * What objects said of themselves when they were asked by name: a difference from the newest that was known at that
 * version, be it an event, a list that was settled (also one whose own verdict is still to come), or an earlier answer.
 */
export class ByNameCheck {
  readonly #truthAt: TruthAt;
  readonly #known = new Map<ObjectKey, Known[]>();
  readonly #lists: { readonly version: ResourceVersion; readonly entries: ReadonlyMap<ObjectKey, TrueState> }[] = [];
  readonly faults: string[] = [];

  constructor(truthAt: TruthAt) {
    this.#truthAt = truthAt;
  }

  input(input: MergeInput): void {
    if (input.type === "observed") {
      const { type, object } = input.observation;
      const { key, uid, resourceVersion } = object;
      this.#note(key, resourceVersion, type === "deleted" ? undefined : { uid, resourceVersion });
    }
    if (input.type === "verified" || input.type === "relisted" || input.type === "epoch-reset") {
      const { resourceVersion: version, entries } = input.snapshot;
      const before = this.#lists.at(-1)?.version;
      if (before === undefined || compareResourceVersions(version, before) >= 0) this.#lists.push({ version, entries });
    }
  }

  /** The list of this version changed nothing. */
  stale(version: ResourceVersion): void {
    if (this.#lists.at(-1)?.version === version) this.#lists.pop();
  }

  #note(key: ObjectKey, version: ResourceVersion, state: TrueState | undefined): void {
    const known = this.#known.get(key) ?? [];
    known.push({ version, state });
    this.#known.set(key, known);
  }

  check({ key, horizon, shown, actual }: Drift): void {
    const expected = this.#newest(key, horizon);
    const truth = this.#truthAt(horizon).get(key);
    const isTrue =
      actual === undefined
        ? shown !== undefined && truth?.uid !== shown.uid
        : truth?.uid === actual.uid && truth.resourceVersion === actual.resourceVersion;
    const isShown = expected?.uid === shown?.uid && expected?.resourceVersion === shown?.resourceVersion;
    if (!isTrue || !isShown)
      this.faults.push(
        `${key} by name at ${horizon}: told ${text(shown)} for ${text(actual)}; known was ${text(expected)}, the cluster held ${text(truth)}`,
      );
    this.#note(key, horizon, actual);
  }

  #newest(key: ObjectKey, at: ResourceVersion): TrueState | undefined {
    const list = this.#lists.findLast(({ version }) => compareResourceVersions(version, at) <= 0);
    let newest: Known | undefined = list && { version: list.version, state: list.entries.get(key) };
    for (const known of this.#known.get(key) ?? []) {
      if (compareResourceVersions(known.version, at) > 0) continue;
      if (newest === undefined || compareResourceVersions(known.version, newest.version) > 0) newest = known;
    }
    return newest?.state;
  }
}

function text(state: TrueState | undefined): string {
  return state === undefined ? "nothing" : `${state.uid}@${state.resourceVersion}`;
}
