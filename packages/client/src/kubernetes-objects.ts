import type {
  V1Deployment,
  V1DeploymentList,
  V1Ingress,
  V1IngressList,
  V1Node,
  V1NodeList,
  V1PersistentVolumeClaim,
  V1PersistentVolumeClaimList,
  V1Pod,
  V1PodList,
  V1Service,
  V1ServiceList,
} from "@kubernetes/client-node";
import { KrmClientError } from "./error.ts";

/** The lists that have a method of their own, by the plural of their resource. */
export interface KubernetesLists {
  readonly pods: V1PodList;
  readonly "deployments.apps": V1DeploymentList;
  readonly persistentvolumeclaims: V1PersistentVolumeClaimList;
  readonly services: V1ServiceList;
  readonly "ingresses.networking.k8s.io": V1IngressList;
  readonly nodes: V1NodeList;
}

const CLASSES: { readonly [Resource in keyof KubernetesLists]: string } = {
  pods: "V1PodList",
  "deployments.apps": "V1DeploymentList",
  persistentvolumeclaims: "V1PersistentVolumeClaimList",
  services: "V1ServiceList",
  "ingresses.networking.k8s.io": "V1IngressList",
  nodes: "V1NodeList",
};

/**
 * Makes the list of @kubernetes/client-node out of its JSON: dates are `Date`s, names are client-node's (`_continue`).
 * Fields that client-node's version does not know are dropped, as it drops them. That package is loaded on first use.
 *
 * @throws KrmClientError `KRM_CLIENT_MISSING_PEER`
 */
export async function toKubernetesList<Resource extends keyof KubernetesLists>(
  resource: Resource,
  body: unknown,
): Promise<KubernetesLists[Resource]> {
  return (await serializer()).deserialize(body, CLASSES[resource], "") as KubernetesLists[Resource];
}

/** The kinds that a watch tells as client-node's objects, by the plural of their resource. */
export interface KubernetesObjects {
  readonly pods: V1Pod;
  readonly deployments: V1Deployment;
  readonly persistentvolumeclaims: V1PersistentVolumeClaim;
  readonly services: V1Service;
  readonly ingresses: V1Ingress;
  readonly nodes: V1Node;
}

const OBJECT_CLASSES: { readonly [Resource in keyof KubernetesObjects]: string } = {
  pods: "V1Pod",
  deployments: "V1Deployment",
  persistentvolumeclaims: "V1PersistentVolumeClaim",
  services: "V1Service",
  ingresses: "V1Ingress",
  nodes: "V1Node",
};

/** Whether a resource's objects can be had as client-node's. */
export function isKnownKind(resource: string): resource is keyof KubernetesObjects {
  return Object.hasOwn(OBJECT_CLASSES, resource);
}

/** Loads what makes objects of client-node out of their JSON, as {@link toKubernetesList} does. @throws KrmClientError `KRM_CLIENT_MISSING_PEER` */
export async function kubernetesReader<Resource extends keyof KubernetesObjects>(
  resource: Resource,
): Promise<(json: object) => KubernetesObjects[Resource]> {
  const loaded = await serializer();
  return (json) => loaded.deserialize(json, OBJECT_CLASSES[resource], "") as KubernetesObjects[Resource];
}

interface Serializer {
  deserialize(data: unknown, type: string, format: string): unknown;
}

/** client-node's own way from JSON to its classes. Its index does not name it; alone it loads far faster than the whole. */
async function serializer(): Promise<Serializer> {
  try {
    const { ObjectSerializer } = await import("@kubernetes/client-node/dist/gen/models/ObjectSerializer.js");
    return ObjectSerializer;
  } catch (cause) {
    throw new KrmClientError("KRM_CLIENT_MISSING_PEER", "@kubernetes/client-node cannot be loaded", {
      hint: 'run `npm install @kubernetes/client-node@2`, or ask with { as: "json" }',
      cause,
    });
  }
}
