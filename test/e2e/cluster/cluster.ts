import type { V1ConfigMap, V1PodTemplateSpec, V1Secret, V1Service } from "@kubernetes/client-node";
import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../../support/eventually.ts";
import { POD_NETWORK, PodAddresses, ServiceAddresses } from "./addresses.ts";
import type { KubernetesObject } from "../../../deploy/render/kubernetes-object.ts";
import { type Node, Pod } from "./pod.ts";
import { podman } from "./podman.ts";
import { rightsOf } from "./rights.ts";
import { Service } from "./service.ts";
import type { WatchedCluster } from "./watched-cluster.ts";
import { Workload, type WorkloadManifest } from "./workload.ts";

/** What has no meaning on one machine with one node and nobody but us, or is only read by others. */
const NOT_CARRIED_OUT = ["NetworkPolicy", "PodDisruptionBudget", "HorizontalPodAutoscaler"];
const ONLY_READ = ["ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

/** The tokens of service accounts, as the watched cluster's API server knows them. */
const prefix = "system:serviceaccount";

/**
 * As much of Kubernetes as a deployment of KRM needs, on podman, on this machine: pods and what keeps them, Services,
 * service accounts with the rights that roles give them. The API server that pods reach is the watched cluster's. What a
 * manifest asks for and this does not know is refused.
 */
export class Cluster implements AsyncDisposable {
  readonly namespace: string;
  readonly #watched: WatchedCluster;
  readonly #folder: string;
  readonly #cgroup: string;
  readonly #serviceAddresses = new ServiceAddresses();
  readonly #podAddresses = new PodAddresses();
  readonly #reserved = new Map<string, string>();
  readonly #services = new Map<string, Service>();
  readonly #workloads = new Map<string, Workload>();
  readonly #tokens = new Map<string, string>();
  #objects: readonly KubernetesObject[] = [];
  #apiServer = { host: "", port: 6443 };

  private constructor(namespace: string, watched: WatchedCluster, folder: string, cgroup: string) {
    this.namespace = namespace;
    this.#watched = watched;
    this.#folder = folder;
    this.#cgroup = cgroup;
  }

  /** A cluster without anything in it. `folder` holds what its pods write; it goes with the cluster. */
  static async start(
    watched: WatchedCluster,
    { namespace, folder, cgroup }: { readonly namespace: string; readonly folder: string; readonly cgroup: string },
  ): Promise<Cluster> {
    const cluster = new Cluster(namespace, watched, folder, cgroup);
    const { name, subnet, gateway } = POD_NETWORK;
    await mkdir(folder, { recursive: true });
    await podman("network", "create", "--disable-dns", `--subnet=${subnet}`, `--gateway=${gateway}`, name);
    cluster.#apiServer = { host: await cluster.#serviceAddresses.take(), port: 6443 };
    await watched.listen(cluster.#apiServer.host, cluster.#apiServer.port);
    return cluster;
  }

  /** All pods that there are now. */
  get pods(): readonly Pod[] {
    return [...this.#workloads.values()].flatMap(({ pods }) => pods);
  }

  /** What went wrong without anybody's doing: containers that ended, or were found not to live. */
  get failures(): readonly string[] {
    return [...this.#workloads.values()].flatMap(({ failures }) => failures);
  }

  /** The workload of this name. */
  workload(name: string): Workload {
    return found(this.#workloads.get(name), `workload ${name}`, [...this.#workloads.keys()]);
  }

  /** An account that only this program uses, with these rights; gives its token, which is of use for the audience alone. */
  account(
    name: string,
    audience: string,
    rules: Parameters<WatchedCluster["server"]["users"]["set"]>[0]["rules"],
  ): string {
    const token = randomUUID();
    const user = `${prefix}:${this.namespace}:${name}`;
    this.#watched.server.users.set({
      name: user,
      token,
      audiences: [audience],
      ...(rules === undefined ? {} : { rules }),
    });
    return token;
  }

  /** Brings everything to what these objects say: first what pods refer to, then stores, then the others. */
  async apply(objects: readonly KubernetesObject[]): Promise<void> {
    this.#objects = objects;
    const known = ["Secret", "ConfigMap", "Service", "StatefulSet", "Deployment", ...ONLY_READ, ...NOT_CARRIED_OUT];
    const unknown = objects.find(({ kind }) => !known.includes(kind));
    if (unknown !== undefined) throw new Error(`${unknown.kind} ${unknown.metadata.name}: this kind is not known here`);
    for (const { kind, metadata } of objects) if (kind === "ServiceAccount") this.#grant(metadata.name);
    for (const object of objects) if (object.kind === "Service") await this.#serve(object);
    for (const kind of ["StatefulSet", "Deployment"]) {
      const workloads = objects.filter((object) => object.kind === kind);
      await Promise.all(workloads.map(async (object) => this.#run(object as WorkloadManifest & KubernetesObject)));
      if (kind === "StatefulSet") await this.ready();
    }
  }

  /** Resolves when all pods may be asked. */
  async ready(): Promise<void> {
    for (const workload of this.#workloads.values()) await workload.ready();
  }

  /** Resolves when every readiness probe, asked anew, is answered well; a kubelet would notice later. */
  async well(seconds = 60): Promise<void> {
    let wrong: readonly string[] = [];
    try {
      await eventually("all are ready, asked anew", seconds, async () => {
        const containers = this.pods.flatMap((pod) => pod.containers);
        const found = containers.map(async (each) => ({ name: each.name, text: await each.unreadiness() }));
        wrong = (await Promise.all(found)).flatMap(({ name, text }) =>
          text === undefined ? [] : [`${name}: ${text}`],
        );
        return wrong.length === 0 || undefined;
      });
    } catch (error) {
      throw new Error(wrong.join("\n"), { cause: error });
    }
  }

  #grant(account: string): void {
    const name = `${prefix}:${this.namespace}:${account}`;
    const token = this.#tokens.get(account) ?? randomUUID();
    this.#tokens.set(account, token);
    const groups = [`${prefix}s`, `${prefix}s:${this.namespace}`];
    this.#watched.server.users.set({ name, token, groups, rules: rightsOf(account, this.namespace, this.#objects) });
  }

  /** The address that the Service of this name has, or will have. */
  async addressOf(service: string): Promise<string> {
    const address = this.#reserved.get(service) ?? (await this.#serviceAddresses.take());
    this.#reserved.set(service, address);
    return address;
  }

  async #serve(manifest: V1Service & KubernetesObject): Promise<void> {
    const { name } = manifest.metadata;
    if (this.#services.has(name)) return;
    const service = new Service(manifest, this.namespace, await this.addressOf(name), () => this.pods);
    await service.listen();
    this.#services.set(name, service);
  }

  async #run(manifest: WorkloadManifest & KubernetesObject): Promise<void> {
    const { name } = manifest.metadata;
    const claims = manifest.kind === "StatefulSet" ? (manifest.spec?.volumeClaimTemplates ?? []) : [];
    const makePod = (template: V1PodTemplateSpec, podName: string): Pod => {
      const volumes = claims.map(({ metadata }) => ({
        name: metadata?.name ?? "",
        persistentVolumeClaim: { claimName: `${metadata?.name}-${podName}` },
      }));
      const spec = template.spec ?? { containers: [] };
      return this.#pod({ ...template, spec: { ...spec, volumes: [...(spec.volumes ?? []), ...volumes] } }, podName);
    };
    const workload = this.#workloads.get(name) ?? new Workload(manifest.kind, name, makePod);
    this.#workloads.set(name, workload);
    const scaler = this.#objects.find(
      (object) => object.kind === "HorizontalPodAutoscaler" && scaledBy(object) === `${manifest.kind}/${name}`,
    );
    const least = (scaler as { readonly spec?: { readonly minReplicas?: number } } | undefined)?.spec?.minReplicas;
    await workload.apply(manifest, least);
  }

  #pod(template: V1PodTemplateSpec, name: string): Pod {
    const address = this.#podAddresses.take();
    const account = template.spec?.serviceAccountName ?? "default";
    if (template.spec?.automountServiceAccountToken !== false)
      throw new Error(`the pod ${name} would get a token into every container: that is not known here`);
    const fields: Readonly<Record<string, string>> = {
      "metadata.name": name,
      "metadata.namespace": this.namespace,
      "status.podIP": address,
      "spec.serviceAccountName": account,
    };
    const node: Node = {
      folder: this.#folder,
      network: POD_NETWORK.name,
      cgroup: this.#cgroup,
      hosts: () =>
        new Map([...this.#services.values()].flatMap(({ hosts, address: at }) => hosts.map((host) => [host, at]))),
      environment: new Map([
        ["KUBERNETES_SERVICE_HOST", this.#apiServer.host],
        ["KUBERNETES_SERVICE_PORT", String(this.#apiServer.port)],
      ]),
    };
    const sources = {
      data: (kind: "Secret" | "ConfigMap", of: string): ReadonlyMap<string, string> => this.#data(kind, of),
      field: (path: string): string => found(fields[path], `field ${path} of a pod`, Object.keys(fields)),
      token: (audience: string | undefined): string => {
        if (audience !== undefined)
          throw new Error(`the pod ${name} wants a token for ${audience}: that is not known here`);
        return found(this.#tokens.get(account), `service account ${account}`, [...this.#tokens.keys()]);
      },
      claim: (of: string): string => join(this.#folder, "claims", of),
    };
    return new Pod(template, node, { name, address, sources });
  }

  #data(kind: "Secret" | "ConfigMap", name: string): ReadonlyMap<string, string> {
    if (kind === "ConfigMap" && name === "kube-root-ca.crt")
      return new Map([["ca.crt", this.#watched.server.ca ?? ""]]);
    const objects = this.#objects.filter((object) => object.kind === kind);
    const names = objects.map(({ metadata }) => metadata.name);
    const object = found(
      objects.find(({ metadata }) => metadata.name === name),
      `${kind} ${name}`,
      names,
    );
    if (kind === "ConfigMap") return new Map(Object.entries((object as V1ConfigMap & KubernetesObject).data ?? {}));
    const { data = {}, stringData = {} } = object as V1Secret & KubernetesObject;
    const decoded = Object.entries(data).map(
      ([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")] as const,
    );
    return new Map([...decoded, ...Object.entries(stringData)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of this.#services.values()) await service[Symbol.asyncDispose]();
    await Promise.all(this.pods.map(async (pod) => pod.remove()));
    await podman("network", "rm", "--force", POD_NETWORK.name);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function scaledBy(object: KubernetesObject): string {
  const { scaleTargetRef } =
    (object as { readonly spec?: { readonly scaleTargetRef?: { kind: string; name: string } } }).spec ?? {};
  return `${scaleTargetRef?.kind}/${scaleTargetRef?.name}`;
}

function found<T>(value: T | undefined, what: string, known: readonly string[]): T {
  if (value === undefined) throw new Error(`there is no ${what}: there are ${known.join(", ") || "none"}`);
  return value;
}
