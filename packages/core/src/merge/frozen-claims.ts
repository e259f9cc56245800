import type { ObjectKey } from "../model/object-key.ts";
import type { Revision } from "../model/stored-object.ts";
import type { FrozenView } from "../verify/frozen-view.ts";
import { visible } from "./claims.ts";
import type { Claim, MergeState } from "./merge-state.ts";

/** A living claim as a revision. */
export function revision(key: ObjectKey, claim: Claim | undefined): Revision | undefined {
  return claim === undefined || claim.gone
    ? undefined
    : { key, uid: claim.uid, resourceVersion: claim.resourceVersion };
}

/** What the view shows now. It changes with the state. */
export function currentClaims(state: MergeState, heardAt?: number): FrozenView {
  const { epoch, position, horizon, claims } = state;
  return {
    epoch,
    position,
    heardAt,
    horizon,
    at: (key) => revision(key, visible(state, key)),
    unseen: (key) => state.unseen.has(key),
    keys: () => claims.keys(),
  };
}

/**
 * What the view showed when the journal began: copy-on-write, by what it has noted since. Good until the journal is put
 * away.
 */
export function frozenClaims(state: MergeState, heardAt?: number): FrozenView {
  const unseen = new Set(state.unseen.keys());
  const { epoch, claims, journal = new Map<ObjectKey, (Claim | undefined)[]>(), journalFrom } = state;
  return {
    epoch,
    ...journalFrom,
    heardAt,
    at: (key) => {
      const earlier = journal.get(key);
      return revision(key, earlier === undefined ? visible(state, key) : earlier[0]);
    },
    unseen: (key) => unseen.has(key) || state.unseen.has(key),
    *keys() {
      yield* claims.keys();
      for (const key of journal.keys()) if (!claims.has(key)) yield key;
    },
  };
}
