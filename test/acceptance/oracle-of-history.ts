import { objectKey, type Scope } from "@krm/core";
import type { History } from "@krm/testkit";
import { DriftOracle, type TrueState } from "./drift-oracle.ts";

/** An oracle for one scope over the recorded history of its cluster. */
export function oracleOf(history: History, scope: Scope): DriftOracle {
  return new DriftOracle((version) => {
    const state = new Map<string, TrueState>();
    for (const object of history.stateAt(scope.resource, version).values()) {
      const { namespace = "", name, uid, resourceVersion } = object.metadata;
      if (scope.namespace === undefined || scope.namespace === namespace)
        state.set(objectKey(namespace, name), { uid, resourceVersion });
    }
    return state;
  });
}
