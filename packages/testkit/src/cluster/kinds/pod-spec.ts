import { mapShared, orderMembers } from "../json-value.ts";
import { isJsonObject, type JsonObject } from "../sim-object.ts";

const CONTAINER_ORDER = [
  "name",
  "image",
  "command",
  "args",
  "workingDir",
  "ports",
  "envFrom",
  "env",
  "resources",
  "volumeMounts",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
  "terminationMessagePath",
  "terminationMessagePolicy",
  "imagePullPolicy",
  "securityContext",
];

const POD_SPEC_ORDER = [
  "volumes",
  "initContainers",
  "containers",
  "restartPolicy",
  "terminationGracePeriodSeconds",
  "activeDeadlineSeconds",
  "dnsPolicy",
  "nodeSelector",
  "serviceAccountName",
  "serviceAccount",
  "automountServiceAccountToken",
  "nodeName",
  "hostNetwork",
  "securityContext",
  "imagePullSecrets",
  "hostname",
  "affinity",
  "schedulerName",
  "tolerations",
  "priorityClassName",
  "priority",
  "enableServiceLinks",
  "preemptionPolicy",
  "topologySpreadConstraints",
];

/** A pod specification with the defaults of `k8s.io/kubernetes/pkg/apis/core/v1/defaults.go`, in the API's own order. */
export function podSpecWithDefaults(spec: JsonObject): JsonObject {
  const draft: JsonObject = {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler",
    ...spec,
  };
  if (typeof draft["serviceAccountName"] === "string") draft["serviceAccount"] = draft["serviceAccountName"];
  if (Array.isArray(draft["volumes"])) draft["volumes"] = mapShared(draft["volumes"], volumeWithDefaults);
  if (Array.isArray(draft["initContainers"])) {
    draft["initContainers"] = mapShared(draft["initContainers"], containerWithDefaults);
  }
  if (Array.isArray(draft["containers"])) draft["containers"] = mapShared(draft["containers"], containerWithDefaults);
  return orderMembers(draft, POD_SPEC_ORDER);
}

/** Requests that a pod (not a template) leaves out are its limits. */
export function withRequestsFromLimits(spec: JsonObject): JsonObject {
  const result: JsonObject = { ...spec };
  for (const list of ["initContainers", "containers"]) {
    if (Array.isArray(result[list])) result[list] = mapShared(result[list], withOwnRequests);
  }
  return result;
}

function withOwnRequests(container: unknown): unknown {
  const resources = isJsonObject(container) ? container["resources"] : undefined;
  if (!isJsonObject(container) || !isJsonObject(resources) || !isJsonObject(resources["limits"])) return container;
  const requests = isJsonObject(resources["requests"]) ? resources["requests"] : {};
  if (Object.keys(resources["limits"]).every((name) => name in requests)) return container;
  return { ...container, resources: { ...resources, requests: { ...resources["limits"], ...requests } } };
}

function containerWithDefaults(container: unknown): unknown {
  if (!isJsonObject(container)) return container;
  const draft: JsonObject = {
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: pullPolicy(container["image"]),
    ...container,
  };
  if (Array.isArray(draft["ports"])) draft["ports"] = mapShared(draft["ports"], portWithProtocol);
  if (Array.isArray(draft["env"])) draft["env"] = mapShared(draft["env"], variableWithDefaults);
  for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    const set = draft[probe];
    if (isJsonObject(set)) draft[probe] = probeWithDefaults(set);
  }
  const names = Object.keys(draft);
  const isComplete = names.every((name) => draft[name] === container[name]);
  return isComplete ? container : orderMembers(draft, CONTAINER_ORDER);
}

function portWithProtocol(port: unknown): unknown {
  if (!isJsonObject(port) || port["protocol"] !== undefined) return port;
  return orderMembers({ ...port, protocol: "TCP" }, ["name", "hostPort", "containerPort", "protocol"]);
}

function variableWithDefaults(variable: unknown): unknown {
  const from = isJsonObject(variable) ? variable["valueFrom"] : undefined;
  const field = isJsonObject(from) ? from["fieldRef"] : undefined;
  if (!isJsonObject(variable) || !isJsonObject(from) || !isJsonObject(field)) return variable;
  if (field["apiVersion"] !== undefined) return variable;
  return { ...variable, valueFrom: { ...from, fieldRef: { apiVersion: "v1", ...field } } };
}

const VOLUME_DEFAULTS = [
  ["configMap", "defaultMode", 420],
  ["secret", "defaultMode", 420],
  ["projected", "defaultMode", 420],
  ["downwardAPI", "defaultMode", 420],
  ["hostPath", "type", ""],
] as const;

const PROBE_DEFAULTS = ["timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];

function probeWithDefaults(probe: JsonObject): JsonObject {
  const http = probe["httpGet"];
  const isComplete = PROBE_DEFAULTS.every((name) => probe[name] !== undefined);
  if (isComplete && (!isJsonObject(http) || (http["scheme"] !== undefined && http["path"] !== undefined))) return probe;
  return orderMembers(
    {
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
      ...probe,
      ...(isJsonObject(http) ? { httpGet: { path: "/", ...http, scheme: http["scheme"] ?? "HTTP" } } : {}),
    },
    ["exec", "httpGet", "tcpSocket", "grpc", "initialDelaySeconds"],
  );
}

function volumeWithDefaults(volume: unknown): unknown {
  if (!isJsonObject(volume)) return volume;
  if (Object.keys(volume).length === 1) return { ...volume, emptyDir: {} };
  for (const [source, name, value] of VOLUME_DEFAULTS) {
    const set = volume[source];
    if (isJsonObject(set) && set[name] === undefined) return { ...volume, [source]: { ...set, [name]: value } };
  }
  return volume;
}

function pullPolicy(image: unknown): string {
  const name = typeof image === "string" ? image : "";
  const tag = name.slice(name.lastIndexOf("/") + 1).split(":")[1];
  return !name.includes("@") && (tag === undefined || tag === "latest") ? "Always" : "IfNotPresent";
}
