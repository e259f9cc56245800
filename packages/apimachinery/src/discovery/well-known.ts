import { type ResourceType, resourceName } from "@krm/core";

/** Groups in the order in which kube-apiserver tells them, the core group first. */
const GROUP_ORDER = [
  "",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io",
];

/** What `kubectl get all` shows. */
const ALL = new Set([
  "pods",
  "replicationcontrollers",
  "services",
  "daemonsets.apps",
  "deployments.apps",
  "replicasets.apps",
  "statefulsets.apps",
  "horizontalpodautoscalers.autoscaling",
  "cronjobs.batch",
  "jobs.batch",
]);

/** Sorts what has a type by its group, as kube-apiserver tells them; other groups come behind, in the order given. */
export function inGroupOrder<T extends { readonly type: Pick<ResourceType, "group"> }>(
  resources: readonly T[],
): readonly T[] {
  return resources.toSorted((a, b) => rank(a.type.group) - rank(b.type.group));
}

function rank(group: string): number {
  const index = GROUP_ORDER.indexOf(group);
  return index < 0 ? GROUP_ORDER.length : index;
}

/** The categories of a built-in resource; those of a custom one stand in its definition, which is not known here. */
export function categoriesOf(type: Pick<ResourceType, "group" | "resource">): readonly string[] {
  return ALL.has(resourceName(type)) ? ["all"] : [];
}
