import { at, integer, type Json, list, text, textEntries } from "../object/json.ts";
import {
  age,
  type Cell,
  conditionStatus,
  formatLabels,
  loadBalancerAddresses,
  name,
  orElse,
  type RowContext,
} from "./cells.ts";

const MATCH_OPERATORS: Readonly<Record<string, (key: string, values: string) => string>> = {
  In: (key, values) => `${key} in (${values})`,
  NotIn: (key, values) => `${key} notin (${values})`,
  Exists: (key) => key,
  DoesNotExist: (key) => `!${key}`,
};

/** A LabelSelector of a spec as the selector that it stands for, sorted by key. */
function formatSelector(selector: Json): string {
  const terms = textEntries(at(selector, "matchLabels")).map(([key, value]) => ({ key, told: `${key}=${value}` }));
  for (const expression of list(at(selector, "matchExpressions"))) {
    const key = text(at(expression, "key"));
    const values = list(at(expression, "values")).map((value) => text(value));
    const operator = text(at(expression, "operator"));
    const write = Object.hasOwn(MATCH_OPERATORS, operator) ? MATCH_OPERATORS[operator] : undefined;
    if (write !== undefined) terms.push({ key, told: write(key, values.toSorted().join(",")) });
  }
  const sorted = terms.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return sorted.map((term) => term.told).join(",");
}

/** NAME, READY, UP-TO-DATE, AVAILABLE, AGE, CONTAINERS, IMAGES, SELECTOR. */
export function deploymentRow(deployment: Json, context: RowContext): readonly Cell[] {
  const containers = list(at(deployment, "spec", "template", "spec", "containers"));
  return [
    name(deployment),
    `${integer(at(deployment, "status", "readyReplicas"))}/${integer(at(deployment, "spec", "replicas"))}`,
    integer(at(deployment, "status", "updatedReplicas")),
    integer(at(deployment, "status", "availableReplicas")),
    age(deployment, context),
    containers.map((container) => text(at(container, "name"))).join(","),
    containers.map((container) => text(at(container, "image"))).join(","),
    formatSelector(at(deployment, "spec", "selector")),
  ];
}

function externalIp(service: Json): string {
  const given = list(at(service, "spec", "externalIPs")).map((address) => text(address));
  switch (text(at(service, "spec", "type"))) {
    case "ClusterIP":
    case "NodePort":
      return given.join(",") || "<none>";
    case "LoadBalancer":
      return [...loadBalancerAddresses(service), ...given].join(",") || "<pending>";
    case "ExternalName":
      return text(at(service, "spec", "externalName"));
    default:
      return "<unknown>";
  }
}

function servicePorts(service: Json): string {
  const ports = list(at(service, "spec", "ports")).map((entry) => {
    const nodePort = integer(at(entry, "nodePort"));
    const port = text(at(entry, "port"));
    return `${nodePort > 0 ? `${port}:${nodePort}` : port}/${text(at(entry, "protocol"))}`;
  });
  return ports.join(",") || "<none>";
}

/** NAME, TYPE, CLUSTER-IP, EXTERNAL-IP, PORT(S), AGE, SELECTOR. */
export function serviceRow(service: Json, context: RowContext): readonly Cell[] {
  const first = at(service, "spec", "clusterIPs", 0);
  return [
    name(service),
    text(at(service, "spec", "type")),
    orElse(first, orElse(at(service, "spec", "clusterIP"), "<none>")),
    externalIp(service),
    servicePorts(service),
    age(service, context),
    formatLabels(at(service, "spec", "selector")),
  ];
}

const ACCESS_MODES = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
] as const;

/** The class that an old annotation names comes before the one of the spec. */
function storageClass(claim: Json): string {
  const annotated = at(claim, "metadata", "annotations", "volume.beta.kubernetes.io/storage-class");
  return text(annotated === undefined ? at(claim, "spec", "storageClassName") : annotated);
}

