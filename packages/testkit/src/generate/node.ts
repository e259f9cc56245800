import { NODES } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import { isJsonObject, type JsonObject, listAt, type SimObject, textAt } from "../cluster/sim-object.ts";
import { timestamp } from "../cluster/timestamp.ts";
import type { SeededRandom } from "../random/seeded-random.ts";
import { createNodeLease } from "./node-lease.ts";

const REGION = "eu-central-1";
const ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] as const;
const INSTANCES = {
  "m7i.2xlarge": { cpu: 8, memoryGi: 32 },
  "m7i.4xlarge": { cpu: 16, memoryGi: 64 },
  "r7g.4xlarge": { cpu: 16, memoryGi: 128 },
} as const;

/** Adds a node that is ready, and its lease. `index` makes its name and addresses; `at`: when it came. */
export function addNode(cluster: SimCluster, random: SeededRandom, index: number, at: number): SimObject {
  const instance = random.weighted({ "m7i.2xlarge": 5, "m7i.4xlarge": 3, "r7g.4xlarge": 2 });
  const name = `node-${String(index).padStart(4, "0")}`;
  const zone = ZONES[index % ZONES.length] as string;
  const architecture = instance.startsWith("r7g") ? "arm64" : "amd64";
  const podCIDR = `10.${128 + (index >> 8)}.${index & 255}.0/24`;
  const created = cluster.create(
    NODES,
    {
      metadata: {
        name,
        labels: {
          "kubernetes.io/arch": architecture,
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": "linux",
          "node-pool": instance.startsWith("r7g") ? "memory" : "general",
          "node.kubernetes.io/instance-type": instance,
          "topology.kubernetes.io/region": REGION,
          "topology.kubernetes.io/zone": zone,
        },
        annotations: {
          "node.alpha.kubernetes.io/ttl": "0",
          "volumes.kubernetes.io/controller-managed-attach-detach": "true",
        },
      },
      spec: { podCIDR, podCIDRs: [podCIDR], providerID: `aws:///${zone}/i-${random.hex(17)}` },
    },
    { manager: "kubelet", at },
  );
  const { taints: _, ...spec } = created["spec"] as JsonObject;
  cluster.update(NODES, undefined, name, { ...created, spec }, { manager: "kube-controller-manager", at });
  const status = nodeStatus(random, INSTANCES[instance], name, architecture, index, at);
  const ready = cluster.update(
    NODES,
    undefined,
    name,
    { ...(cluster.get(NODES, undefined, name) as SimObject), status },
    { subresource: "status", manager: "kubelet", at },
  );
  createNodeLease(cluster, ready, at);
  return ready;
}

/** The status of a node with a new heartbeat. */
export function withHeartbeat(node: SimObject, at: number): JsonObject {
  const status = isJsonObject(node["status"]) ? node["status"] : {};
  return {
    ...status,
    conditions: listAt(status, "conditions").map((condition) =>
      isJsonObject(condition) ? { ...condition, lastHeartbeatTime: timestamp(at) } : condition,
    ),
  };
}

/** The address of a node within the cluster. */
export function internalIp(node: SimObject | undefined): string {
  const address = listAt(node?.["status"], "addresses").find((each) => textAt(each, "type") === "InternalIP");
  return textAt(address, "address");
}

/** The address of pod number `index` of a node, within the node's range. */
export function podIp(node: SimObject | undefined, index: number): string {
  const range = textAt(node?.["spec"], "podCIDR") || "10.255.0.0/24";
  return `${range.slice(0, range.lastIndexOf(".") + 1)}${2 + (index % 250)}`;
}

function nodeStatus(
  random: SeededRandom,
  size: { readonly cpu: number; readonly memoryGi: number },
  name: string,
  architecture: string,
  index: number,
  at: number,
): JsonObject {
  const condition = (type: string, status: string, reason: string, message: string): JsonObject => ({
    type,
    status,
    lastHeartbeatTime: timestamp(at),
    lastTransitionTime: timestamp(at),
    reason,
    message,
  });
  const storage = "101430960Ki";
  return {
    capacity: { cpu: `${size.cpu}`, "ephemeral-storage": storage, memory: `${size.memoryGi}Gi`, pods: "110" },
    allocatable: {
      cpu: `${size.cpu * 1000 - 80}m`,
      "ephemeral-storage": storage,
      memory: `${size.memoryGi - 3}Gi`,
      pods: "110",
    },
    conditions: [
      condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
      condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
      condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
      condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ],
    addresses: [
      { type: "InternalIP", address: `172.16.${index >> 8}.${index & 255}` },
      { type: "Hostname", address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
    nodeInfo: {
      machineID: random.hex(32),
      systemUUID: random.uuid(),
      bootID: random.uuid(),
      kernelVersion: "6.12.48",
      osImage: "Debian GNU/Linux 13 (trixie)",
      containerRuntimeVersion: "containerd://2.1.4",
      kubeletVersion: "v1.36.2",
      kubeProxyVersion: "",
      operatingSystem: "linux",
      architecture,
    },
    images: Array.from({ length: random.integer(8, 24) }, () => {
      const image = `registry.example/image-${random.integer(0, 200)}`;
      return { names: [`${image}@sha256:${random.hex(64)}`], sizeBytes: random.integer(8_000_000, 900_000_000) };
    }),
  };
}
