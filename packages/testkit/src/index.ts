// Clock and randomness
export { ManualClock, type ManualClockOptions } from "./clock/manual-clock.ts";
export { SeededRandom } from "./random/seeded-random.ts";

// Simulated cluster
export { SimCluster } from "./cluster/sim-cluster.ts";
export { OffsetClock } from "./cluster/offset-clock.ts";
export type { SimClusterOptions, SimDeleteOptions, SimWriteOptions } from "./cluster/sim-options.ts";
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
export { type Sway, swayAt, type SwaySpec } from "./faults/sway.ts";

// Simulated API server
export { SimApiServer, type SimApiServerOptions, type SimListenOptions } from "./api-server/api-server.ts";
export { createTlsMaterial, type TlsMaterial, type TlsMaterialOptions } from "./api-server/certificate-authority.ts";
export {
  type ClientAuthority,
  type ClientCertificate,
  type ClientCertificateOptions,
  createClientAuthority,
} from "./api-server/client-authority.ts";
export { kubeconfigYaml, type KubeconfigInput } from "./api-server/kubeconfig.ts";
export { type RequestCount, RequestCounters, type RequestFilter } from "./api-server/request-counters.ts";
export {
  type AccessAttributes,
  type AccessRule,
  ANONYMOUS,
  DEFAULT_USERS,
  type SimUser,
  type UserInfo,
  Users,
} from "./api-server/users.ts";

// In-process source
export { ClusterSource } from "./in-process/cluster-source.ts";
export type { ClusterSourceOptions } from "./in-process/cluster-source-options.ts";
export type { InitialEvents } from "./in-process/initial-events.ts";
export type { SourceKey, SourceRequest } from "./in-process/source-request.ts";

// What an API server believes
export type { ClusterReader } from "./watch-cache/cluster-reader.ts";
export { WatchCacheModel, type WatchCacheOptions } from "./watch-cache/watch-cache-model.ts";

// Generated clusters
export { Churn, type ChurnOptions } from "./generate/churn.ts";
export { generateCluster, generateClusterInTurns, type GenerateOptions } from "./generate/generate-cluster.ts";

// Stores
export { WritableScope, writableScope } from "./store-conformance/writable-scope.ts";
