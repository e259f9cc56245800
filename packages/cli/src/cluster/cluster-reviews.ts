import type { Logger } from "@krm/core";
import { KubernetesReviews, KubernetesSource, loadKubeConfig } from "@krm/kubernetes";
import type { CliIo } from "../io.ts";
import { lowered } from "../monitoring/quiet-logger.ts";
import type { ClusterOptions } from "../options/cluster-flags.ts";
import { kubeconfigFiles } from "./kubeconfig-files.ts";

/** A cluster that is asked who may read. */
export interface ClusterReviews extends AsyncDisposable {
  readonly reviews: KubernetesReviews;
}

/**
 * Opens the cluster that was named, without a request to it. Its connections are of their own: readers must not wait for
 * what is monitored, nor a canary for them.
 *
 * @throws KrmError `KRM_INVALID_KUBECONFIG`
 */
export function openReviews(options: ClusterOptions, env: CliIo["env"], logger: Logger): ClusterReviews {
  const { kubeconfig, context, inCluster } = options;
  const kubeConfig = loadKubeConfig({ file: kubeconfigFiles(kubeconfig, inCluster, env), context, inCluster });
  // What a review meets is told by who asks for it.
  const source = new KubernetesSource({ kubeConfig, logger: lowered(logger, "warn") });
  return {
    reviews: new KubernetesReviews(source),
    [Symbol.asyncDispose]: async () => source[Symbol.asyncDispose](),
  };
}
