import type { ResourceType } from "@krm/core";

/** A resource as discovery tells it. */
export interface DiscoveredResource extends ResourceType {
  /** What the API server can do with it: `list`, `watch`, `get` and so on. */
  readonly verbs: readonly string[];
}

/** The groups of kube-apiserver itself (`pkg/controlplane` of k8s.io/kubernetes), and `extensions` of older ones. */
const BUILT_IN_GROUPS: ReadonlySet<string> = new Set([
  "",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "apps",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "extensions",
  "flowcontrol.apiserver.k8s.io",
  "internal.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  "storagemigration.k8s.io",
]);

/** Whether kube-apiserver itself serves this group. */
export function isBuiltInGroup(group: string): boolean {
  return BUILT_IN_GROUPS.has(group);
}

/** What both forms of discovery say of a resource. */
export interface DiscoveredFacts {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly singular: string | undefined;
  readonly shortNames: readonly string[] | undefined;
  readonly namespaced: boolean;
  readonly verbs: readonly string[] | undefined;
}

/** `definitions`: the names of the CustomResourceDefinitions (`widgets.example.com`), where they can be read. */
export function discoveredResource(
  facts: DiscoveredFacts,
  definitions: ReadonlySet<string> | undefined,
): DiscoveredResource {
  const { group, version, resource, kind, namespaced } = facts;
  return {
    group,
    version,
    resource,
    kind,
    // Discovery does not tell it; by convention it is this, also for custom resources unless they say otherwise.
    listKind: `${kind}List`,
    singular: facts.singular === undefined || facts.singular === "" ? kind.toLowerCase() : facts.singular,
    shortNames: facts.shortNames ?? [],
    namespaced,
    custom: definitions?.has(`${resource}.${group}`) ?? !isBuiltInGroup(group),
    verbs: facts.verbs ?? [],
  };
}
