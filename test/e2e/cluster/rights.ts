import type {
  RbacV1Subject,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1Role,
  V1RoleBinding,
} from "@kubernetes/client-node";
import type { AccessRule } from "@krm/testkit";
import type { KubernetesObject } from "../../../deploy/render/kubernetes-object.ts";

/** Roles that every cluster has. */
const BUILT_IN: Readonly<Record<string, readonly AccessRule[]>> = {
  "system:auth-delegator": [
    { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
    { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
  ],
};

/** What a service account may do by the roles and bindings among these objects, and by nothing else. Pure. */
export function rightsOf(
  account: string,
  namespace: string,
  objects: readonly KubernetesObject[],
): readonly AccessRule[] {
  return objects.flatMap((binding) => {
    if (!isBinding(binding)) return [];
    const isMeant = (subject: RbacV1Subject): boolean =>
      subject.kind === "ServiceAccount" && subject.name === account && subject.namespace === namespace;
    if (!(binding.subjects ?? []).some(isMeant)) return [];
    const { kind, name } = binding.roleRef;
    const within = binding.kind === "RoleBinding" ? { namespaces: [binding.metadata?.namespace ?? namespace] } : {};
    return rulesOf(kind, name, objects).map((rule) => ({ ...rule, ...within }));
  });
}

function rulesOf(kind: string, name: string, objects: readonly KubernetesObject[]): readonly AccessRule[] {
  const role = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (role !== undefined) return (role as V1ClusterRole | V1Role).rules ?? [];
  const builtIn = kind === "ClusterRole" ? BUILT_IN[name] : undefined;
  if (builtIn === undefined) throw new Error(`a binding names the ${kind} ${name}, which there is not`);
  return builtIn;
}

function isBinding(object: KubernetesObject): object is KubernetesObject & (V1ClusterRoleBinding | V1RoleBinding) {
  return object.kind === "ClusterRoleBinding" || object.kind === "RoleBinding";
}
