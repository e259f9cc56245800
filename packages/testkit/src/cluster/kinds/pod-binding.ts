import { isJsonObject, type JsonObject, listAt, type SimObject, textAt } from "../sim-object.ts";
import { timestamp } from "../timestamp.ts";
import type { CreateContext } from "./kind-rules.ts";
import { copyTopologyLabels } from "./pod.ts";

/** A pod on a node: the node's name, the condition PodScheduled, the node's topology labels. `at`: epoch milliseconds. */
export function boundPod(pod: SimObject, node: string, at: number, context: Pick<CreateContext, "node">): SimObject {
  const status = isJsonObject(pod["status"]) ? pod["status"] : {};
  const others = listAt(status, "conditions").filter((condition) => textAt(condition, "type") !== "PodScheduled");
  const scheduled = {
    type: "PodScheduled",
    status: "True",
    observedGeneration: pod.metadata.generation,
    lastProbeTime: null,
    lastTransitionTime: timestamp(at),
  };
  const draft = {
    ...pod,
    metadata: { ...pod.metadata },
    spec: { ...(pod["spec"] as JsonObject), nodeName: node },
    status: { ...status, conditions: [...others, scheduled] },
  };
  copyTopologyLabels(draft, context);
  return draft;
}
