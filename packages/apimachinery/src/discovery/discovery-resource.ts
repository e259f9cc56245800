import type { ResourceType } from "@krm/core";

/** A part of an object with a path of its own: `status`, `scale`. */
export interface DiscoverySubresource {
  /** Without the resource: `status`. */
  readonly name: string;
  /** The kind that it takes and gives. */
  readonly kind: string;
  /** Given where that kind is of another group or version: `autoscaling`, `v1` for `Scale`. */
  readonly group?: string | undefined;
  readonly version?: string | undefined;
  readonly verbs: readonly string[];
}

/** A resource as discovery tells it. */
export interface DiscoveryResource {
  readonly type: ResourceType;
  /** In alphabetical order, as the API server tells them: `get`, `list`, `watch`. */
  readonly verbs: readonly string[];
  /** Names under which kubectl takes several resources together: `all`. */
  readonly categories?: readonly string[] | undefined;
  /** What the API server tells of how it stores them; unknown to whoever does not store. */
  readonly storageVersionHash?: string | undefined;
  readonly subresources?: readonly DiscoverySubresource[] | undefined;
}

/** One group and version with its resources by name. */
export interface DiscoveredVersion {
  readonly version: string;
  readonly resources: readonly DiscoveryResource[];
}

/** One group with its versions, the preferred one first. */
export interface DiscoveredGroup {
  readonly name: string;
  readonly versions: readonly DiscoveredVersion[];
}

function byName(a: DiscoveryResource, b: DiscoveryResource): number {
  return a.type.resource < b.type.resource ? -1 : a.type.resource > b.type.resource ? 1 : 0;
}

/** Sorts resources into groups and versions, both in order of their first appearance. */
export function discoverGroups(resources: readonly DiscoveryResource[]): readonly DiscoveredGroup[] {
  const groups = Map.groupBy(resources, (resource) => resource.type.group);
  return Array.from(groups, ([name, members]) => ({
    name,
    versions: Array.from(
      Map.groupBy(members, (resource) => resource.type.version),
      ([version, served]) => ({ version, resources: served.toSorted(byName) }),
    ),
  }));
}
