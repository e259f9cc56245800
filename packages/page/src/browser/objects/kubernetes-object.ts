/** The fields of objects that the page reads. Anything may be missing: custom resources have what they like. */
export interface KubernetesObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Spec;
  readonly status?: Status;
}

/** What containers ask for. */
export interface ContainerSpec {
  readonly restartPolicy?: string;
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
}

interface Spec {
  readonly nodeName?: string;
  readonly containers?: readonly ContainerSpec[];
  readonly initContainers?: readonly ContainerSpec[];
  readonly overhead?: Readonly<Record<string, string>>;
  readonly resources?: ContainerSpec["resources"];
  readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName?: string } }[];
  readonly replicas?: number;
  readonly unschedulable?: boolean;
  readonly type?: string;
  readonly clusterIP?: string;
  readonly ports?: readonly { readonly port?: number; readonly protocol?: string }[];
  readonly storageClassName?: string;
  readonly volumeName?: string;
  readonly ingressClassName?: string;
  readonly rules?: readonly { readonly host?: string }[];
}

interface Status {
  readonly phase?: string;
  readonly readyReplicas?: number;
  readonly updatedReplicas?: number;
  readonly capacity?: Readonly<Record<string, string>>;
  readonly allocatable?: Readonly<Record<string, string>>;
  readonly nodeInfo?: { readonly kubeletVersion?: string };
  readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
}
