import { resourceId, type ResourceType, resourceName } from "@krm/core";
import { type DiscoveredResource, resolveResource } from "@krm/kubernetes";
import { RESOURCE_ALIASES } from "@krm/protocol";
import { eachOnce, resourceAmong } from "../../cluster/resolve-resources.ts";
import type { Check } from "../check.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { failedBy, type Finding, ok, warning } from "../finding.ts";

/** Whether the API server serves each resource that is to be monitored. */
export function resourcesCheck(facts: ClusterFacts, names: readonly string[]): Check {
  return {
    name: "resources",
    after: ["API server"],
    run: async (signal) => {
      const discovered = await facts.discovered({ signal });
      return names.map((name) => judge(name, discovered));
    },
  };
}

/** The resources of these names that there are, each once. */
export function resourcesNamed(
  names: readonly string[],
  discovered: readonly DiscoveredResource[],
): readonly ResourceType[] {
  return eachOnce(names.flatMap((name) => resourceAmong(name, discovered) ?? []));
}

function judge(name: string, discovered: readonly DiscoveredResource[]): Finding {
  try {
    const type = resolveResource(RESOURCE_ALIASES[name] ?? name, discovered);
    const found = `${resourceId(type)}, ${type.namespaced ? "in namespaces" : "of the cluster"}`;
    if (type.verbs.includes("watch")) return ok(found, resourceName(type));
    return warning(
      `${found}, cannot be watched`,
      "Nothing, if that will do: it is listed now and then.",
      resourceName(type),
    );
  } catch (error) {
    return failedBy(error, "Install what brings it, such as its CustomResourceDefinition, or leave it out.", name);
  }
}
