import { setDefaultCACertificates, getCACertificates } from "node:tls";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { KrmClient } from "@krm/client";
import { DEPLOYMENTS, NODES, PODS, type ResourceType, resourceName } from "@krm/core";
import type { StatusBody } from "@krm/protocol";
import { createTlsMaterial, kubeconfigYaml } from "@krm/testkit";
import { eventually, reasonOf } from "../support/eventually.ts";
import { differingKeys, servedObjects } from "../support/served-view.ts";
import { Cluster } from "./cluster/cluster.ts";
import type { KubernetesObject } from "../../deploy/render/kubernetes-object.ts";
import { renderedObjects } from "../../deploy/render/rendered-objects.ts";
import { WatchedCluster } from "./cluster/watched-cluster.ts";

/** What `npm run e2e` tells its tests. */
export const SETTINGS = {
  image: setting("KRM_E2E_IMAGE"),
  redisImage: setting("KRM_E2E_REDIS_IMAGE"),
  influxdbImage: setting("KRM_E2E_INFLUXDB_IMAGE"),
  folder: setting("KRM_E2E_FOLDER"),
  cgroup: setting("KRM_E2E_CGROUP"),
  helm: setting("KRM_TEST_HELM"),
  kubectl: setting("KRM_TEST_KUBECTL"),
} as const;

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: these tests are run by \`npm run e2e\``);
  return value;
}

/** What is watched. */
export const WATCHED: readonly ResourceType[] = [PODS, DEPLOYMENTS, NODES];

const NAMESPACE = "krm";
const CHART = fileURLToPath(new URL("../../deploy/helm/krm", import.meta.url));
/** Of the stores, as Secrets hold them. */
export const PASSWORDS = {
  redis: "a-password-of-redis",
  admin: "adminspassword",
  writer: "writerspassword",
  reader: "readerspassword",
};

/** KRM as the chart deploys it, and who reads from it. */
export class Deployment implements AsyncDisposable {
  readonly watched: WatchedCluster;
  readonly cluster: Cluster;
  /** Where readers ask. */
  readonly url: string;
  readonly token: string;
  /** Whose certificate the servers have. */
  readonly ca: string;
  readonly client: KrmClient;
  /** Of kubectl. */
  readonly kubeconfig: string;
  readonly #extra: readonly KubernetesObject[];
  readonly #values: object;

  private constructor(parts: {
    readonly watched: WatchedCluster;
    readonly cluster: Cluster;
    readonly url: string;
    readonly token: string;
    readonly ca: string;
    readonly kubeconfig: string;
    readonly extra: readonly KubernetesObject[];
    readonly values: object;
  }) {
    this.watched = parts.watched;
    this.cluster = parts.cluster;
    this.url = parts.url;
    this.token = parts.token;
    this.ca = parts.ca;
    this.kubeconfig = parts.kubeconfig;
    this.#extra = parts.extra;
    this.#values = parts.values;
    this.client = new KrmClient({ url: parts.url, token: parts.token });
  }

  /** Installs the chart with these values, over a cluster that changes, and waits until every pod is ready. */
  static async install(
    values: object,
    { pods = 120, eventsPerSecond = 20, seed = 7, extra = [] as readonly KubernetesObject[] } = {},
  ): Promise<Deployment> {
    const watched = new WatchedCluster({ pods, eventsPerSecond, seed });
    const folder = join(SETTINGS.folder, "cluster");
    const cluster = await Cluster.start(watched, { namespace: NAMESPACE, folder, cgroup: SETTINGS.cgroup });
    try {
      const address = await cluster.addressOf("krm");
      const tls = await createTlsMaterial({ hosts: [address, "krm", "krm.krm.svc", "127.0.0.1"] });
      setDefaultCACertificates([...getCACertificates("default"), tls.ca]);
      const token = cluster.account("reader", "krm", [
        { apiGroups: ["*"], resources: ["*"], verbs: ["get", "list", "watch"] },
        { nonResourceURLs: ["*"], verbs: ["get"] },
      ]);
      const url = `https://${address}:8003`;
      const kubeconfig = join(SETTINGS.folder, "kubeconfig");
      await mkdir(SETTINGS.folder, { recursive: true });
      await writeFile(kubeconfig, kubeconfigYaml({ server: url, ca: tls.ca, user: "reader", token }), { mode: 0o600 });
      const secrets = [
        secret("krm-tls", { "tls.crt": tls.cert, "tls.key": tls.key }),
        secret("redis-password", { password: PASSWORDS.redis }),
        secret("influxdb-passwords", {
          "admin-password": PASSWORDS.admin,
          "writer-password": PASSWORDS.writer,
          "reader-password": PASSWORDS.reader,
        }),
        ...extra,
      ];
      const deployment = new Deployment({
        watched,
        cluster,
        url,
        token,
        ca: tls.ca,
        kubeconfig,
        extra: secrets,
        values,
      });
      watched.change();
      await deployment.#apply(SETTINGS.image);
      await cluster.ready();
      return deployment;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      await watched[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #apply(image: string): Promise<void> {
    const values = { ...this.#values, image: imageOf(image) };
    const rendered = await renderedObjects({ helm: SETTINGS.helm, chart: CHART }, values);
    const objects = rendered.filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] === undefined);
    await this.cluster.apply([...this.#extra, ...objects]);
  }

  /** Replaces pods that were lost. */
  async heal(): Promise<void> {
    await this.#apply(SETTINGS.image);
    await this.cluster.ready();
  }

  /** Rolls every pod of KRM over to the same image under another name. */
  async rollOver(): Promise<void> {
    await this.#apply(`${SETTINGS.image}-next`);
    await this.cluster.ready();
  }

  /** Keeps the cluster still until readers see it as it is, byte for byte; then it goes on. Gives how long that took. */
  async converges(seconds = 60): Promise<number> {
    await this.watched.keepStill();
    const started = performance.now();
    for (const resource of WATCHED) {
      const truth = await this.watched.truth(resource);
      let different: readonly string[] = [];
      try {
        await eventually(resourceName(resource), seconds, async () => {
          different = differingKeys(await servedObjects(this.url, resource, this.token), truth);
          return different.length === 0 || undefined;
        });
      } catch (error) {
        const named = different.slice(0, 3).join(", ");
        throw new Error(
          `${different.length} of ${truth.size} ${resourceName(resource)} differ (${named}): ${reasonOf(error)}`,
          { cause: error },
        );
      }
    }
    const took = (performance.now() - started) / 1000;
    this.watched.change();
    return took;
  }

  async status(): Promise<StatusBody> {
    return this.client.status();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
    await this.watched[Symbol.asyncDispose]();
  }
}

/** An image's name as the chart takes it. */
export function imageOf(name: string): { readonly repository: string; readonly tag: string } {
  const colon = name.lastIndexOf(":");
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/** A Secret of these texts. */
export function secret(name: string, stringData: Readonly<Record<string, string>>): KubernetesObject {
  const manifest = { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData };
  return manifest;
}
