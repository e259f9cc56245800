// Client
export { KrmClient } from "./client.ts";
export type { ResourceHandle } from "./resource-handle.ts";
export type { GetCall, ListCall } from "./kind-calls.ts";
export type { AsBytes, AsJson, AsKubernetes, KubernetesJson } from "./forms.ts";
export type { AnswerFreshness, Fresh, FreshBytes, FreshObject, ListFreshness } from "./fresh.ts";
export type { KnownResources, KubernetesLists, KubernetesObjects } from "./kubernetes-kinds.ts";
export type { GroupVersionResource } from "./resource-name.ts";

// Watching
export type {
  WatchBookmark,
  WatchChange,
  WatchEvent,
  WatchReset,
  WatchResetReason,
  WatchSynced,
} from "./watch/watch-event.ts";

// Mirroring
export type { Mirror, MirrorKey, Written } from "./mirror/mirror.ts";
export type { MirrorDeletion, MirrorEvents } from "./mirror/mirror-events.ts";
export type { MirrorFreshness } from "./mirror/mirror-freshness.ts";
export type { MirrorOptions } from "./mirror/mirror-options.ts";
export type { MirrorQuery } from "./mirror/lookups.ts";

// Options
export type { CacheOptions, KrmClientOptions } from "./options.ts";
export { IN_CLUSTER_TOKEN_FILE, type InClusterOptions } from "./in-cluster.ts";
export type { GetOptions, ListOptions } from "./list-options.ts";
export type { CallOptions } from "./request.ts";
export type { Timing } from "./timing.ts";
export type { WatchOptions } from "./watch/watch-options.ts";

// Answers
export type {
  Freshness,
  ListBody,
  ListMetadata,
  ListScope,
  MissedEventStatus,
  ScopeStatusBody,
  StatusBody,
  ViewState,
} from "@krm/protocol";

// Errors
export {
  KRM_CLIENT_ERROR_CODES,
  KrmClientError,
  type KrmClientErrorCode,
  type KrmClientErrorOptions,
} from "./error.ts";
