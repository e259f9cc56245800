// Clock and randomness
export { ManualClock, type ManualClockOptions } from "./clock/manual-clock.ts";
export { SeededRandom } from "./random/seeded-random.ts";

// Simulated cluster
export {
  SimCluster,
  type SimClusterOptions,
  type SimDeleteOptions,
  type SimWriteOptions,
} from "./cluster/sim-cluster.ts";
export type { ClusterEvent, JsonObject, SimMeta, SimObject } from "./cluster/sim-object.ts";
export {
  CONFIG_MAPS,
  EVENTS,
  LEASES,
  NAMESPACES,
  REPLICA_SETS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SIM_RESOURCES,
  type SimResource,
  simResource,
  type SimVerb,
  WIDGETS,
} from "./cluster/sim-resource.ts";
export {
  type History,
  type HistoryChange,
  type HistoryLine,
  readHistory,
  recordHistory,
} from "./cluster/history-recorder.ts";

// Faults
export { type EventFault, FaultPlan, type RequestFault } from "./faults/fault-plan.ts";
export { describeFaults, type FaultSpec, parseFaults } from "./faults/fault-spec.ts";
