// In an application of one's own
export { krmPlugin, type KrmPluginOptions } from "./plugin.ts";
export type { MountOptions } from "./mount.ts";
export type { LimitOptions } from "./limits/limit-options.ts";
export type { MetricsSource } from "./routes/metrics.ts";
export type { AnsweredRequest, AnswerRoute, RequestObserver } from "./answer/observe-answers.ts";
export type { ScopeWatches, WatchCounts } from "./watch/watch-tally.ts";
export type { WatchEnd } from "./watch/watch-end.ts";

// A server of its own
export { createServer, type KrmServer, type ServerAuth, type ServerOptions } from "./standalone/create-server.ts";
export { isLoopback, type ListenAddress } from "./standalone/listen-address.ts";
export type { TlsFiles } from "./standalone/tls-files.ts";

// Who may read
export type { Authenticator, Identity } from "./auth/authenticator.ts";
export { type AccessAttributes, accessRefused, type Authorizer } from "./auth/authorizer.ts";
export type { AccessReviews, ReviewedAccess, ReviewedToken } from "./auth/access-reviews.ts";
export { ClusterAccess, type ClusterAccessOptions } from "./auth/cluster-access.ts";
export { staticTokens, type StaticTokens } from "./auth/static-tokens.ts";
