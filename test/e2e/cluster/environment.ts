import type { V1Container, V1EnvVar } from "@kubernetes/client-node";
import { onlyFields } from "./only-fields.ts";

/** What the containers of a pod may refer to. */
export interface References {
  /** Key → value of a Secret or ConfigMap. @throws Error when there is none of that name. */
  readonly data: (kind: "Secret" | "ConfigMap", name: string) => ReadonlyMap<string, string>;
  /** What the downward API tells of the pod, such as `metadata.name`. */
  readonly field: (path: string) => string;
}

/** A container's variables, in the order in which they are written. Pure. */
export function environmentOf(container: V1Container, references: References): ReadonlyMap<string, string> {
  const where = `container ${container.name}`;
  const variables = new Map<string, string>();
  for (const from of container.envFrom ?? []) {
    onlyFields(from, ["secretRef", "configMapRef"], `${where}: envFrom`);
    const kind = from.secretRef === undefined ? "ConfigMap" : "Secret";
    const data = references.data(kind, from.secretRef?.name ?? from.configMapRef?.name ?? "");
    for (const [name, value] of data) variables.set(name, value);
  }
  for (const variable of container.env ?? [])
    variables.set(variable.name, expanded(valueOf(variable, references, where), variables));
  return variables;
}

function valueOf({ name, value, valueFrom }: V1EnvVar, references: References, where: string): string {
  if (valueFrom === undefined) return value ?? "";
  onlyFields(valueFrom, ["secretKeyRef", "configMapKeyRef", "fieldRef"], `${where}: ${name}`);
  const { secretKeyRef, configMapKeyRef, fieldRef } = valueFrom;
  if (fieldRef !== undefined) return references.field(fieldRef.fieldPath);
  const kind = secretKeyRef === undefined ? "ConfigMap" : "Secret";
  const { name: object = "", key = "" } = secretKeyRef ?? configMapKeyRef ?? {};
  const found = references.data(kind, object).get(key);
  if (found === undefined) throw new Error(`${where}: ${name} refers to the key ${key} of the ${kind} ${object}`);
  return found;
}

/** `$(NAME)` in arguments and values, as the kubelet reads it; `$$` is a dollar sign. Pure. */
export function expanded(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\$|\$\(([A-Za-z_][\w.-]*)\)/g, (found, name: string | undefined) =>
    name === undefined ? "$" : (variables.get(name) ?? found),
  );
}
