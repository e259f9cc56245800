import type { KubeConfig } from "@kubernetes/client-node";
import { type CallOptions, type Logger, silentLogger } from "@krm/core";
import {
  type DiscoveredResource,
  discoverResources,
  KubernetesReviews,
  KubernetesSource,
  loadKubeConfig,
  type ReviewedUser,
  ServerClock,
} from "@krm/kubernetes";
import { kubeconfigFiles } from "../cluster/kubeconfig-files.ts";
import type { CliIo } from "../io.ts";
import type { ClusterOptions } from "../options/cluster-flags.ts";

/** What checks ask of one cluster, each thing once. Nothing is read or asked before a check wants it. */
export class ClusterFacts implements AsyncDisposable {
  readonly #options: ClusterOptions;
  readonly #env: CliIo["env"];
  readonly #logger: Logger;
  readonly serverClock: ServerClock = new ServerClock({ logger: silentLogger });
  #kubeConfig: KubeConfig | undefined;
  #source: KubernetesSource | undefined;
  #discovered: Promise<readonly DiscoveredResource[]> | undefined;
  #self: Promise<ReviewedUser | undefined> | undefined;

  constructor(options: ClusterOptions, env: CliIo["env"], logger: Logger) {
    this.#options = options;
    this.#env = env;
    this.#logger = logger;
  }

  /** @throws KrmError `KRM_INVALID_KUBECONFIG` */
  get kubeConfig(): KubeConfig {
    const { kubeconfig, context, inCluster } = this.#options;
    this.#kubeConfig ??= loadKubeConfig({
      file: kubeconfigFiles(kubeconfig, inCluster, this.#env),
      context,
      inCluster,
    });
    return this.#kubeConfig;
  }

  /** @throws KrmError `KRM_INVALID_KUBECONFIG` */
  get source(): KubernetesSource {
    const { kubeConfig, serverClock } = this;
    this.#source ??= new KubernetesSource({ kubeConfig, serverClock, logger: debugOnly(this.#logger) });
    return this.#source;
  }

  get reviews(): KubernetesReviews {
    return new KubernetesReviews(this.source);
  }

  /** What the API server serves. @throws KrmError as `discoverResources` */
  async discovered(options: CallOptions): Promise<readonly DiscoveredResource[]> {
    this.#discovered ??= discoverResources(this.source, options);
    return this.#discovered;
  }

  /** Whom the API server takes us for; undefined: it does not tell. @throws KrmError as `KubernetesReviews.reviewSelf` */
  async self(options: CallOptions): Promise<ReviewedUser | undefined> {
    this.#self ??= this.reviews.reviewSelf(options);
    return this.#self;
  }

  /** The same for texts that can do without: undefined also where it could not be asked. */
  async identity(options: CallOptions): Promise<ReviewedUser | undefined> {
    return this.self(options).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source?.[Symbol.asyncDispose]();
  }
}

/** What goes wrong is told by the findings. */
function debugOnly(logger: Logger): Logger {
  const debug: Logger["debug"] = (fields, message) => logger.debug(fields, message);
  return { debug, info: debug, warn: debug, error: debug };
}
