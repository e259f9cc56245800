// In an application of one's own
export { krmPlugin, type KrmPluginOptions } from "./plugin.ts";
export type { MountOptions } from "./mount.ts";
export type { LimitOptions } from "./limits/limit-options.ts";
export type { DelaySource, MeasuredMinute } from "./routes/delay-source.ts";
export type { MetricsSource } from "./routes/metrics.ts";
export type { AnsweredRequest, AnswerRoute, RequestObserver } from "./answer/observe-answers.ts";
export type { ScopeWatches, WatchCounts } from "./watch/watch-tally.ts";
export type { WatchEnd } from "./watch/watch-end.ts";

// A server of its own
export { createServer, type KrmServer, type ServerAuth, type ServerOptions } from "./standalone/create-server.ts";
export { isLoopback, type ListenAddress } from "./standalone/listen-address.ts";
export type { TlsFiles } from "./standalone/tls-files.ts";

// What was read, by whom
export type {
  AuditEvent,
  AuditObjectRef,
  AuditResponseStatus,
  AuditSink,
  AuditStage,
  AuditUser,
} from "./audit/audit-event.ts";
export { type AuditCounts, type AuditLog, type AuditLogOptions, openAuditLog } from "./standalone/audit-log.ts";

// Where reads of what is not watched are sent on
export type { Upstream, UpstreamAnswer, UpstreamRequest } from "./forwarding/upstream.ts";

// Who may read
export type { Authenticator, Identity } from "./auth/authenticator.ts";
export {
  type AccessAttributes,
  type AccessGranted,
  accessRefused,
  type Authorizer,
  type PathAttributes,
  type ResourceAttributes,
} from "./auth/authorizer.ts";
export type { AccessReviews, ReviewedAccess, ReviewedToken } from "./auth/access-reviews.ts";
export { ClusterAccess, type ClusterAccessOptions } from "./auth/cluster-access.ts";
export { staticTokens, type StaticTokens } from "./auth/static-tokens.ts";
