import type { KubernetesObject } from "../../../deploy/render/kubernetes-object.ts";

/** A rule of a role. */
export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

interface Binding {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
}

/**
 * What a ServiceAccount may do by what was rendered, one line for each right, such as `get pods in all namespaces` or
 * `patch leases.coordination.k8s.io/krm-canary in krm`. A cluster's own role is told by its name.
 */
export function rightsOf(account: string, all: readonly KubernetesObject[]): readonly string[] {
  const bindings = all.filter(({ kind }) => kind === "RoleBinding" || kind === "ClusterRoleBinding");
  return bindings
    .flatMap((object) => {
      const { roleRef, subjects } = object as KubernetesObject & Binding;
      if (
        !subjects.some(
          ({ kind, name, namespace }) => kind === "ServiceAccount" && name === account && namespace === "krm",
        )
      )
        return [];
      const where = object.kind === "RoleBinding" ? `in ${object.metadata.namespace}` : "in all namespaces";
      const role = all.find(
        ({ kind, metadata }) =>
          kind === roleRef.kind &&
          metadata.name === roleRef.name &&
          (kind === "ClusterRole" || metadata.namespace === object.metadata.namespace),
      );
      if (role === undefined) return [`all of ${roleRef.name} ${where}`];
      return (role["rules"] as readonly Rule[]).flatMap((rule) => lines(rule, where));
    })
    .toSorted();
}

function lines(
  { apiGroups = [], resources = [], resourceNames, nonResourceURLs = [], verbs }: Rule,
  where: string,
): readonly string[] {
  const names = apiGroups.flatMap((group) => resources.map((each) => (group === "" ? each : `${each}.${group}`)));
  const things = names.flatMap((thing) => resourceNames?.map((name) => `${thing}/${name}`) ?? [thing]);
  return [
    ...verbs.flatMap((verb) => things.map((thing) => `${verb} ${thing} ${where}`)),
    ...verbs.flatMap((verb) => nonResourceURLs.map((url) => `${verb} ${url}`)),
  ];
}
