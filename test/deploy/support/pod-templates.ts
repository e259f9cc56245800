import { type KubernetesObject, objectId } from "../../../deploy/render/kubernetes-object.ts";

/** A container, as far as tests look at it. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources?: Readonly<Record<"requests" | "limits", Readonly<Record<string, string>>>>;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly startupProbe?: object;
  readonly livenessProbe?: object;
  readonly readinessProbe?: object;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

/** A volume, likewise. */
export interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string; readonly defaultMode?: number };
  readonly configMap?: { readonly name: string };
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly emptyDir?: object;
  readonly projected?: { readonly sources: readonly Readonly<Record<string, unknown>>[] };
  readonly hostPath?: object;
}

/** What a pod is made of, likewise. */
export interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly [field: string]: unknown;
}

/** The pods that an object makes, or the one that it is. */
export interface PodTemplate {
  readonly owner: KubernetesObject;
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  /** Of a StatefulSet: the names of the volumes that it claims. */
  readonly claims: readonly string[];
}

interface Templated {
  readonly template?: { readonly metadata: KubernetesObject["metadata"]; readonly spec: PodSpec };
  readonly volumeClaimTemplates?: readonly KubernetesObject[];
}

/** All pods of what was rendered. */
export function podTemplates(all: readonly KubernetesObject[]): readonly PodTemplate[] {
  return all.flatMap((owner): readonly PodTemplate[] => {
    const spec = owner["spec"] as Templated | undefined;
    const pod = owner.kind === "Pod" ? { metadata: owner.metadata, spec: spec as unknown as PodSpec } : spec?.template;
    if (pod === undefined) return [];
    const { labels = {}, annotations = {} } = pod.metadata;
    const claims = (spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
    return [{ owner, id: objectId(owner), labels, annotations, spec: pod.spec, claims }];
  });
}

/** Whether a `matchLabels` has these labels. Expressions are not looked at. */
export function selects(
  selector: { readonly matchLabels?: Readonly<Record<string, string>> } | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}

/** The containers of a pod, those that run first among them. */
export function allContainers({ spec }: PodTemplate): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}
