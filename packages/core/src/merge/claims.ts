import type { ObjectKey } from "../model/object-key.ts";
import type { Claim, MergeState } from "./merge-state.ts";

/** Claims that are noted while a verification runs, beside one for each key. */
const MOST_JOURNALLED = 50_000;

/** What the view shows of a key: its claim, if that lives, unless the body of that could not be had. */
export function visible({ claims, unseen }: MergeState, key: ObjectKey): Claim | undefined {
  if (unseen.has(key)) return unseen.get(key);
  const claim = claims.get(key);
  return claim?.gone === true ? undefined : claim;
}

/** Puts another claim in place, and notes the one before while a verification runs. Undefined: nothing is claimed any more. */
export function replaceClaim(state: MergeState, key: ObjectKey, claim: Claim | undefined): void {
  const { claims, journal, unseen } = state;
  if (journal !== undefined) {
    const earlier = journal.get(key);
    if (earlier === undefined) journal.set(key, [claims.get(key)]);
    else earlier.push(claims.get(key));
    // Whoever began the verification must have died. What it would have told is inconclusive.
    if (++state.journalled > MOST_JOURNALLED + claims.size) state.journal = undefined;
  }
  unseen.delete(key);
  if (claim === undefined) claims.delete(key);
  else claims.set(key, claim);
}

/** As {@link replaceClaim}, where the view cannot show it yet and stays as it is. */
export function claimUnseen(state: MergeState, key: ObjectKey, claim: Claim): void {
  const shown = visible(state, key);
  replaceClaim(state, key, claim);
  state.unseen.set(key, shown);
}
