import { isJsonObject, type JsonObject, objectAt, type SimObject, textAt } from "../cluster/sim-object.ts";

const HASH = "pod-template-hash";
const SAFE = "bcdfghjklmnpqrstvwxz2456789";

/** What the deployment controller calls the version of a template: ten letters and digits that follow from its content. */
export function templateHash(deployment: SimObject): string {
  const text = JSON.stringify(objectAt(deployment["spec"], "template"));
  let high = 0x811c9dc5;
  let low = 0x1b873593;
  for (let index = 0; index < text.length; index++) {
    high = Math.imul(high ^ text.charCodeAt(index), 0x01000193);
    low = Math.imul(low ^ text.charCodeAt(index), 0x85ebca6b) ^ (low >>> 13);
  }
  let name = "";
  for (let value = high >>> 0, round = 0; round < 10; round++) {
    name += SAFE[value % SAFE.length];
    value = round === 4 ? low >>> 0 : Math.floor(value / SAFE.length);
  }
  return name;
}

/** The replica set of a deployment's current template. */
export function replicaSetFor(deployment: SimObject, replicas: number, revision: number): JsonObject {
  const hash = templateHash(deployment);
  const { name, namespace, labels } = deployment.metadata;
  const spec = objectAt(deployment, "spec");
  const template = objectAt(spec, "template");
  const metadata = objectAt(template, "metadata");
  const templateLabels = { ...objectAt(metadata, "labels"), [HASH]: hash };
  return {
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...labels, ...templateLabels },
      annotations: {
        "deployment.kubernetes.io/desired-replicas": String(desiredReplicas(deployment)),
        "deployment.kubernetes.io/revision": String(revision),
      },
      ownerReferences: [ownerReference(deployment)],
    },
    spec: {
      replicas,
      selector: { matchLabels: { ...objectAt(objectAt(spec, "selector"), "matchLabels"), [HASH]: hash } },
      template: { ...template, metadata: { ...metadata, labels: templateLabels } },
    },
  };
}

/** A pod of a replica set, without a node. */
export function podFor(replicaSet: SimObject): JsonObject {
  const template = objectAt(replicaSet["spec"], "template");
  return {
    metadata: {
      ...objectAt(template, "metadata"),
      generateName: `${replicaSet.metadata.name}-`,
      namespace: replicaSet.metadata.namespace,
      ownerReferences: [ownerReference(replicaSet)],
    },
    spec: template["spec"],
  };
}

/** The uid of the controller that an object belongs to, or `""`. */
export function controllerUid(object: SimObject): string {
  const owner = (object.metadata.ownerReferences ?? []).find(
    (each) => isJsonObject(each) && each["controller"] === true,
  );
  return textAt(owner, "uid");
}

/** How many replicas a deployment or a replica set asks for. */
export function desiredReplicas(workload: SimObject): number {
  const replicas = objectAt(workload, "spec")["replicas"];
  return typeof replicas === "number" ? replicas : 1;
}

/** The status of a replica set. */
export function replicaSetStatus(replicaSet: SimObject, replicas: number, ready: number): JsonObject {
  return {
    replicas,
    ...(replicas === 0 ? {} : { fullyLabeledReplicas: replicas }),
    ...(ready === 0 ? {} : { readyReplicas: ready, availableReplicas: ready }),
    observedGeneration: replicaSet.metadata.generation,
  };
}

/** The status of a deployment; `at`: RFC 3339. */
export function deploymentStatus(
  deployment: SimObject,
  counts: { readonly replicas: number; readonly updated: number; readonly ready: number },
  at: string,
): JsonObject {
  const desired = desiredReplicas(deployment);
  const unavailable = Math.max(0, desired - counts.ready);
  const isAvailable = counts.ready >= desired - Math.floor(desired / 4);
  const isComplete = counts.updated === desired && counts.replicas === desired && counts.ready >= desired;
  const before = objectAt(deployment, "status")["conditions"];
  const condition = (type: string, holds: boolean, reason: string, message: string): JsonObject => {
    const status = holds ? "True" : "False";
    const old = Array.isArray(before) ? before.find((each) => textAt(each, "type") === type) : undefined;
    if (isJsonObject(old) && old["status"] === status && old["reason"] === reason) return old;
    const since = textAt(old, "status") === status ? textAt(old, "lastTransitionTime") : at;
    return { type, status, lastUpdateTime: at, lastTransitionTime: since, reason, message };
  };
  return {
    observedGeneration: deployment.metadata.generation,
    ...(counts.replicas === 0 ? {} : { replicas: counts.replicas }),
    ...(counts.updated === 0 ? {} : { updatedReplicas: counts.updated }),
    ...(counts.ready === 0 ? {} : { readyReplicas: counts.ready, availableReplicas: counts.ready }),
    ...(unavailable === 0 ? {} : { unavailableReplicas: unavailable }),
    conditions: [
      condition(
        "Available",
        isAvailable,
        isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        isAvailable ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
      ),
      condition(
        "Progressing",
        true,
        isComplete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
        isComplete ? "ReplicaSet has successfully progressed." : "ReplicaSet is progressing.",
      ),
    ],
  };
}

function ownerReference(owner: SimObject): JsonObject {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}
