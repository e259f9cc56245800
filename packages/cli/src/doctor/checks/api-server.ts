import { serverVersion } from "@krm/kubernetes";
import type { Check } from "../check.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { type Finding, ok, warning } from "../finding.ts";
import { isStatus } from "./is-status.ts";

/** The API server: is it reached, does it know who asks, and which version is it. */
export function apiServerCheck(facts: ClusterFacts): Check {
  return {
    name: "API server",
    after: ["kubeconfig"],
    async run(signal) {
      const version = await serverVersion(facts.source, { signal }).catch((error: unknown) => {
        // Whoever is not let in is told so below, if at all.
        if (isStatus(error, 403)) return undefined;
        throw error;
      });
      const { server } = facts.kubeConfig.getCurrentCluster() ?? { server: "it" };
      const about = version === undefined ? `${server} answers` : `${server} answers: ${version}`;
      return [await identified(facts, about, signal)];
    },
  };
}

async function identified(facts: ClusterFacts, about: string, signal: AbortSignal): Promise<Finding> {
  try {
    const self = await facts.self({ signal });
    return ok(self === undefined ? about : `${about}, to ${self.user}`);
  } catch (error) {
    if (isStatus(error, 403)) {
      return warning(`${about}, and does not know who asks`, "Give the kubeconfig's context a user with credentials.");
    }
    throw error;
  }
}
