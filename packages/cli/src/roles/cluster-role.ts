import { type Logger, type Scope, Semaphore, systemClock } from "@krm/core";
import type { ClusterSources } from "../cluster/cluster-sources.ts";
import { resolveResources } from "../cluster/resolve-resources.ts";
import type { RolePlan } from "./run-role.ts";
import type { ClusterRoleContext, ScopeRole } from "./scope-role.ts";

/** Lists that run at the same time, over all namespaces: as a Monitor has it. */
const CONCURRENT_LISTS = 2;

/** The plan of a role that talks to the cluster, which is asked what the resource is. */
export function clusterRole(
  resource: string,
  sources: ClusterSources,
  logger: Logger,
  make: (scope: Scope, context: ClusterRoleContext) => ScopeRole,
): Omit<RolePlan, "role"> {
  const lists = new Semaphore(CONCURRENT_LISTS);
  return {
    resource,
    async find(_store, signal) {
      const [found] = await resolveResources([resource], sources.main, { logger, clock: systemClock, signal });
      if (found === undefined) throw new Error("one name gives one resource");
      return found;
    },
    make: (scope, context) =>
      make(scope, { ...context, source: sources, listSlot: (signal, work) => lists.run(signal, work) }),
  };
}
