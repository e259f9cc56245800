import { compileDropPaths, DEFAULT_DROP_PATHS, type ListWatchSource, type Logger, resourceId } from "@krm/core";
import { KubernetesSource, loadKubeConfig, ServerClock } from "@krm/kubernetes";
import type { CliIo } from "../io.ts";
import { lowered } from "../monitoring/quiet-logger.ts";
import type { ClusterOptions } from "../options/cluster-flags.ts";
import { kubeconfigFiles } from "./kubeconfig-files.ts";

/** A cluster as it is monitored. */
export interface ClusterSources extends ListWatchSource, AsyncDisposable {
  /** What all but Secrets are read by. */
  readonly main: KubernetesSource;
  /** For the log: which one it is. */
  readonly about: { readonly cluster: string | undefined; readonly context: string };
}

/** What a Secret holds must not lie about in a cache that others read: only its metadata and type are kept. */
const SECRET_DROP_PATHS = [...DEFAULT_DROP_PATHS, "data", "stringData"];

/**
 * Opens the cluster that was named, without a request to it. Of Secrets, only the metadata and the type are taken.
 *
 * @throws KrmError `KRM_INVALID_KUBECONFIG`
 */
export function openSources(options: ClusterOptions, env: CliIo["env"], logger: Logger): ClusterSources {
  const { kubeconfig, context, inCluster } = options;
  const kubeConfig = loadKubeConfig({ file: kubeconfigFiles(kubeconfig, inCluster, env), context, inCluster });
  // What a request meets is told by the states of the roles.
  const quiet = lowered(logger, "warn");
  // A clock that is off is told by nothing else.
  const serverClock = new ServerClock({ logger });
  const main = new KubernetesSource({ kubeConfig, logger: quiet, serverClock });
  const drop = compileDropPaths(SECRET_DROP_PATHS);
  const secrets = new KubernetesSource({ kubeConfig, logger: quiet, drop, serverClock });
  return {
    main,
    about: { cluster: kubeConfig.getCurrentCluster()?.server, context: kubeConfig.getCurrentContext() },
    listWatch: (scope) => (resourceId(scope.resource) === "v1/secrets" ? secrets : main).listWatch(scope),
    async [Symbol.asyncDispose]() {
      await Promise.all([main[Symbol.asyncDispose](), secrets[Symbol.asyncDispose]()]);
    },
  };
}
