import type { Logger } from "@krm/core";
import { KubernetesReviews, KubernetesSource, KubernetesUpstream, loadKubeConfig } from "@krm/kubernetes";
import type { CliIo } from "../io.ts";
import type { AskedCluster } from "../listening/serve-readers.ts";
import { lowered } from "../monitoring/quiet-logger.ts";
import type { ClusterOptions } from "../options/cluster-flags.ts";
import type { ServerFlagOptions } from "../options/common-flags.ts";
import { kubeconfigFiles } from "./kubeconfig-files.ts";

/** A cluster that is asked for readers: who may read, or what is not held here, or neither. */
export interface ReaderCluster extends AskedCluster, AsyncDisposable {}

/**
 * Opens what the flags need of the cluster that was named, without a request to it. Its connections are of their own:
 * readers must not wait for what is monitored, nor a canary for them, and what is sent on for them is not KRM's to ask.
 *
 * @throws KrmError `KRM_INVALID_KUBECONFIG`
 */
export function openReaderCluster(
  options: ClusterOptions & Pick<ServerFlagOptions, "auth" | "forwardUncached">,
  env: CliIo["env"],
  logger: Logger,
): ReaderCluster {
  const { auth, context, forwardUncached = false, inCluster, kubeconfig } = options;
  const reviewing = auth?.type === "tokenreview";
  if (!reviewing && !forwardUncached) return { async [Symbol.asyncDispose]() {} };
  const kubeConfig = loadKubeConfig({ file: kubeconfigFiles(kubeconfig, inCluster, env), context, inCluster });
  const upstream = forwardUncached ? new KubernetesUpstream(kubeConfig) : undefined;
  // What a review meets is told by who asks for it.
  const source = reviewing ? new KubernetesSource({ kubeConfig, logger: lowered(logger, "warn") }) : undefined;
  return {
    upstream,
    reviews: source && new KubernetesReviews(source),
    async [Symbol.asyncDispose]() {
      await Promise.all([source?.[Symbol.asyncDispose](), upstream?.[Symbol.asyncDispose]()]);
    },
  };
}
