import type { ObjectKey } from "../model/object-key.ts";
import type { Revision } from "../model/stored-object.ts";
import type { FrozenView } from "../verify/frozen-view.ts";
import type { Claim, MergeState } from "./merge-state.ts";

function revision(key: ObjectKey, claim: Claim | undefined): Revision | undefined {
  return claim === undefined || claim.gone
    ? undefined
    : { key, uid: claim.uid, resourceVersion: claim.resourceVersion };
}

/** The claims as they are. The view changes with them. */
export function currentClaims({ epoch, position, horizon, claims }: MergeState): FrozenView {
  return { epoch, position, horizon, at: (key) => revision(key, claims.get(key)), keys: () => claims.keys() };
}

/**
 * The claims as they were when the journal began: copy-on-write, by what it has noted since. Good until the journal is put
 * away.
 */
export function frozenClaims(state: MergeState): FrozenView {
  const { epoch, claims, journal = new Map<ObjectKey, (Claim | undefined)[]>(), journalFrom } = state;
  return {
    epoch,
    ...journalFrom,
    at: (key) => {
      const earlier = journal.get(key);
      return revision(key, earlier === undefined ? claims.get(key) : earlier[0]);
    },
    *keys() {
      yield* claims.keys();
      for (const key of journal.keys()) if (!claims.has(key)) yield key;
    },
  };
}
