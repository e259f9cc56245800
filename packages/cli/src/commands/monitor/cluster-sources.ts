import { compileDropPaths, DEFAULT_DROP_PATHS, type ListWatchSource, type Logger, resourceId } from "@krm/core";
import { KubernetesSource } from "@krm/kubernetes";
import type { KubeConfig } from "@kubernetes/client-node";

/** A cluster as it is monitored. */
export interface ClusterSources extends ListWatchSource, AsyncDisposable {
  /** What all but Secrets are read by. */
  readonly main: KubernetesSource;
}

/** What a Secret holds must not lie about in a cache that others read: only its metadata and type are kept. */
const SECRET_DROP_PATHS = [...DEFAULT_DROP_PATHS, "data", "stringData"];

/**
 * Opens a cluster. Of Secrets, only the metadata and the type are taken.
 *
 * @throws KrmError `KRM_INVALID_KUBECONFIG`
 */
export function openSources(kubeConfig: KubeConfig, logger: Logger): ClusterSources {
  const main = new KubernetesSource({ kubeConfig, logger });
  const secrets = new KubernetesSource({ kubeConfig, logger, drop: compileDropPaths(SECRET_DROP_PATHS) });
  return {
    main,
    listWatch: (scope) => (resourceId(scope.resource) === "v1/secrets" ? secrets : main).listWatch(scope),
    async [Symbol.asyncDispose]() {
      await Promise.all([main[Symbol.asyncDispose](), secrets[Symbol.asyncDispose]()]);
    },
  };
}
