import { readFileSync } from "node:fs";
import type { KubeConfig } from "@kubernetes/client-node";
import { type DropPaths, type ListWatch, type ListWatchSource, type Logger, type Scope, silentLogger } from "@krm/core";
import { KubernetesListWatch } from "./list-watch/kubernetes-list-watch.ts";
import { ApiTransport } from "./transport/api-transport.ts";
import { Credentials } from "./transport/credentials.ts";
import { ServerClock } from "./transport/server-clock.ts";

/** How a {@link KubernetesSource} is made. */
export interface KubernetesSourceOptions {
  /** From {@link loadKubeConfig}, or any other of client-node's. Its current context counts. */
  readonly kubeConfig: KubeConfig;
  /** What to cut out of every object, from `compileDropPaths`. Default: core's `DEFAULT_DROP_PATHS`. */
  readonly drop?: DropPaths | undefined;
  /** Default: `krm/<version>`. */
  readonly userAgent?: string | undefined;
  /** Default: silent. */
  readonly logger?: Logger | undefined;
  /**
   * What is learnt of the API server's clock, to be shared by several sources of one cluster. Default: one that warns by
   * `logger`.
   */
  readonly serverClock?: ServerClock | undefined;
}

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/**
 * A cluster as KRM reads it: LIST and WATCH over HTTP/1.1, raw bytes out. Connections are kept and shared by all
 * scopes, in separate pools for watches, lists, single objects and writes. Credentials are asked for before every request, so
 * that tokens, certificates and CAs may rotate; a 401 is tried once more with credentials read anew.
 *
 * Disposing breaks all connections; what is under way ends with `KRM_CONNECTION`.
 *
 * @example
 * await using source = new KubernetesSource({ kubeConfig: loadKubeConfig() });
 * const { items } = await source.listWatch({ resource: PODS }).list({ limit: 500 });
 */
export class KubernetesSource implements ListWatchSource, AsyncDisposable {
  /** @internal */
  readonly transport: ApiTransport;
  readonly #drop: DropPaths | undefined;

  /** @throws KrmError `KRM_INVALID_KUBECONFIG` when the current context names no cluster, or its proxy-url is none. */
  constructor(options: KubernetesSourceOptions) {
    const { kubeConfig, drop, userAgent = `krm/${version}`, logger = silentLogger } = options;
    const { serverClock = new ServerClock({ logger }) } = options;
    this.transport = new ApiTransport(new Credentials(kubeConfig), userAgent, logger, serverClock);
    this.#drop = drop;
  }

  /** @throws KrmError `KRM_INVALID_ARGUMENT` for a cluster-scoped resource in a namespace. */
  listWatch(scope: Scope): Required<ListWatch> {
    return new KubernetesListWatch(scope, this.transport, this.#drop);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport.close();
  }
}
