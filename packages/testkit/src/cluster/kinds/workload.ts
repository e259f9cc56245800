import { orderMembers } from "../json-value.ts";
import { type JsonObject, objectAt } from "../sim-object.ts";
import type { KindRules } from "./kind-rules.ts";
import { podSpecWithDefaults } from "./pod-spec.ts";

/** Deployments: the defaults of `k8s.io/kubernetes/pkg/apis/apps/v1/defaults.go`. */
export const deploymentRules: KindRules = {
  generation: true,
  defaults(draft) {
    const spec = objectAt(draft, "spec");
    const strategy = { type: "RollingUpdate", ...objectAt(spec, "strategy") } as JsonObject;
    if (strategy["type"] === "RollingUpdate") {
      strategy["rollingUpdate"] = { maxUnavailable: "25%", maxSurge: "25%", ...objectAt(strategy, "rollingUpdate") };
    }
    draft["spec"] = orderMembers(
      {
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        ...spec,
        template: templateWithDefaults(objectAt(spec, "template")),
        strategy,
      },
      ["replicas", "selector", "template", "strategy", "minReadySeconds", "revisionHistoryLimit"],
    );
  },
  create(draft) {
    draft["status"] = {};
  },
};

/** ReplicaSets. */
export const replicaSetRules: KindRules = {
  generation: true,
  defaults(draft) {
    const spec = objectAt(draft, "spec");
    draft["spec"] = orderMembers({ replicas: 1, ...spec, template: templateWithDefaults(objectAt(spec, "template")) }, [
      "replicas",
      "minReadySeconds",
      "selector",
      "template",
    ]);
  },
  create(draft) {
    draft["status"] = { replicas: 0 };
  },
};

function templateWithDefaults(template: JsonObject): JsonObject {
  const { creationTimestamp: _, ...metadata } = objectAt(template, "metadata");
  return { ...template, metadata, spec: podSpecWithDefaults(objectAt(template, "spec")) };
}
