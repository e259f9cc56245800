import { orderMembers } from "../json-value.ts";
import { isJsonObject, type JsonObject, listAt, objectAt, textAt } from "../sim-object.ts";
import type { CreateContext, KindRules } from "./kind-rules.ts";
import { podSpecWithDefaults, withRequestsFromLimits } from "./pod-spec.ts";

const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const TOPOLOGY_LABELS = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"];

const STATUS_ORDER = [
  "observedGeneration",
  "phase",
  "conditions",
  "message",
  "reason",
  "nominatedNodeName",
  "hostIP",
  "hostIPs",
  "podIP",
  "podIPs",
  "startTime",
  "initContainerStatuses",
  "containerStatuses",
  "qosClass",
];

/** Pods: full defaults, a status that only the status subresource changes, graceful deletion. */
export const podRules: KindRules = {
  generation: true,
  defaults(draft) {
    const spec = podSpecWithDefaults({ enableServiceLinks: true, ...objectAt(draft, "spec") });
    draft["spec"] = withRequestsFromLimits(spec);
  },
  create(draft, context) {
    const spec = objectAt(draft, "spec");
    spec["tolerations"] = withDefaultTolerations(listAt(spec, "tolerations"));
    spec["priority"] ??= 0;
    spec["preemptionPolicy"] ??= "PreemptLowerPriority";
    // Member order of the API's type: the three that belong behind are moved there.
    for (const member of ["priority", "enableServiceLinks", "preemptionPolicy"]) {
      const value = spec[member];
      delete spec[member];
      spec[member] = value;
    }
    copyTopologyLabels(draft, context);
    draft["status"] = { phase: "Pending", qosClass: qosClass(spec) };
  },
  status(sent, before) {
    const qosClass = sent["qosClass"] ?? before["qosClass"];
    return orderMembers(qosClass === undefined ? sent : { ...sent, qosClass }, STATUS_ORDER);
  },
  // CheckGracefulDelete of k8s.io/kubernetes/pkg/registry/core/pod/strategy.go
  gracePeriod(pod, requested) {
    if (textAt(pod["spec"], "nodeName") === "") return 0;
    const phase = textAt(pod["status"], "phase");
    if (phase === "Failed" || phase === "Succeeded") return 0;
    const own = objectAt(pod, "spec")["terminationGracePeriodSeconds"];
    const period = requested ?? (typeof own === "number" ? own : 0);
    return period < 0 ? 1 : period;
  },
};

/** Gives a pod the region and zone labels of its node, as the admission plugin PodTopologyLabels does. */
export function copyTopologyLabels(draft: JsonObject, context: Pick<CreateContext, "node">): void {
  const node = context.node(textAt(draft["spec"], "nodeName"));
  const labels = node?.metadata.labels ?? {};
  const metadata = objectAt(draft, "metadata");
  for (const name of TOPOLOGY_LABELS) {
    const value = labels[name];
    if (value === undefined) continue;
    const own = objectAt(metadata, "labels");
    metadata["labels"] = Object.fromEntries(Object.entries({ ...own, [name]: value }).toSorted(byName));
  }
}

/** The class of `k8s.io/kubernetes/pkg/apis/core/v1/helper/qos`, for cpu and memory. */
export function qosClass(spec: unknown): "BestEffort" | "Burstable" | "Guaranteed" {
  let any = false;
  let guaranteed = true;
  for (const container of [...listAt(spec, "initContainers"), ...listAt(spec, "containers")]) {
    const resources = objectAt(container, "resources");
    const limits = objectAt(resources, "limits");
    const requests = objectAt(resources, "requests");
    for (const name of ["cpu", "memory"]) {
      if (limits[name] !== undefined || requests[name] !== undefined) any = true;
      if (limits[name] === undefined || requests[name] !== limits[name]) guaranteed = false;
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

function withDefaultTolerations(tolerations: readonly unknown[]): readonly unknown[] {
  const added = [NOT_READY, UNREACHABLE]
    .filter((key) => !tolerations.some((toleration) => tolerates(toleration, key)))
    .map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }));
  return [...tolerations, ...added];
}

function tolerates(toleration: unknown, key: string): boolean {
  if (!isJsonObject(toleration)) return false;
  const own = textAt(toleration, "key");
  const effect = textAt(toleration, "effect");
  return (own === key || own === "") && (effect === "NoExecute" || effect === "");
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}
