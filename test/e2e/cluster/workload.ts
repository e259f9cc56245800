import type { V1Deployment, V1PodTemplateSpec, V1StatefulSet } from "@kubernetes/client-node";
import { createHash } from "node:crypto";
import { eventually } from "../../support/eventually.ts";
import { onlyFields } from "./only-fields.ts";
import type { Pod } from "./pod.ts";

/** How long a pod may take to be ready, in seconds. */
const READY_SECONDS = 240;

/** A Deployment or StatefulSet as it is written. */
export type WorkloadManifest = (V1Deployment & { kind: "Deployment" }) | (V1StatefulSet & { kind: "StatefulSet" });

/** Makes a pod of a workload; it is not started yet. `claims`: volumes that outlive it. */
export type MakePod = (template: V1PodTemplateSpec, name: string) => Pod;

interface Member {
  readonly pod: Pod;
  readonly hash: string;
}

/** The pods of a Deployment or a StatefulSet, made, replaced and scaled as their controllers do. */
export class Workload {
  readonly name: string;
  readonly kind: WorkloadManifest["kind"];
  readonly #makePod: MakePod;
  #members: readonly Member[] = [];
  #serial = 0;
  /** What went wrong in pods that are gone. */
  readonly #past: string[] = [];

  constructor(kind: WorkloadManifest["kind"], name: string, makePod: MakePod) {
    this.kind = kind;
    this.name = name;
    this.#makePod = makePod;
  }

  /** Its pods, the oldest first; while it is brought up to date, new ones beside old ones. */
  get pods(): readonly Pod[] {
    return this.#members.map(({ pod }) => pod);
  }

  get failures(): readonly string[] {
    return [...this.#past, ...this.pods.flatMap(({ failures }) => failures)];
  }

  /**
   * Brings it to what is written: of a Deployment that rolls, each new pod is ready before an old one is told to end; of a
   * StatefulSet, each is ended first. Nothing happens where the template is the same. `replicas` wins over the manifest's.
   */
  async apply(manifest: WorkloadManifest, replicas = manifest.spec?.replicas ?? 1): Promise<void> {
    const { template } = checked(manifest);
    const hash = createHash("sha256").update(JSON.stringify(template)).digest("hex");
    const old = this.#members.filter((member) => member.hash !== hash);
    const wanted = replicas - (this.#members.length - old.length);
    const surges = manifest.kind === "Deployment" && manifest.spec?.strategy?.type !== "Recreate";
    // The first start: all at once.
    const steps = old.length === 0 ? [wanted] : Array.from({ length: Math.max(wanted, old.length) }, () => 1);
    for (const count of steps) {
      const ending = old.shift();
      if (!surges && ending !== undefined) await this.#end(ending);
      const added = Array.from({ length: count }, (): Member => ({
        pod: this.#makePod(template, this.#podName(hash)),
        hash,
      }));
      this.#members = [...this.#members, ...added];
      await Promise.all(added.map(async ({ pod }) => pod.start()));
      if (ending === undefined) continue;
      for (const { pod } of added) await becomesReady(pod);
      if (surges) await this.#end(ending);
    }
  }

  #podName(hash: string): string {
    const ordinal = this.#serial++;
    if (this.kind === "StatefulSet") return `${this.name}-${this.#members.length}`;
    return `${this.name}-${hash.slice(0, 6)}-${ordinal}`;
  }

  async #end(member: Member): Promise<void> {
    await member.pod.stop();
    this.#past.push(...member.pod.failures);
    this.#members = this.#members.filter((each) => each !== member);
  }

  /** Loses a pod as a cluster does with the machine that it ran on: at once, and nothing of it is told to end. */
  async lose(pod: Pod): Promise<void> {
    this.#members = this.#members.filter((member) => member.pod !== pod);
    this.#past.push(...pod.failures);
    await pod.remove();
  }

  /** Resolves when all its pods may be asked. */
  async ready(): Promise<void> {
    for (const pod of this.pods) await becomesReady(pod);
  }
}

async function becomesReady(pod: Pod): Promise<void> {
  try {
    await eventually(`the pod ${pod.name} is ready`, READY_SECONDS, async () => pod.ready || undefined, 100);
  } catch (error) {
    const logs = await Promise.all(pod.containers.map(async (each) => `${each.name}:\n${await each.log(10)}`));
    throw new Error(`${(error as Error).message}\n${[...pod.failures, ...logs].join("\n")}`, { cause: error });
  }
}

function checked(manifest: WorkloadManifest): { readonly template: V1PodTemplateSpec } {
  const where = `${manifest.kind} ${manifest.metadata?.name}`;
  const { spec } = manifest;
  if (spec === undefined) throw new Error(`${where} has no spec`);
  const known = ["replicas", "selector", "template", "strategy", "serviceName", "volumeClaimTemplates"];
  onlyFields(spec, [...known, "revisionHistoryLimit", "podManagementPolicy"], where);
  return spec;
}
