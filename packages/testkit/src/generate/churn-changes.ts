import { DEPLOYMENTS, INGRESSES, NODES, PERSISTENT_VOLUME_CLAIMS, PODS, SERVICES } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import { isJsonObject, type JsonObject, listAt, objectAt, type SimObject, textAt } from "../cluster/sim-object.ts";
import { CONFIG_MAPS, LEASES, type SimResource } from "../cluster/sim-resource.ts";
import type { SeededRandom } from "../random/seeded-random.ts";
import { type AppNamespace, makeApp } from "./app.ts";
import { claimManifest, deploymentManifest, imageOf, serviceManifest } from "./manifests.ts";
import { internalIp, podIp, withHeartbeat } from "./node.ts";
import { NODE_LEASES, renewNodeLease } from "./node-lease.ts";
import { crashedStatus, isReady, runningStatus } from "./pod-status.ts";
import { desiredReplicas } from "./replica-set.ts";

/** What a cluster looked like when churn began: what keeps it from growing or shrinking away. */
export interface Baseline {
  readonly deployments: number;
  readonly claims: number;
  readonly replicas: number;
}

/** Where a change happens. */
export interface ChurnContext {
  readonly cluster: SimCluster;
  readonly random: SeededRandom;
  readonly baseline: Baseline;
  /** A number that is never the same again. */
  readonly serial: () => number;
}

/** One kind of change that people, pipelines and nodes make: does it, or returns false where there is nothing to do it to. */
export type Change = (context: ChurnContext) => boolean;

/** The names of the kinds of change. */
export type ChangeName =
  | "application"
  | "claim"
  | "configMap"
  | "ingress"
  | "label"
  | "lease"
  | "nodeStatus"
  | "podStatus"
  | "reschedule"
  | "rollout"
  | "scale"
  | "service";

