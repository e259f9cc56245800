import { PODS } from "@krm/core";
import { keyOf } from "../cluster/collection.ts";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { ClusterEvent, SimObject } from "../cluster/sim-object.ts";
import { REPLICA_SETS } from "../cluster/sim-resource.ts";
import { controllerUid } from "./replica-set.ts";

/** Which pods and replica sets belong to which controller: an index by the owner's uid, kept by events. */
export class OwnedObjects {
  readonly #byOwner = new Map<string, Map<string, SimObject>>();

  constructor(cluster: SimCluster) {
    for (const resource of [REPLICA_SETS, PODS]) {
      for (const object of cluster.list(resource).items) this.#set(object);
    }
  }

  /** Brings the index up to date. */
  apply(event: ClusterEvent): void {
    if (event.type === "DELETED") this.#byOwner.get(controllerUid(event.object))?.delete(keyOf(event.object));
    else this.#set(event.object);
  }

  /** The objects of an owner, oldest first. */
  of(uid: string): readonly SimObject[] {
    return [...(this.#byOwner.get(uid)?.values() ?? [])];
  }

  #set(object: SimObject): void {
    const uid = controllerUid(object);
    if (uid === "" || (object.kind !== "Pod" && object.kind !== "ReplicaSet")) return;
    const owned = this.#byOwner.get(uid) ?? new Map<string, SimObject>();
    owned.set(keyOf(object), object);
    this.#byOwner.set(uid, owned);
  }
}
