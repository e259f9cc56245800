import { KubeConfig } from "@kubernetes/client-node";
import { type ResourceType, scopeId } from "@krm/core";
import { KubernetesSource } from "@krm/kubernetes";
import { Churn, generateCluster, SimApiServer, SimCluster, type SimUser } from "@krm/testkit";
import { actualObjects } from "../../support/served-view.ts";

/** What is watched: how much of it, and how it changes. */
export interface WatchedClusterOptions {
  readonly pods: number;
  readonly eventsPerSecond: number;
  readonly seed: number;
}

/** The cluster that is watched: simulated, in this process, with an API server whose users may do what roles say. */
export class WatchedCluster implements AsyncDisposable {
  readonly server: SimApiServer;
  readonly #cluster: SimCluster;
  readonly #churn: Churn;
  #stop: AbortController | undefined;
  #changing: Promise<void> = Promise.resolve();
  #source: KubernetesSource | undefined;

  constructor({ pods, eventsPerSecond, seed }: WatchedClusterOptions) {
    this.#cluster = new SimCluster({ seed });
    generateCluster(this.#cluster, { pods, seed });
    this.#cluster.compact();
    this.server = new SimApiServer({ cluster: this.#cluster, seed, users: [ADMIN] });
    this.#churn = new Churn({ cluster: this.#cluster, seed, eventsPerSecond });
  }

  /** Serves at this address, which must be one of this machine. */
  async listen(host: string, port: number): Promise<void> {
    await this.server.listen({ host, port });
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(this.server.kubeconfig());
    this.#source = new KubernetesSource({ kubeConfig: kubeConfig });
  }

  /** Lets it change from now on. */
  change(): void {
    if (this.#stop !== undefined) return;
    this.#stop = new AbortController();
    this.#changing = this.#churn.run({ signal: this.#stop.signal });
  }

  /** Keeps it as it is. */
  async keepStill(): Promise<void> {
    this.#stop?.abort();
    this.#stop = undefined;
    await this.#changing;
  }

  /** What it holds, as its API server tells: key → bytes, without what KRM drops. */
  async truth(resource: ResourceType): Promise<ReadonlyMap<string, string>> {
    if (this.#source === undefined) throw new Error(`${scopeId({ resource })} before listen`);
    return actualObjects(this.#source, { resource });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keepStill();
    this.#churn[Symbol.dispose]();
    await this.#source?.[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

const ADMIN: SimUser = { name: "admin", token: "admin-token-of-the-simulated-cluster", groups: ["system:masters"] };
