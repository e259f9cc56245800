import type { V1Container, V1PodSpec, V1VolumeMount } from "@kubernetes/client-node";
import { join } from "node:path";
import { environmentOf, expanded, type References } from "./environment.ts";
import { onlyFields } from "./only-fields.ts";
import { confinement } from "./security.ts";
import type { Volumes } from "./volumes.ts";

const FIELDS = [
  "name",
  "image",
  "imagePullPolicy",
  "command",
  "args",
  "env",
  "envFrom",
  "ports",
  "resources",
  "securityContext",
  "volumeMounts",
  "workingDir",
  "lifecycle",
  "startupProbe",
  "livenessProbe",
  "readinessProbe",
];

/** What a container of a pod is made of, for `podman create`: options, image, command. Pure. */
export function containerArguments(
  spec: V1PodSpec,
  container: V1Container,
  { references, volumes }: { readonly references: References; readonly volumes: Volumes },
): readonly string[] {
  onlyFields(container, FIELDS, `container ${container.name}`);
  const environment = environmentOf(container, references);
  const words = (given: readonly string[] | undefined): readonly string[] =>
    (given ?? []).map((word) => expanded(word, environment));
  const memory = container.resources?.limits?.["memory"];
  const cpu = container.resources?.limits?.["cpu"];
  return [
    ...confinement(spec, container),
    ...[...environment].map(([name, value]) => `--env=${name}=${value}`),
    ...(container.volumeMounts ?? []).map((mount) => `--volume=${bind(mount, volumes, container.name)}`),
    ...(memory === undefined ? [] : [`--memory=${bytes(memory)}`]),
    ...(cpu === undefined ? [] : [`--cpus=${cores(cpu)}`]),
    ...(container.workingDir === undefined ? [] : [`--workdir=${container.workingDir}`]),
    ...(container.command === undefined ? [] : [`--entrypoint=${JSON.stringify(words(container.command))}`]),
    container.image ?? "",
    ...words(container.args),
  ];
}

function bind(mount: V1VolumeMount, volumes: Volumes, container: string): string {
  onlyFields(mount, ["name", "mountPath", "readOnly", "subPath"], `container ${container}: mount ${mount.name}`);
  const folder = volumes.get(mount.name);
  if (folder === undefined)
    throw new Error(`container ${container} mounts ${mount.name}, which is no volume of its pod`);
  return `${join(folder, mount.subPath ?? "")}:${mount.mountPath}:${mount.readOnly === true ? "ro" : "rw"}`;
}

const UNITS: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  "": 1,
};

function bytes(quantity: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(quantity) ?? [];
  const factor = UNITS[unit];
  if (number === "" || factor === undefined) throw new Error(`${JSON.stringify(quantity)} is no amount of memory`);
  return Math.ceil(Number(number) * factor);
}

function cores(quantity: string): number {
  return quantity.endsWith("m") ? Number(quantity.slice(0, -1)) / 1000 : Number(quantity);
}
