import { ReplicaStore, type Store } from "@krm/core";

/**
 * In which order a union tells what its scopes tell.
 *
 * - `arrival`: at once. What a version stands for is then known here only, so nobody else may serve watches of the store.
 * - `version`: in the order of the versions, as soon as all scopes have come as far. So it is the same at every server; but
 *   an event waits for the next event or bookmark of the quietest scope. What a list put right stands in no such order, and
 *   begins the union anew.
 */
export type UnionOrder = "arrival" | "version";

/** The order for what is read from a store: whether others can tell of it too. */
export function unionOrder(store: Store): UnionOrder {
  return store.manifest.shared || store instanceof ReplicaStore ? "version" : "arrival";
}
