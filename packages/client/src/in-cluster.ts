import type { KrmClientOptions } from "./options.ts";

/**
 * Where a pod mounts its token for KRM, by the examples of KRM's chart: a projected service account token with the audience
 * `krm`. It is not where a pod finds its token for the API server.
 */
export const IN_CLUSTER_TOKEN_FILE = "/var/run/secrets/krm/token";

/** What a client in a pod can be told; `tokenFile` is {@link IN_CLUSTER_TOKEN_FILE} unless another is named. */
export type InClusterOptions = Omit<KrmClientOptions, "token">;
