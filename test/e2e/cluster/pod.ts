import type { V1Lifecycle, V1PodTemplateSpec } from "@kubernetes/client-node";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Container } from "./container.ts";
import { containerArguments } from "./container-arguments.ts";
import { onlyFields } from "./only-fields.ts";
import { exitCodeOf, lastLines, podman } from "./podman.ts";
import { makeVolumes, type VolumeSources } from "./volumes.ts";

/** What of a pod's spec is carried out, and what has no meaning on one machine. */
const FIELDS = [
  "serviceAccountName",
  "automountServiceAccountToken",
  "enableServiceLinks",
  "terminationGracePeriodSeconds",
  "securityContext",
  "initContainers",
  "containers",
  "volumes",
  "restartPolicy",
  "topologySpreadConstraints",
];

/** The machine that pods run on, as they see it. */
export interface Node {
  /** Where volumes are made. */
  readonly folder: string;
  readonly network: string;
  /** The control group above those of the pods. */
  readonly cgroup: string;
  /** Names that resolve: name → address. */
  readonly hosts: () => ReadonlyMap<string, string>;
  /** Variables that every container gets: where the API server is. */
  readonly environment: ReadonlyMap<string, string>;
}

/** Which pod, and what it may refer to. */
export interface PodPlace {
  readonly name: string;
  readonly address: string;
  readonly sources: VolumeSources;
}

/** A pod that runs on podman: containers that share a network, confined as their specs say. */
export class Pod {
  readonly name: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly Container[];
  readonly #template: V1PodTemplateSpec;
  readonly #node: Node;
  readonly #sources: VolumeSources;
  /** Told to end: no new reader is sent to it. */
  #ending = false;

  constructor(template: V1PodTemplateSpec, node: Node, { name, address, sources }: PodPlace) {
    onlyFields(template.spec ?? {}, FIELDS, `the pod ${name}`);
    this.name = name;
    this.address = address;
    this.labels = template.metadata?.labels ?? {};
    this.#template = template;
    this.#node = node;
    this.#sources = sources;
    this.containers = (template.spec?.containers ?? []).map(
      (spec) => new Container(spec, `${name}.${spec.name}`, address),
    );
  }

  /** Whether all its containers may be asked. */
  get ready(): boolean {
    return !this.#ending && this.containers.every((each) => each.ready);
  }

  /** What went wrong without anybody's doing. */
  get failures(): readonly string[] {
    return this.containers.flatMap((each) => each.failures);
  }

  /** One of its containers. */
  container(name: string): Container {
    const found = this.containers.find(({ spec }) => spec.name === name);
    if (found === undefined) throw new Error(`the pod ${this.name} has no container ${name}`);
    return found;
  }

  /** Makes it and starts it. Resolves before it is ready. */
  async start(): Promise<void> {
    const spec = this.#template.spec ?? { containers: [] };
    const { network, cgroup, hosts, environment } = this.#node;
    const volumes = await makeVolumes(spec, join(this.#node.folder, "pods", this.name), this.#sources);
    await podman(
      "pod",
      "create",
      `--name=${this.name}`,
      `--hostname=${this.name}`,
      `--network=${network}`,
      `--ip=${this.address}`,
      `--cgroup-parent=/${cgroup}/${this.name}`,
      ...[...hosts()].map(([host, address]) => `--add-host=${host}:${address}`),
    );
    const general = [...environment].map(([name, value]) => `--env=${name}=${value}`);
    const inPod = [`--pod=${this.name}`, "--pull=never", "--log-driver=k8s-file", ...general];
    const references = this.#sources;
    for (const init of spec.initContainers ?? []) {
      const name = `${this.name}.${init.name}`;
      const args = containerArguments(spec, init, { references, volumes });
      await podman("create", `--name=${name}`, ...inPod, ...args);
      await podman("start", name);
      const code = await exitCodeOf(name);
      if (code !== 0) throw new Error(`${name} ended with ${code}: ${await lastLines(name, 10)}`);
    }
    for (const { name, spec: container } of this.containers)
      await podman(
        "create",
        `--name=${name}`,
        ...inPod,
        ...containerArguments(spec, container, { references, volumes }),
      );
    for (const container of this.containers) await container.start();
  }

  /** Ends it as Kubernetes does: no new readers, preStop, SIGTERM, and SIGKILL after its grace. */
  async stop(): Promise<void> {
    this.#ending = true;
    const grace = this.#template.spec?.terminationGracePeriodSeconds ?? 30;
    await Promise.all(
      this.containers.map(async (container) => {
        await beforeStop(container.spec.lifecycle);
        const code = await container.stop(grace);
        // 143: by SIGTERM, of a program that leaves that to its default.
        if (![0, 143].includes(code))
          container.failures.push(`${container.name} ended with ${code} after SIGTERM: ${await container.log(5)}`);
      }),
    );
    await this.remove();
  }

  /** Kills it, and with it everything but what a PersistentVolumeClaim keeps. */
  async remove(): Promise<void> {
    this.#ending = true;
    for (const container of this.containers) container.retire();
    await podman("pod", "rm", "--force", "--ignore", "--time=0", this.name);
    await rm(join(this.#node.folder, "pods", this.name), { recursive: true, force: true });
  }
}

async function beforeStop(lifecycle: V1Lifecycle | undefined): Promise<void> {
  if (lifecycle === undefined) return;
  onlyFields(lifecycle, ["preStop"], "lifecycle");
  onlyFields(lifecycle.preStop ?? {}, ["sleep"], "preStop");
  await sleep((lifecycle.preStop?.sleep?.seconds ?? 0) * 1000);
}