/** NAME, STATUS, VOLUME, CAPACITY, ACCESS MODES, STORAGECLASS, VOLUMEATTRIBUTESCLASS, AGE, VOLUMEMODE. */
export function persistentVolumeClaimRow(claim: Json, context: RowContext): readonly Cell[] {
  const volume = text(at(claim, "spec", "volumeName"));
  const modes = new Set(list(at(claim, "status", "accessModes")));
  const bound = volume !== "";
  const deleted = at(claim, "metadata", "deletionTimestamp") !== undefined;
  return [
    name(claim),
    deleted ? "Terminating" : text(at(claim, "status", "phase")),
    volume,
    bound ? orElse(at(claim, "status", "capacity", "storage"), "0") : "",
    bound
      ? ACCESS_MODES.filter(([mode]) => modes.has(mode))
          .map(([, short]) => short)
          .join(",")
      : "",
    storageClass(claim),
    optional(at(claim, "spec", "volumeAttributesClassName")),
    age(claim, context),
    optional(at(claim, "spec", "volumeMode")),
  ];
}

/** A field that may be unset, which is not the same as empty. */
function optional(value: Json): string {
  return value === undefined ? "<unset>" : text(value);
}

const MAX_HOSTS = 3;

/** The first three rules' hosts, and how many rules there are beyond (one without a host counts too). */
function ingressHosts(ingress: Json): string {
  const rules = list(at(ingress, "spec", "rules"));
  const hosts: string[] = [];
  for (const rule of rules) {
    if (hosts.length === MAX_HOSTS) return `${hosts.join(",")} + ${rules.length - MAX_HOSTS} more...`;
    const host = text(at(rule, "host"));
    if (host !== "") hosts.push(host);
  }
  return hosts.join(",") || "*";
}

/** NAME, CLASS, HOSTS, ADDRESS, PORTS, AGE. */
export function ingressRow(ingress: Json, context: RowContext): readonly Cell[] {
  const className = at(ingress, "spec", "ingressClassName");
  return [
    name(ingress),
    className === undefined ? "<none>" : text(className),
    ingressHosts(ingress),
    loadBalancerAddresses(ingress).join(","),
    list(at(ingress, "spec", "tls")).length > 0 ? "80, 443" : "80",
    age(ingress, context),
  ];
}

const ROLE_PREFIX = "node-role.kubernetes.io/";
const ROLE_LABEL = "kubernetes.io/role";

function nodeRoles(node: Json): string {
  const roles = textEntries(at(node, "metadata", "labels")).flatMap(([key, value]) => {
    const role = key.startsWith(ROLE_PREFIX) ? key.slice(ROLE_PREFIX.length) : key === ROLE_LABEL ? value : "";
    return role === "" ? [] : [role];
  });
  return [...new Set(roles)].toSorted().join(",") || "<none>";
}

function nodeStatus(node: Json): string {
  const ready = conditionStatus(node, "Ready");
  const health = ready === undefined ? "Unknown" : ready === "True" ? "Ready" : "NotReady";
  return at(node, "spec", "unschedulable") === true ? `${health},SchedulingDisabled` : health;
}

function nodeAddress(node: Json, type: string): string {
  const address = list(at(node, "status", "addresses")).find((entry) => at(entry, "type") === type);
  return address === undefined ? "<none>" : text(at(address, "address"));
}

/** The kernel's version and, as v1.36 has it, the architecture it runs on. */
function kernel(node: Json): string {
  const version = orElse(at(node, "status", "nodeInfo", "kernelVersion"), "<unknown>");
  const architecture = text(at(node, "status", "nodeInfo", "architecture"));
  return architecture === "" ? version : `${version} (${architecture})`;
}

/** NAME, STATUS, ROLES, AGE, VERSION, INTERNAL-IP, EXTERNAL-IP, OS-IMAGE, KERNEL-VERSION, CONTAINER-RUNTIME. */
export function nodeRow(node: Json, context: RowContext): readonly Cell[] {
  return [
    name(node),
    nodeStatus(node),
    nodeRoles(node),
    age(node, context),
    text(at(node, "status", "nodeInfo", "kubeletVersion")),
    nodeAddress(node, "InternalIP"),
    nodeAddress(node, "ExternalIP"),
    orElse(at(node, "status", "nodeInfo", "osImage"), "<unknown>"),
    kernel(node),
    orElse(at(node, "status", "nodeInfo", "containerRuntimeVersion"), "<unknown>"),
  ];
}

/** NAME, AGE. */
export function plainRow(object: Json, context: RowContext): readonly Cell[] {
  return [name(object), age(object, context)];
}
