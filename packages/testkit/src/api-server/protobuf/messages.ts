/** How a field's values are written on the wire, and read into JSON. */
export type FieldType =
  /** Scalars. */
  | "string"
  | "int"
  | "bool"
  | "bytes"
  /** Kubernetes' own: what is another thing in JSON than its message. */
  | "Time"
  | "MicroTime"
  | "Quantity"
  | "IntOrString"
  | "FieldsV1"
  | "ExtraValue"
  /** Skipped: a status, which a create does not set. */
  | "ignored"
  | { readonly message: string };

/** One field of a message. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly repeats: "no" | "list" | "map";
  /** A pointer in Go: a zero value was meant. Otherwise it means that nothing was set, and JSON leaves it out. */
  readonly optional: boolean;
  /** Its members stand in the JSON object around it. */
  readonly inline: boolean;
}

/** A message: its fields by number. */
export type Message = ReadonlyMap<number, Field>;

/**
 * Messages of what typed clients (kubectl's `create`, client-go) send: names and numbers as the API publishes them, in
 * k8s.io/api and k8s.io/apimachinery, `generated.proto`. A field is `number name type`, the type with `?` for a pointer,
 * `*` for a list, `{}` for a map with string keys, `^` for one that is inlined in JSON. Fields that are not listed are
 * refused by number.
 */
