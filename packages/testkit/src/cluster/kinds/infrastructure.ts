import { EMPTY_NODE_INFO } from "@krm/apimachinery";
import { orderMembers } from "../json-value.ts";
import { objectAt } from "../sim-object.ts";
import type { KindRules } from "./kind-rules.ts";

const NOT_READY_TAINT = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

const NODE_STATUS_ORDER = [
  "capacity",
  "allocatable",
  "phase",
  "conditions",
  "addresses",
  "daemonEndpoints",
  "nodeInfo",
  "images",
];

/** Nodes: tainted as not ready until something takes the taint away (admission plugin TaintNodesByCondition). */
export const nodeRules: KindRules = {
  generation: false,
  create(draft) {
    const spec = objectAt(draft, "spec");
    const taints = Array.isArray(spec["taints"]) ? (spec["taints"] as unknown[]) : [];
    draft["spec"] = { ...spec, taints: [...taints, NOT_READY_TAINT] };
    draft["status"] = { daemonEndpoints: { kubeletEndpoint: { Port: 0 } }, nodeInfo: EMPTY_NODE_INFO };
  },
  status: (sent) => orderMembers(sent, NODE_STATUS_ORDER),
};

/** Namespaces. */
export const namespaceRules: KindRules = {
  generation: false,
  defaults(draft) {
    const metadata = objectAt(draft, "metadata");
    metadata["labels"] = { ...objectAt(metadata, "labels"), "kubernetes.io/metadata.name": metadata["name"] };
  },
  create(draft) {
    draft["spec"] = { ...objectAt(draft, "spec"), finalizers: ["kubernetes"] };
    draft["status"] = { phase: "Active" };
  },
};

/** Claims: in use until the protection controller says otherwise (admission plugin StorageObjectInUseProtection). */
export const persistentVolumeClaimRules: KindRules = {
  generation: false,
  defaults(draft) {
    draft["spec"] = { ...objectAt(draft, "spec"), volumeMode: objectAt(draft, "spec")["volumeMode"] ?? "Filesystem" };
  },
  create(draft) {
    const metadata = objectAt(draft, "metadata");
    const own = Array.isArray(metadata["finalizers"]) ? (metadata["finalizers"] as string[]) : [];
    metadata["finalizers"] = [...new Set([...own, "kubernetes.io/pvc-protection"])];
    draft["status"] = { phase: "Pending" };
  },
};
