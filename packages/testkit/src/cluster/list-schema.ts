import { isJsonObject } from "./sim-object.ts";

/**
 * Which members identify an element of a list, by the list's name: `x-kubernetes-list-map-keys` of the built-in types.
 * `ports` exists twice: of containers and of services.
 */
const LIST_MAP_KEYS: Readonly<Record<string, readonly string[]>> = {
  addresses: ["type"],
  conditions: ["type"],
  containers: ["name"],
  env: ["name"],
  ephemeralContainers: ["name"],
  hostAliases: ["ip"],
  hostIPs: ["ip"],
  imagePullSecrets: ["name"],
  initContainers: ["name"],
  ownerReferences: ["uid"],
  podIPs: ["ip"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
  volumeMounts: ["mountPath"],
  volumes: ["name"],
};

const CONTAINER_PORT_KEYS: readonly string[] = ["containerPort", "protocol"];
const SERVICE_PORT_KEYS: readonly string[] = ["port", "protocol"];

/** Lists that are sets of texts. */
const SETS: ReadonlySet<string> = new Set(["finalizers", "podCIDRs"]);

/** Objects that have one owner as a whole. */
const ATOMIC_MAPS: ReadonlySet<string> = new Set([
  "configMapKeyRef",
  "fieldRef",
  "nodeSelector",
  "resourceFieldRef",
  "secretKeyRef",
  "selector",
]);

/** The members that identify an element of the list `name`; undefined: the list is atomic or a set. */
export function listMapKeys(name: string, list: readonly unknown[]): readonly string[] | undefined {
  if (name !== "ports") return LIST_MAP_KEYS[name];
  const first = list[0];
  if (!isJsonObject(first)) return undefined;
  return "containerPort" in first ? CONTAINER_PORT_KEYS : "port" in first ? SERVICE_PORT_KEYS : undefined;
}

/** Tells whether the list `name` is a set of texts. */
export function isSet(name: string): boolean {
  return SETS.has(name);
}

/** Tells whether the object `name` changes owner as a whole. */
export function isAtomicMap(name: string): boolean {
  return ATOMIC_MAPS.has(name);
}
