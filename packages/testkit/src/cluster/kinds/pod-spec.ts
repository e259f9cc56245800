import { orderMembers } from "../json-value.ts";
import { isJsonObject, type JsonObject, listAt } from "../sim-object.ts";

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
  if (Array.isArray(draft["volumes"])) draft["volumes"] = draft["volumes"].map(volumeWithDefaults);
  if (Array.isArray(draft["initContainers"])) {
    draft["initContainers"] = draft["initContainers"].map(containerWithDefaults);
  }
  if (Array.isArray(draft["containers"])) draft["containers"] = draft["containers"].map(containerWithDefaults);
  return orderMembers(draft, POD_SPEC_ORDER);
}

/** Requests that a pod (not a template) leaves out are its limits. */
export function requestsFromLimits(spec: JsonObject): void {
  for (const container of [...listAt(spec, "initContainers"), ...listAt(spec, "containers")]) {
    const resources = isJsonObject(container) ? container["resources"] : undefined;
    if (!isJsonObject(resources) || !isJsonObject(resources["limits"])) continue;
    const requests = isJsonObject(resources["requests"]) ? resources["requests"] : {};
    resources["requests"] = { ...resources["limits"], ...requests };
  }
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
  if (Array.isArray(draft["ports"])) {
    draft["ports"] = draft["ports"].map((port: unknown) => (isJsonObject(port) ? { protocol: "TCP", ...port } : port));
  }
  if (Array.isArray(draft["env"])) for (const variable of draft["env"]) variableDefaults(variable);
  for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    const set = draft[probe];
    if (isJsonObject(set)) draft[probe] = probeWithDefaults(set);
  }
  return orderMembers(draft, CONTAINER_ORDER);
}

function variableDefaults(variable: unknown): void {
  const from = isJsonObject(variable) ? variable["valueFrom"] : undefined;
  const field = isJsonObject(from) ? from["fieldRef"] : undefined;
  if (isJsonObject(from) && isJsonObject(field)) from["fieldRef"] = { apiVersion: "v1", ...field };
}

function probeWithDefaults(probe: JsonObject): JsonObject {
  const http = probe["httpGet"];
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
  const draft: JsonObject = { ...volume };
  for (const source of ["configMap", "secret", "projected", "downwardAPI"]) {
    const set = draft[source];
    if (isJsonObject(set)) draft[source] = { ...set, defaultMode: set["defaultMode"] ?? 420 };
  }
  const hostPath = draft["hostPath"];
  if (isJsonObject(hostPath)) draft["hostPath"] = { ...hostPath, type: hostPath["type"] ?? "" };
  return draft;
}

function pullPolicy(image: unknown): string {
  const name = typeof image === "string" ? image : "";
  const tag = name.slice(name.lastIndexOf("/") + 1).split(":")[1];
  return !name.includes("@") && (tag === undefined || tag === "latest") ? "Always" : "IfNotPresent";
}
