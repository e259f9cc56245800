import { resourceId, type ResourceType } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { SimResource } from "../cluster/sim-resource.ts";

type Resource = Pick<ResourceType, "group" | "version" | "resource">;

/** Which resources of a cluster the API server serves now: all but those that were withdrawn. */
export class ServedResources {
  readonly #cluster: SimCluster;
  readonly #withdrawn = new Set<string>();
  #all: readonly SimResource[];

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
    this.#all = cluster.resources;
  }

  /** In the cluster's order; another array after each change. */
  get all(): readonly SimResource[] {
    return this.#all;
  }

  find(group: string, version: string, resource: string): SimResource | undefined {
    const found = this.#cluster.find(group, version, resource);
    return found === undefined || this.#withdrawn.has(resourceId(found)) ? undefined : found;
  }

  withdraw(resource: Resource): void {
    this.#withdrawn.add(resourceId(resource));
    this.#update();
  }

  restore(resource: Resource): void {
    this.#withdrawn.delete(resourceId(resource));
    this.#update();
  }

  #update(): void {
    this.#all = this.#cluster.resources.filter((each) => !this.#withdrawn.has(resourceId(each)));
  }
}