const DECLARED: Readonly<Record<string, string>> = {
  Unknown: "1 typeMeta TypeMeta, 2 raw bytes, 3 contentEncoding string, 4 contentType string",
  TypeMeta: "1 apiVersion string, 2 kind string",
  ObjectMeta:
    "1 name string, 2 generateName string, 3 namespace string, 4 selfLink string, 5 uid string, " +
    "6 resourceVersion string, 7 generation int, 8 creationTimestamp Time, 9 deletionTimestamp Time, " +
    "10 deletionGracePeriodSeconds int?, 11 labels string{}, 12 annotations string{}, " +
    "13 ownerReferences OwnerReference*, 14 finalizers string*, 17 managedFields ManagedFieldsEntry*",
  OwnerReference:
    "5 apiVersion string, 1 kind string, 3 name string, 4 uid string, 6 controller bool?, 7 blockOwnerDeletion bool?",
  ManagedFieldsEntry:
    "1 manager string, 2 operation string, 3 apiVersion string, 4 time Time, 6 fieldsType string, 7 fieldsV1 FieldsV1, 8 subresource string",
  DeleteOptions:
    "1 gracePeriodSeconds int?, 2 preconditions Preconditions, 3 orphanDependents bool?, 4 propagationPolicy string?, 5 dryRun string*",
  Preconditions: "1 uid string?, 2 resourceVersion string?",
  LabelSelector: "1 matchLabels string{}, 2 matchExpressions LabelSelectorRequirement*",
  LabelSelectorRequirement: "1 key string, 2 operator string, 3 values string*",
  ObjectReference:
    "1 kind string, 2 namespace string, 3 name string, 4 uid string, 5 apiVersion string, 6 resourceVersion string, 7 fieldPath string",
  LocalObjectReference: "1 name string",
  TypedLocalObjectReference: "1 apiGroup string?, 2 kind string, 3 name string",

  Namespace: "1 metadata ObjectMeta, 2 spec NamespaceSpec, 3 status ignored",
  NamespaceSpec: "1 finalizers string*",
  ConfigMap: "1 metadata ObjectMeta, 4 immutable bool?, 2 data string{}, 3 binaryData bytes{}",
  Secret: "1 metadata ObjectMeta, 5 immutable bool?, 2 data bytes{}, 4 stringData string{}, 3 type string",
  ServiceAccount:
    "1 metadata ObjectMeta, 2 secrets ObjectReference*, 3 imagePullSecrets LocalObjectReference*, 4 automountServiceAccountToken bool?",
  Event:
    "1 metadata ObjectMeta, 2 involvedObject ObjectReference, 3 reason string, 4 message string, 5 source EventSource, " +
    "6 firstTimestamp Time, 7 lastTimestamp Time, 8 count int, 9 type string, 10 eventTime MicroTime, 12 action string, " +
    "13 related ObjectReference, 14 reportingComponent string, 15 reportingInstance string",
  EventSource: "1 component string, 2 host string",
  Service: "1 metadata ObjectMeta, 2 spec ServiceSpec, 3 status ignored",
  ServiceSpec:
    "1 ports ServicePort*, 2 selector string{}, 3 clusterIP string, 18 clusterIPs string*, 4 type string, " +
    "5 externalIPs string*, 7 sessionAffinity string, 8 loadBalancerIP string, 9 loadBalancerSourceRanges string*, " +
    "10 externalName string, 11 externalTrafficPolicy string, 12 healthCheckNodePort int, " +
    "13 publishNotReadyAddresses bool, 19 ipFamilies string*, 17 ipFamilyPolicy string?, " +
    "20 allocateLoadBalancerNodePorts bool?, 21 loadBalancerClass string?, 22 internalTrafficPolicy string?, 23 trafficDistribution string?",
  ServicePort:
    "1 name string, 2 protocol string, 6 appProtocol string?, 3 port int, 4 targetPort IntOrString, 5 nodePort int",
  PersistentVolumeClaim: "1 metadata ObjectMeta, 2 spec PersistentVolumeClaimSpec, 3 status ignored",
  PersistentVolumeClaimSpec:
    "1 accessModes string*, 4 selector LabelSelector, 2 resources ResourceRequirements, 3 volumeName string, " +
    "5 storageClassName string?, 6 volumeMode string?, 7 dataSource TypedLocalObjectReference",

  Pod: "1 metadata ObjectMeta, 2 spec PodSpec, 3 status ignored",
  PodTemplateSpec: "1 metadata ObjectMeta, 2 spec PodSpec",
  PodSpec:
    "20 initContainers Container*, 2 containers Container*, 3 restartPolicy string, 4 terminationGracePeriodSeconds int?, " +
    "5 activeDeadlineSeconds int?, 6 dnsPolicy string, 7 nodeSelector string{}, 8 serviceAccountName string, " +
    "9 serviceAccount string, 21 automountServiceAccountToken bool?, 10 nodeName string, 11 hostNetwork bool, " +
    "12 hostPID bool, 13 hostIPC bool, 27 shareProcessNamespace bool?, 14 securityContext PodSecurityContext, " +
    "15 imagePullSecrets LocalObjectReference*, 16 hostname string, 17 subdomain string, 19 schedulerName string, " +
    "22 tolerations Toleration*, 24 priorityClassName string, 25 priority int?, 29 runtimeClassName string?, " +
    "30 enableServiceLinks bool?, 31 preemptionPolicy string?, 35 setHostnameAsFQDN bool?, 37 hostUsers bool?",
  PodSecurityContext: "2 runAsUser int?, 3 runAsNonRoot bool?, 5 fsGroup int?, 6 runAsGroup int?",
  Toleration: "1 key string, 2 operator string, 3 value string, 4 effect string, 5 tolerationSeconds int?",
  Container:
    "1 name string, 2 image string, 3 command string*, 4 args string*, 5 workingDir string, 6 ports ContainerPort*, " +
    "7 env EnvVar*, 8 resources ResourceRequirements, 24 restartPolicy string?, 13 terminationMessagePath string, " +
    "20 terminationMessagePolicy string, 14 imagePullPolicy string, 16 stdin bool, 17 stdinOnce bool, 18 tty bool",
  ContainerPort: "1 name string, 2 hostPort int, 3 containerPort int, 4 protocol string, 5 hostIP string",
  EnvVar: "1 name string, 2 value string",
  ResourceRequirements: "1 limits Quantity{}, 2 requests Quantity{}",

  Deployment: "1 metadata ObjectMeta, 2 spec DeploymentSpec, 3 status ignored",
  DeploymentSpec:
    "1 replicas int?, 2 selector LabelSelector, 3 template PodTemplateSpec, 4 strategy DeploymentStrategy, " +
    "5 minReadySeconds int, 6 revisionHistoryLimit int?, 7 paused bool, 9 progressDeadlineSeconds int?",
  DeploymentStrategy: "1 type string, 2 rollingUpdate RollingUpdateDeployment",
  RollingUpdateDeployment: "1 maxUnavailable IntOrString, 2 maxSurge IntOrString",
  ReplicaSet: "1 metadata ObjectMeta, 2 spec ReplicaSetSpec, 3 status ignored",
  ReplicaSetSpec: "1 replicas int?, 4 minReadySeconds int, 2 selector LabelSelector, 3 template PodTemplateSpec",

  Ingress: "1 metadata ObjectMeta, 2 spec IngressSpec, 3 status ignored",
  IngressSpec: "4 ingressClassName string?, 1 defaultBackend IngressBackend, 2 tls IngressTLS*, 3 rules IngressRule*",
  IngressTLS: "1 hosts string*, 2 secretName string",
  IngressRule: "1 host string, 2 ingressRuleValue IngressRuleValue^",
  IngressRuleValue: "1 http HTTPIngressRuleValue",
  HTTPIngressRuleValue: "1 paths HTTPIngressPath*",
  HTTPIngressPath: "1 path string, 3 pathType string?, 2 backend IngressBackend",
  IngressBackend: "4 service IngressServiceBackend, 3 resource TypedLocalObjectReference",
  IngressServiceBackend: "1 name string, 2 port ServiceBackendPort",
  ServiceBackendPort: "1 name string, 2 number int",

  Lease: "1 metadata ObjectMeta, 2 spec LeaseSpec",
  LeaseSpec:
    "1 holderIdentity string?, 2 leaseDurationSeconds int?, 3 acquireTime MicroTime, 4 renewTime MicroTime, " +
    "5 leaseTransitions int?, 6 strategy string?, 7 preferredHolder string?",

  TokenReview: "1 metadata ObjectMeta, 2 spec TokenReviewSpec, 3 status ignored",
  TokenReviewSpec: "1 token string, 2 audiences string*",
  SubjectAccessReview: "1 metadata ObjectMeta, 2 spec SubjectAccessReviewSpec, 3 status ignored",
  SubjectAccessReviewSpec:
    "1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes, 3 user string, " +
    "4 groups string*, 5 extra ExtraValue{}, 6 uid string",
  SelfSubjectAccessReview: "1 metadata ObjectMeta, 2 spec SelfSubjectAccessReviewSpec, 3 status ignored",
  SelfSubjectAccessReviewSpec: "1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes",
  ResourceAttributes:
    "1 namespace string, 2 verb string, 3 group string, 4 version string, 5 resource string, 6 subresource string, 7 name string",
  NonResourceAttributes: "1 path string, 2 verb string",
};

const read = new Map<string, Message>();

/** The message of a name; undefined: not one that is understood. */
export function messageOf(name: string): Message | undefined {
  const known = read.get(name);
  const declared = Object.hasOwn(DECLARED, name) ? DECLARED[name] : undefined;
  if (known !== undefined || declared === undefined) return known;
  const message = new Map(declared.split(", ").map((field) => parseField(field)));
  read.set(name, message);
  return message;
}

const PLAIN = ["string", "int", "bool", "bytes", "ignored"] as const;
const SPECIAL = ["Time", "MicroTime", "Quantity", "IntOrString", "FieldsV1", "ExtraValue"] as const;

function parseField(text: string): [number, Field] {
  const [number = "", name = "", declared = ""] = text.split(" ");
  const typeName = declared.replace(/[?*^]|\{\}/, "");
  const type = [...PLAIN, ...SPECIAL].find((each) => each === typeName) ?? { message: typeName };
  const repeats = declared.endsWith("*") ? "list" : declared.endsWith("{}") ? "map" : "no";
  return [Number(number), { name, type, repeats, optional: declared.endsWith("?"), inline: declared.endsWith("^") }];
}
