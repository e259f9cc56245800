import type { ContainerSpec, KubernetesObject } from "./kubernetes-object.ts";
import { quantityOf } from "./quantity.ts";

/** What a pod holds on its node by asking for it. */
export interface PodRequests {
  /** CPUs. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  /** Devices of all kinds of GPU. */
  readonly gpu: number;
  /** Names of the claims of volumes that it mounts. */
  readonly claims: readonly string[];
}

type Requests = Readonly<Record<string, string>> | undefined;
type Amount = (requests: Requests) => number;

/** Devices, or shares of one; what is asked for beside them, such as their memory, is none. */
const GPU = /\/gpu(?:\.shared)?$|^gpu\.intel\.com\/(?:i915|xe)$|^nvidia\.com\/mig-/u;

const cpu: Amount = (requests) => quantityOf(requests?.["cpu"]);
const memory: Amount = (requests) => quantityOf(requests?.["memory"]);
const gpu: Amount = (requests) => {
  let sum = 0;
  for (const name in requests) if (GPU.test(name)) sum += quantityOf(requests[name]);
  return sum;
};

/** What a pod asks for, as the scheduler counts it. */
export function podRequests({ spec = {} }: KubernetesObject): PodRequests {
  const claims = (spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []);
  return { cpu: total(spec, cpu), memory: total(spec, memory), gpu: total(spec, gpu), claims };
}

/**
 * Containers run together, and with the init containers that go on (sidecars); the others run before, one by one, each with
 * the sidecars that were begun: the larger of both counts. What the pod as a whole asks for goes before that.
 */
function total(spec: NonNullable<KubernetesObject["spec"]>, amount: Amount): number {
  const own = amount(spec.resources?.requests);
  const overhead = amount(spec.overhead);
  if (own > 0) return own + overhead;
  let sidecars = 0;
  let highest = 0;
  for (const container of spec.initContainers ?? []) {
    const asked = of(container, amount);
    if (container.restartPolicy === "Always") sidecars += asked;
    highest = Math.max(highest, container.restartPolicy === "Always" ? sidecars : sidecars + asked);
  }
  const running = (spec.containers ?? []).reduce((sum, container) => sum + of(container, amount), sidecars);
  return Math.max(running, highest) + overhead;
}

function of(container: ContainerSpec, amount: Amount): number {
  return amount(container.resources?.requests);
}
