import { type Drift, type MergeInput, type Scope, scopeId, type Verdict } from "@krm/core";
import { type History, readHistory } from "@krm/testkit";
import { oracleOf } from "../acceptance/oracle-of-history.ts";

/** What a monitor merged and decided, in order. */
export interface Traced {
  readonly scope: Scope;
  readonly input: MergeInput;
  readonly verdicts: readonly Verdict[];
}

/** What a check of the drift of a run came to. */
export interface DriftCheck {
  /** Verdicts that were held against the history. */
  readonly checked: number;
  readonly drift: readonly Drift[];
  readonly faults: readonly string[];
}

/**
 * Holds every verdict against the recorded history: of each scope, what the stream alone showed against what the cluster
 * held, at each verified version. After a restore of the cluster the comparison starts afresh.
 */
export function checkDrift(scopes: readonly Scope[], traced: readonly Traced[], lines: readonly string[]): DriftCheck {
  const drift = traced.flatMap(({ verdicts }) => verdicts.flatMap((verdict) => verdict.drift));
  const faults = drift.flatMap(typeFault);
  const histories = historiesOf(lines).map((of) => readHistory(of));
  let checked = 0;
  for (const scope of scopes) {
    const id = scopeId(scope);
    const own = traced.filter((one) => scopeId(one.scope) === id);
    for (const [epoch, steps] of byEpoch(own)) {
      const history = histories[Math.min(epoch, histories.length - 1)] as History;
      const oracle = oracleOf(history, scope);
      for (const { input, verdicts } of steps) {
        oracle.input(input);
        for (const verdict of verdicts) oracle.verdict(verdict);
      }
      checked += oracle.checked;
      faults.push(...oracle.faults.map((fault) => `${id}: ${fault}`));
    }
  }
  return { checked, drift, faults };
}

/** The steps of each history; what came of another one than the merge was at is left out. */
function byEpoch(traced: readonly Traced[]): ReadonlyMap<number, readonly Traced[]> {
  const steps = new Map<number, Traced[]>([[0, []]]);
  let now = 0;
  for (const step of traced) {
    const { epoch, type } = step.input;
    if (type === "epoch-reset" && epoch > now) steps.set((now = epoch), []);
    if (epoch === now) steps.get(now)?.push(step);
  }
  return steps;
}

/**
 * As {@link checkDrift}, where lists lie, so that not all can be found at once: whatever is claimed is true, and is
 * claimed once.
 */
export function checkClaims(scopes: readonly Scope[], traced: readonly Traced[], lines: readonly string[]): DriftCheck {
  const history = readHistory(lines);
  const faults: string[] = [];
  const claimed = new Set<string>();
  const all: Drift[] = [];
  let checked = 0;
  for (const scope of scopes) {
    const id = scopeId(scope);
    const { truthAt } = truthOf(history, scope);
    for (const { verdicts } of traced.filter((one) => scopeId(one.scope) === id))
      for (const { drift } of verdicts) {
        checked++;
        for (const one of drift) {
          all.push(one);
          const { key, horizon, shown, actual } = one;
          faults.push(...typeFault(one));
          const truth = truthAt(horizon, key);
          const right =
            actual === undefined
              ? truth === undefined || truth.uid !== shown?.uid
              : truth?.uid === actual.uid && truth.resourceVersion === actual.resourceVersion;
          const what = `${key}: ${text(shown)} for ${text(actual)}`;
          if (!right) faults.push(`${id} at ${horizon}: not true: ${what}; the cluster held ${text(truth)}`);
          if (claimed.has(`${id} ${what}`)) faults.push(`${id} at ${horizon}: claimed twice: ${what}`);
          claimed.add(`${id} ${what}`);
        }
      }
  }
  return { checked, drift: all, faults };
}

function truthOf(history: ReturnType<typeof readHistory>, scope: Scope) {
  return {
    truthAt: (version: string, key: string): { uid: string; resourceVersion: string } | undefined =>
      history.stateAt(scope.resource, version).get(key)?.metadata,
  };
}

/** The kind must be what the two sides say. */
function typeFault({ key, type, shown, actual, horizon }: Drift): string[] {
  const right =
    shown === undefined
      ? "added"
      : actual === undefined
        ? "deleted"
        : shown.uid === actual.uid
          ? "modified"
          : "recreated";
  return type === right ? [] : [`at ${horizon}: ${key} is told as ${type}, and is ${right}`];
}

function text(state: { readonly uid: string; readonly resourceVersion: string } | undefined): string {
  return state === undefined ? "nothing" : `${state.uid}@${state.resourceVersion}`;
}

/** The history up to each restore, and to the end: one for each epoch. */
function historiesOf(lines: readonly string[]): readonly (readonly string[])[] {
  const ends = lines.flatMap((line, index) => (line.startsWith('{"type":"RESTORED"') ? [index] : []));
  return [...ends.map((end) => lines.slice(0, end)), lines];
}
