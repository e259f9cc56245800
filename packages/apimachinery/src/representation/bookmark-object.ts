import { apiVersionOf, type ResourceType } from "@krm/core";

/** What a node says of itself before its kubelet does. */
export const EMPTY_NODE_INFO: Readonly<Record<string, string>> = {
  machineID: "",
  systemUUID: "",
  bootID: "",
  kernelVersion: "",
  osImage: "",
  containerRuntimeVersion: "",
  kubeletVersion: "",
  kubeProxyVersion: "",
  operatingSystem: "",
  architecture: "",
};

/**
 * What Go writes for an object of which nothing is set, without its `metadata`: the fields that are never omitted. A
 * bookmark is such an object. By group and kind; of others `metadata` alone is shown, which is all that anyone may look at.
 */
const EMPTY: Readonly<Record<string, object>> = {
  "/Pod": { spec: { containers: null }, status: {} },
  "/Node": {
    spec: {},
    status: {
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
      nodeInfo: EMPTY_NODE_INFO,
    },
  },
  "/Service": { spec: {}, status: { loadBalancer: {} } },
  "/PersistentVolumeClaim": { spec: { resources: {} }, status: {} },
  "/Namespace": { spec: {}, status: {} },
  "/Event": {
    involvedObject: {},
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: "",
    reportingInstance: "",
  },
  "apps/Deployment": {
    spec: { selector: null, template: { metadata: {}, spec: { containers: null } }, strategy: {} },
    status: {},
  },
  "apps/ReplicaSet": { spec: { selector: null }, status: { replicas: 0 } },
  "networking.k8s.io/Ingress": { spec: {}, status: { loadBalancer: {} } },
  "coordination.k8s.io/Lease": { spec: {} },
};

/** The object of a bookmark. */
export interface BookmarkObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly resourceVersion: string; readonly annotations?: Readonly<Record<string, string>> };
}

/** A bookmark's object: nothing but a version, and the mark that ends the initial events. */
export function bookmarkObject(
  resource: ResourceType,
  resourceVersion: string,
  initialEventsEnd: boolean,
): BookmarkObject {
  return {
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: {
      resourceVersion,
      ...(initialEventsEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
    },
    ...EMPTY[`${resource.group}/${resource.kind}`],
  };
}
