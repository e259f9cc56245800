import { isJsonObject, type JsonObject } from "./sim-object.ts";

/** The member by which elements of a list are merged: `patchMergeKey` of the built-in types, by the list's name. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  addresses: "type",
  conditions: "type",
  containers: "name",
  env: "name",
  ephemeralContainers: "name",
  hostAliases: "ip",
  imagePullSecrets: "name",
  initContainers: "name",
  ownerReferences: "uid",
  podIPs: "ip",
  taints: "key",
  topologySpreadConstraints: "topologyKey",
  volumeMounts: "mountPath",
  volumes: "name",
};

/** Lists of plain values that a patch adds to. */
const MERGED_SETS: ReadonlySet<string> = new Set(["finalizers", "podCIDRs"]);

const DIRECTIVE = "$patch";
const DELETE_FROM = "$deleteFromPrimitiveList/";
const ELEMENT_ORDER = "$setElementOrder/";
const RETAIN_KEYS = "$retainKeys";

/**
 * A strategic merge patch applied to a built-in object: a merge patch whose lists merge by key, with the directives
 * `$patch`, `$deleteFromPrimitiveList`, `$setElementOrder` and `$retainKeys` that kubectl writes
 * (kubernetes/community, contributors/devel/sig-api-machinery/strategic-merge-patch.md).
 */
export function applyStrategicMergePatch(target: unknown, patch: unknown): unknown {
  return isJsonObject(patch) ? mergeObject(isJsonObject(target) ? target : {}, patch) : patch;
}

function mergeObject(target: JsonObject, patch: JsonObject): JsonObject {
  if (patch[DIRECTIVE] === "delete") return {};
  if (patch[DIRECTIVE] === "replace") return withoutDirectives(patch);
  let result: JsonObject = { ...target };
  const retain = patch[RETAIN_KEYS];
  if (Array.isArray(retain)) {
    result = Object.fromEntries(Object.entries(result).filter(([name]) => retain.includes(name)));
  }
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(DELETE_FROM)) {
      const list = result[name.slice(DELETE_FROM.length)];
      if (Array.isArray(list) && Array.isArray(value)) {
        result[name.slice(DELETE_FROM.length)] = list.filter((element) => !value.includes(element));
      }
    } else if (name.startsWith("$")) continue;
    else if (value === null) delete result[name];
    else if (Array.isArray(value)) result[name] = mergeList(name, result[name], value);
    else if (isJsonObject(value)) result[name] = mergeObject(isJsonObject(result[name]) ? result[name] : {}, value);
    else result[name] = value;
  }
  for (const [name, order] of Object.entries(patch)) {
    if (!name.startsWith(ELEMENT_ORDER) || !Array.isArray(order)) continue;
    const list = name.slice(ELEMENT_ORDER.length);
    if (Array.isArray(result[list])) result[list] = inOrder(list, result[list] as unknown[], order);
  }
  return result;
}

function mergeList(name: string, target: unknown, patch: readonly unknown[]): unknown[] {
  const list: readonly unknown[] = Array.isArray(target) ? target : [];
  if (patch.some((element) => isJsonObject(element) && element[DIRECTIVE] === "replace" && isBare(element))) {
    return patch.filter((element) => !(isJsonObject(element) && DIRECTIVE in element));
  }
  if (MERGED_SETS.has(name)) return [...new Set([...list, ...patch])];
  const key = mergeKey(name, [...patch, ...list]);
  if (key === undefined) return patch.map(stripped);
  const result = [...list];
  for (const element of patch) {
    if (!isJsonObject(element)) continue;
    const at = result.findIndex((each) => isJsonObject(each) && each[key] === element[key]);
    if (element[DIRECTIVE] === "delete") {
      if (at >= 0) result.splice(at, 1);
    } else if (at < 0) result.push(mergeObject({}, element));
    else result[at] = mergeObject(result[at] as JsonObject, element);
  }
  return result;
}

function mergeKey(name: string, elements: readonly unknown[]): string | undefined {
  if (name !== "ports") return MERGE_KEYS[name];
  return elements.some((element) => isJsonObject(element) && "containerPort" in element) ? "containerPort" : "port";
}

/** The elements that `order` names first, each where it says; the server's own keep their place behind. */
function inOrder(name: string, list: readonly unknown[], order: readonly unknown[]): unknown[] {
  const key = mergeKey(name, [...order, ...list]);
  const identify = (element: unknown): unknown =>
    key !== undefined && isJsonObject(element) ? element[key] : JSON.stringify(element);
  const wanted = new Map(order.map((element, index) => [identify(element), index]));
  const rank = (element: unknown): number => wanted.get(identify(element)) ?? order.length;
  return list.toSorted((a, b) => rank(a) - rank(b));
}

function isBare(element: JsonObject): boolean {
  return Object.keys(element).length === 1;
}

function stripped(element: unknown): unknown {
  return isJsonObject(element) ? withoutDirectives(element) : element;
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return mergeObject({}, Object.fromEntries(Object.entries(patch).filter(([name]) => !name.startsWith("$"))));
}
