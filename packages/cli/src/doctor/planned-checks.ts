import { type Clock, DEFAULT_RESOURCES, resourceName } from "@krm/core";
import { canaryScope } from "../metrics/start-canary.ts";
import { nodeLeaseScopes } from "../options/node-lease-flags.ts";
import { roleScopes } from "../roles/role-scopes.ts";
import type { DoctorOptions } from "../commands/doctor/command.ts";
import { asksCluster } from "./asks-cluster.ts";
import type { Check } from "./check.ts";
import { apiServerCheck } from "./checks/api-server.ts";
import { canaryCheck } from "./checks/canary.ts";
import { clockCheck } from "./checks/clock.ts";
import { filesChecks } from "./checks/files.ts";
import { influxCheck } from "./checks/influx.ts";
import { kubeconfigCheck } from "./checks/kubeconfig.ts";
import { listenCheck } from "./checks/listen.ts";
import { permissionsCheck } from "./checks/permissions.ts";
import { resourcesCheck } from "./checks/resources.ts";
import { serverCheck } from "./checks/server.ts";
import { storeCheck } from "./checks/store.ts";
import { tokenReviewsCheck } from "./checks/token-reviews.ts";
import type { ClusterFacts } from "./cluster-facts.ts";
import { READING_VERBS } from "./purpose.ts";

/** Every check that the flags ask for, in the order in which they are told. */
export function plannedChecks(
  names: readonly string[],
  options: DoctorOptions,
  facts: ClusterFacts,
  clock: Clock,
): readonly Check[] {
  const { store, influxUrl, listen, healthListen, server, tokenFile } = options;
  const now = (): number => clock.now();
  const when = (wanted: boolean, make: () => readonly Check[]): readonly Check[] => (wanted ? make() : []);
  return [
    ...when(asksCluster(options), () => [kubeconfigCheck(facts, now), apiServerCheck(facts), clockCheck(facts, clock)]),
    ...when(READING_VERBS[options.for].length > 0, () => readingChecks(names, options, facts)),
    ...when(options.auth?.type === "tokenreview", () => [tokenReviewsCheck(facts)]),
    ...when(options.canary !== undefined, () => [canaryCheck(facts, options.canaryLease)]),
    ...(store === undefined ? [] : [storeCheck(store, clock)]),
    ...(influxUrl === undefined ? [] : [influxCheck(options, influxUrl, clock)]),
    ...filesChecks(options, now),
    ...(listen === undefined ? [] : [listenCheck("--listen", listen)]),
    ...(healthListen === undefined ? [] : [listenCheck("--health-listen", healthListen)]),
    ...(server === undefined ? [] : [serverCheck({ server, tokenFile })]),
  ];
}

function readingChecks(names: readonly string[], options: DoctorOptions, facts: ClusterFacts): readonly Check[] {
  const wanted = names.length === 0 ? DEFAULT_RESOURCES.map(resourceName) : names;
  const reading = {
    names: wanted,
    verbs: READING_VERBS[options.for],
    scopesOf: (resource: Parameters<typeof roleScopes>[0]) => roleScopes(resource, options.namespace),
    more: [...canaryScope(options), ...nodeLeaseScopes(options)],
  };
  return [resourcesCheck(facts, wanted), permissionsCheck(facts, reading)];
}
