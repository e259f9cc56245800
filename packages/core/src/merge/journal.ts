import type { ObjectKey } from "../model/object-key.ts";
import type { Claim, MergeState } from "./merge-state.ts";

/** Notes what is about to be replaced, while a verification runs. */
export function remember(state: MergeState, key: ObjectKey, current: Claim | undefined): void {
  if (state.journal === undefined) return;
  const earlier = state.journal.get(key);
  if (earlier === undefined) state.journal.set(key, [current]);
  else earlier.push(current);
}
