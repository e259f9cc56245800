// Client
export {
  type AsJson,
  type AsKubernetes,
  type Fresh,
  type FreshObject,
  KrmClient,
  type ListFreshness,
} from "./client.ts";
export type { KubernetesLists } from "./kubernetes-objects.ts";

// Options
export type { KrmClientOptions } from "./options.ts";
export type { GetOptions, ListOptions } from "./list-options.ts";
export type { CallOptions } from "./request.ts";
export type { Timing } from "./timing.ts";

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
