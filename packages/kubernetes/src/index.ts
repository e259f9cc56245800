// Kubeconfig
export { loadKubeConfig, type LoadKubeConfigOptions } from "./kubeconfig/load-kube-config.ts";

// Source
export { KubernetesSource, type KubernetesSourceOptions } from "./kubernetes-source.ts";
export { ServerClock, type ServerClockOptions } from "./transport/server-clock.ts";
export { serverVersion } from "./server-version.ts";

// A Lease of our own
export { KubernetesCanaryLease } from "./canary-lease.ts";

// Who somebody is, and what they may do
export { KubernetesReviews, type ReviewedAttributes, type ReviewedUser } from "./reviews/kubernetes-reviews.ts";

// Reads of others
export { type ForwardedAnswer, type ForwardedRead, KubernetesUpstream } from "./forwarding/kubernetes-upstream.ts";

// Discovery
export { discoverResources } from "./discovery/discover-resources.ts";
export type { DiscoveredResource } from "./discovery/discovered-resource.ts";
export { resolveResource } from "./discovery/resolve-resource.ts";
