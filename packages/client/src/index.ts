// Client
export {
  type AsJson,
  type AsKubernetes,
  type Fresh,
  type FreshObject,
  KrmClient,
  type ListFreshness,
} from "./client.ts";
export type { KubernetesLists, KubernetesObjects } from "./kubernetes-kinds.ts";

// Watching
export type {
  WatchBookmark,
  WatchChange,
  WatchEvent,
  WatchReset,
  WatchResetReason,
  WatchSynced,
} from "./watch/watch-event.ts";
export type { GroupVersionResource } from "./watch/watched-resource.ts";

// Options
export type { KrmClientOptions } from "./options.ts";
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
