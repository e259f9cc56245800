import { podStatus } from "@krm/apimachinery";
import type { KubernetesObject } from "./kubernetes-object.ts";
import { type PodRequests, podRequests } from "./pod-requests.ts";
import { formatBytes, formatCount, formatCpu, quantityOf } from "./quantity.ts";

/** One column of the table of objects. */
export interface Column {
  readonly id: string;
  readonly title: string;
  /** What is said of it to who asks. */
  readonly about?: string;
  /** Numbers stand at the right, and are sorted as numbers. */
  readonly numeric?: boolean;
  /** Share of the width. */
  readonly width: number;
  readonly read: (object: KubernetesObject) => string | number;
  /** Of texts that are no words. @default as text */
  readonly compare?: (a: string, b: string) => number;
  /** How a number is shown. @default as it is; `age` columns hold epoch milliseconds, and are shown as what has passed since */
  readonly format?: ((value: number) => string) | "age";
}

const NAMESPACE: Column = {
  id: "namespace",
  title: "Namespace",
  width: 2,
  read: ({ metadata }) => metadata.namespace ?? "",
};
const NAME: Column = { id: "name", title: "Name", width: 4, read: ({ metadata }) => metadata.name };
const AGE: Column = {
  id: "age",
  title: "Age",
  width: 1,
  numeric: true,
  read: ({ metadata }) => Date.parse(metadata.creationTimestamp ?? "") || 0,
  format: "age",
};

/** Of pods, computed once for all columns that need it. */
const requestsOf = (() => {
  let last: KubernetesObject | undefined;
  let requests: PodRequests | undefined;
  return (pod: KubernetesObject): PodRequests => {
    if (last !== pod || requests === undefined) requests = podRequests(pod);
    last = pod;
    return requests;
  };
})();

const amount = (resource: string, title: string, format: (value: number) => string, about: string): Column => ({
  id: resource,
  title,
  about,
  width: 1.2,
  numeric: true,
  format,
  read: ({ status }) => quantityOf(status?.allocatable?.[resource]),
});

const BY_RESOURCE: ReadonlyMap<string, readonly Column[]> = new Map(
  Object.entries({
    "v1/pods": [
      NAMESPACE,
      NAME,
      { id: "status", title: "Status", width: 2, read: podStatus },
      { id: "node", title: "Node", width: 2, read: ({ spec }) => spec?.nodeName ?? "" },
      {
        id: "cpu",
        title: "CPU",
        about: "requested",
        width: 1,
        numeric: true,
        read: (pod) => requestsOf(pod).cpu,
        format: formatCpu,
      },
      {
        id: "memory",
        title: "Memory",
        about: "requested",
        width: 1.2,
        numeric: true,
        read: (pod) => requestsOf(pod).memory,
        format: formatBytes,
      },
      {
        id: "gpu",
        title: "GPU",
        about: "requested",
        width: 0.8,
        numeric: true,
        read: (pod) => requestsOf(pod).gpu,
        format: formatCount,
      },
      {
        id: "claims",
        title: "Claims",
        about: "of volumes",
        width: 2,
        read: (pod) => requestsOf(pod).claims.join(", "),
      },
      AGE,
    ],
    "v1/nodes": [
      NAME,
      { id: "status", title: "Status", width: 2, read: nodeStatus },
      amount("cpu", "CPU", formatCpu, "allocatable"),
      amount("memory", "Memory", formatBytes, "allocatable"),
      amount("nvidia.com/gpu", "GPU", formatCount, "allocatable, of NVIDIA"),
      amount("pods", "Pods", formatCount, "allocatable"),
      { id: "version", title: "Version", width: 1.4, read: ({ status }) => status?.nodeInfo?.kubeletVersion ?? "" },
      AGE,
    ],
    "apps/v1/deployments": [
      NAMESPACE,
      NAME,
      {
        id: "ready",
        compare: byNumber,
        title: "Ready",
        width: 1,
        read: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`,
      },
      {
        id: "updated",
        title: "Up to date",
        width: 1,
        numeric: true,
        read: ({ status }) => status?.updatedReplicas ?? 0,
      },
      AGE,
    ],
    "v1/services": [
      NAMESPACE,
      NAME,
      { id: "type", title: "Type", width: 1.4, read: ({ spec }) => spec?.type ?? "" },
      { id: "address", title: "Cluster IP", width: 1.6, read: ({ spec }) => spec?.clusterIP ?? "" },
      {
        id: "ports",
        title: "Ports",
        width: 2,
        read: ({ spec }) => (spec?.ports ?? []).map(({ port, protocol = "TCP" }) => `${port}/${protocol}`).join(", "),
      },
      AGE,
    ],
    "v1/persistentvolumeclaims": [
      NAMESPACE,
      NAME,
      { id: "status", title: "Status", width: 1.2, read: ({ status }) => status?.phase ?? "" },
      {
        id: "capacity",
        title: "Capacity",
        width: 1.2,
        numeric: true,
        read: ({ status }) => quantityOf(status?.capacity?.["storage"]),
        format: formatBytes,
      },
      { id: "class", title: "Class", width: 1.4, read: ({ spec }) => spec?.storageClassName ?? "" },
      { id: "volume", title: "Volume", width: 3, read: ({ spec }) => spec?.volumeName ?? "" },
      AGE,
    ],
    "networking.k8s.io/v1/ingresses": [
      NAMESPACE,
      NAME,
      { id: "class", title: "Class", width: 1.4, read: ({ spec }) => spec?.ingressClassName ?? "" },
      {
        id: "hosts",
        title: "Hosts",
        width: 4,
        read: ({ spec }) => (spec?.rules ?? []).map(({ host = "*" }) => host).join(", "),
      },
      AGE,
    ],
  }),
);

const OF_EVERY: readonly Column[] = [NAMESPACE, NAME, AGE];

/** The columns of a resource (`v1/pods`), the same each time; of one that is not known, those that every object has. */
export function columnsOf(resource: string): readonly Column[] {
  return BY_RESOURCE.get(resource) ?? OF_EVERY;
}

function nodeStatus({ spec, status }: KubernetesObject): string {
  const ready = status?.conditions?.find(({ type }) => type === "Ready")?.status;
  const word = ready === "True" ? "Ready" : ready === "False" ? "NotReady" : "Unknown";
  return spec?.unschedulable === true ? `${word}, cordoned` : word;
}

/** By the number that a text begins with. */
function byNumber(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10);
}