/** The kinds of change, by name. */
export const CHANGES: Readonly<Record<ChangeName, Change>> = {
  rollout: onOne(DEPLOYMENTS, ({ cluster, random, serial }, { metadata, spec }) => {
    const container = objectAt(
      { first: listAt(objectAt(objectAt(spec, "template"), "spec"), "containers")[0] },
      "first",
    );
    const name = textAt(container, "name");
    if (name === "") return false;
    const image = imageOf(name, `${random.integer(1, 9)}.${serial()}.0`);
    const patch = { spec: { template: { spec: { containers: [{ name, image }] } } } };
    cluster.patch(DEPLOYMENTS, metadata.namespace, metadata.name, patch, "application/strategic-merge-patch+json", {
      manager: "kubectl-set",
    });
    return true;
  }),

  scale: onOne(DEPLOYMENTS, ({ baseline, cluster, random }, deployment) => {
    const { namespace, name } = deployment.metadata;
    const now = desiredReplicas(deployment);
    const total = cluster.list(DEPLOYMENTS).items.reduce((sum, each) => sum + desiredReplicas(each), 0);
    const grows = random.chance(total > baseline.replicas ? 0.25 : 0.75);
    const replicas = Math.max(1, now + (grows ? 1 : -1) * random.integer(1, 2));
    if (replicas === now) return false;
    cluster.patch(DEPLOYMENTS, namespace, name, { spec: { replicas } }, undefined, { manager: "kubectl" });
    return true;
  }),

  reschedule: onOne(PODS, ({ cluster }, pod) => {
    if (pod.metadata.deletionTimestamp !== undefined) return false;
    cluster.delete(PODS, pod.metadata.namespace, pod.metadata.name);
    return true;
  }),

  podStatus: onOne(PODS, ({ cluster, serial }, pod) => {
    if (pod.metadata.deletionTimestamp !== undefined || textAt(pod["status"], "phase") !== "Running") return false;
    const at = cluster.clock.now();
    const node = cluster.get(NODES, undefined, textAt(pod["spec"], "nodeName"));
    const podIP = textAt(pod["status"], "podIP") || podIp(node, serial());
    const status = isReady(pod) ? crashedStatus(pod, at) : runningStatus(pod, { hostIP: internalIp(node), podIP }, at);
    cluster.update(
      PODS,
      pod.metadata.namespace,
      pod.metadata.name,
      { ...pod, status },
      {
        manager: "kubelet",
        subresource: "status",
      },
    );
    return true;
  }),

  nodeStatus: onOne(NODES, ({ cluster }, node) => {
    const status = withHeartbeat(node, cluster.clock.now());
    const write = { manager: "kubelet", subresource: "status" } as const;
    return cluster.update(NODES, undefined, node.metadata.name, { ...node, status }, write) !== node;
  }),

  // Those of others, such as elections, are none of its business.
  lease({ cluster, random }) {
    const { items } = cluster.list(LEASES, { namespace: NODE_LEASES });
    return items.length > 0 && renewNodeLease(cluster, random.pick(items));
  },

  service: onOne(SERVICES, annotate(SERVICES, "service.example/weight")),
  ingress: onOne(INGRESSES, annotate(INGRESSES, "nginx.ingress.kubernetes.io/limit-rps")),
  configMap: onOne(CONFIG_MAPS, ({ cluster, random }, { metadata }) => {
    const data = { "revision.txt": random.hex(16) };
    cluster.patch(CONFIG_MAPS, metadata.namespace, metadata.name, { data }, undefined, { manager: "helm" });
    return true;
  }),

  claim(context) {
    const { baseline, cluster, random } = context;
    const claims = cluster.list(PERSISTENT_VOLUME_CLAIMS).items;
    const scratch = claims.filter((claim) => claim.metadata.name.startsWith("scratch-"));
    if (scratch.length > 0 && random.chance(claims.length > baseline.claims + 3 ? 0.8 : 0.3)) {
      const { deletionTimestamp, namespace, name } = random.pick(scratch).metadata;
      if (deletionTimestamp !== undefined) return false;
      cluster.delete(PERSISTENT_VOLUME_CLAIMS, namespace, name);
      return true;
    }
    const where = random.pick(appNamespaces(cluster));
    const manifest = claimManifest(
      { namespace: where.name, name: "" },
      { team: where.team },
      random,
      `scratch-${context.serial()}`,
    );
    cluster.create(PERSISTENT_VOLUME_CLAIMS, manifest, { manager: "kubectl-create" });
    return true;
  },

  application(context) {
    const { baseline, cluster, random } = context;
    const deployments = cluster.list(DEPLOYMENTS).items;
    if (deployments.length > 1 && random.chance(deployments.length > baseline.deployments ? 0.8 : 0.2)) {
      const { namespace, name } = random.pick(deployments).metadata;
      cluster.delete(DEPLOYMENTS, namespace, name);
      if (cluster.get(SERVICES, namespace, name) !== undefined) cluster.delete(SERVICES, namespace, name);
      return true;
    }
    const where = random.pick(appNamespaces(cluster));
    const taken = new Set(cluster.list(DEPLOYMENTS, { namespace: where.name }).items.map((each) => each.metadata.name));
    for (const { metadata } of cluster.list(SERVICES, { namespace: where.name }).items) taken.add(metadata.name);
    const app = { ...makeApp(random, where, random.integer(1, 5), taken), hasClaim: false };
    cluster.create(DEPLOYMENTS, deploymentManifest(app, random), { manager: "helm" });
    if (app.hasService) cluster.create(SERVICES, serviceManifest(app, random), { manager: "helm" });
    return true;
  },

  label: onOne(PODS, ({ cluster, random }, { metadata }) => {
    const labels = { [random.pick(["debug", "canary", "sampled"])]: random.pick(["on", "off", null]) };
    const before = metadata.resourceVersion;
    const after = cluster.patch(PODS, metadata.namespace, metadata.name, { metadata: { labels } }, undefined, {
      manager: "kubectl-label",
    });
    return after.metadata.resourceVersion !== before;
  }),
};

/** How often each kind of change happens, relative to the others. */
export const CHANGE_WEIGHTS: Readonly<Record<ChangeName, number>> = {
  application: 2,
  claim: 4,
  configMap: 3,
  ingress: 3,
  label: 6,
  lease: 14,
  nodeStatus: 12,
  podStatus: 24,
  reschedule: 10,
  rollout: 5,
  scale: 13,
  service: 4,
};

function onOne(
  resource: Pick<SimResource, "group" | "version" | "resource">,
  change: (context: ChurnContext, object: SimObject) => boolean,
): Change {
  return (context) => {
    const { items } = context.cluster.list(resource);
    return items.length > 0 && change(context, context.random.pick(items));
  };
}

function annotate(
  resource: Pick<SimResource, "group" | "version" | "resource">,
  annotation: string,
): (context: ChurnContext, object: SimObject) => boolean {
  return ({ cluster, random }, object) => {
    const patch: JsonObject = { metadata: { annotations: { [annotation]: String(random.integer(1, 1000)) } } };
    const { namespace, name } = object.metadata;
    return cluster.patch(resource, namespace, name, patch, undefined, { manager: "kubectl-annotate" }) !== object;
  };
}

/** The namespaces that hold applications; `default` where there are none. */
function appNamespaces(cluster: SimCluster): readonly AppNamespace[] {
  const found = cluster
    .list({ group: "", version: "v1", resource: "namespaces" })
    .items.flatMap(({ metadata: { name, labels } }) =>
      isJsonObject(labels) && labels["team"] !== undefined
        ? [{ name, team: labels["team"], environment: (labels["env"] ?? "dev") as AppNamespace["environment"] }]
        : [],
    );
  return found.length > 0 ? found : [{ name: "default", team: "default", environment: "dev" }];
}
