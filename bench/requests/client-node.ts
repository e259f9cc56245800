import { type ResourceType, DEFAULT_RESOURCES, resourcePath } from "@krm/core";
import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  NetworkingV1Api,
} from "@kubernetes/client-node";

/** A resource as @kubernetes/client-node lists it. */
export interface Listed {
  readonly path: string;
  readonly list: () => Promise<KubernetesListObject<KubernetesObject>>;
}

/** The resources that KRM watches by default, through the client's own API. */
export function listedResources(kubeConfig: KubeConfig): readonly Listed[] {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const apps = kubeConfig.makeApiClient(AppsV1Api);
  const networking = kubeConfig.makeApiClient(NetworkingV1Api);
  const lists: Record<string, Listed["list"]> = {
    pods: () => core.listPodForAllNamespaces(),
    deployments: () => apps.listDeploymentForAllNamespaces(),
    persistentvolumeclaims: () => core.listPersistentVolumeClaimForAllNamespaces(),
    services: () => core.listServiceForAllNamespaces(),
    ingresses: () => networking.listIngressForAllNamespaces(),
    nodes: () => core.listNode(),
  };
  return DEFAULT_RESOURCES.map((type: ResourceType) => {
    const list = lists[type.resource];
    if (list === undefined) throw new Error(`the bench does not list ${type.resource}`);
    return { path: resourcePath(type), list };
  });
}

export function kubeConfigOf(text: string): KubeConfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(text);
  return kubeConfig;
}
