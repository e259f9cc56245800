import type {
  V1DeploymentList,
  V1IngressList,
  V1NodeList,
  V1PersistentVolumeClaimList,
  V1PodList,
  V1ServiceList,
} from "@kubernetes/client-node";
import type { KubernetesJson } from "./forms.ts";

/** The lists that have a method of their own, by the plural of their resource. */
export interface KubernetesLists {
  readonly pods: V1PodList;
  readonly deployments: V1DeploymentList;
  readonly persistentvolumeclaims: V1PersistentVolumeClaimList;
  readonly services: V1ServiceList;
  readonly ingresses: V1IngressList;
  readonly nodes: V1NodeList;
}

/** The six kinds as client-node's objects, by the plural of their resource. */
export type KubernetesObjects = {
  readonly [Resource in keyof KubernetesLists]: KubernetesLists[Resource]["items"][number];
};

/** What is known of a kind. */
interface KubernetesKind<Path extends string> {
  /** Its resource in the Kubernetes API: `group/version/plural`, or `v1/plural`. */
  readonly path: Path;
  /** client-node's class of an object. That of a list ends in `List`. */
  readonly type: string;
}

interface KubernetesPaths {
  readonly pods: "v1/pods";
  readonly deployments: "apps/v1/deployments";
  readonly persistentvolumeclaims: "v1/persistentvolumeclaims";
  readonly services: "v1/services";
  readonly ingresses: "networking.k8s.io/v1/ingresses";
  readonly nodes: "v1/nodes";
}

/** The six kinds. */
export const KINDS: { readonly [Resource in keyof KubernetesLists]: KubernetesKind<KubernetesPaths[Resource]> } = {
  pods: { path: "v1/pods", type: "V1Pod" },
  deployments: { path: "apps/v1/deployments", type: "V1Deployment" },
  persistentvolumeclaims: { path: "v1/persistentvolumeclaims", type: "V1PersistentVolumeClaim" },
  services: { path: "v1/services", type: "V1Service" },
  ingresses: { path: "networking.k8s.io/v1/ingresses", type: "V1Ingress" },
  nodes: { path: "v1/nodes", type: "V1Node" },
};

/** The six kinds as plain JSON, by `group/version/plural`. */
export type KnownResources = {
  readonly [Resource in keyof KubernetesObjects as KubernetesPaths[Resource]]: KubernetesJson<
    KubernetesObjects[Resource]
  >;
};

/** Whether a resource is one of the six. */
export function isKnownKind(resource: string): resource is keyof KubernetesLists {
  return Object.hasOwn(KINDS, resource);
}
