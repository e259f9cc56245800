import { KrmError, resourceId, resourceName, type ResourceType } from "@krm/core";
import type { DiscoveredResource } from "./discovered-resource.ts";
import { isBuiltInGroup } from "./discovered-resource.ts";
import { nearest } from "./nearest-names.ts";

type Known = ResourceType & Partial<Pick<DiscoveredResource, "verbs">>;

/**
 * Finds the resource that a person means, by kubectl's rules and in any case: plural, singular, kind or short name
 * (`pods`, `pod`, `Pod`, `po`), with its group (`deployments.apps`), with version and group (`deployments.v1.apps`), or as
 * a path (`apps/v1/deployments`, `v1/pods`). Where several groups have it, the core group wins, then the first of
 * kube-apiserver's own; the version is the one that stands first in `known`.
 *
 * @throws KrmError `KRM_UNKNOWN_RESOURCE` when there is none (the message lists near names), when several custom
 * resources could be meant (it lists them), or when it cannot be listed.
 */
export function resolveResource<T extends Known>(text: string, known: readonly T[]): T {
  const found = candidates(text.trim().toLowerCase(), known);
  const listable = found.filter(({ verbs }) => verbs === undefined || verbs.includes("list"));
  const [first] = listable;
  if (first === undefined) throw found[0] === undefined ? unknown(text, known) : notListable(text, found[0]);
  const own = listable.find(({ group }) => group === "") ?? listable.find(({ group }) => isBuiltInGroup(group));
  if (own !== undefined) return own;
  const others = listable.filter((one) => one.group !== first.group);
  if (others.length === 0) return first;
  const names = [...new Set([first, ...others].map(resourceName))];
  throw new KrmError("KRM_UNKNOWN_RESOURCE", `${JSON.stringify(text)} could be ${names.join(" or ")}`, {
    hint: "write it with its group",
  });
}

function candidates<T extends Known>(text: string, known: readonly T[]): readonly T[] {
  const path = text.split("/");
  if (path.length > 1) return path.length > 3 ? [] : known.filter((type) => resourceId(type) === text);
  const [name = "", version = "", ...group] = text.split(".");
  const named = byName(name, known);
  if (version === "") return named;
  const exact =
    group.length === 0 ? [] : named.filter((one) => one.version === version && one.group === group.join("."));
  return exact.length > 0 ? exact : named.filter((one) => one.group === text.slice(name.length + 1));
}

/** A short name counts only where nothing is called so in full. */
function byName<T extends Known>(name: string, known: readonly T[]): readonly T[] {
  const full = known.filter(
    (type) => type.resource === name || type.singular.toLowerCase() === name || type.kind.toLowerCase() === name,
  );
  return full.length > 0 ? full : known.filter((type) => type.shortNames.includes(name));
}

function unknown(text: string, known: readonly Known[]): KrmError {
  const [name = ""] = (text.includes("/") ? (text.split("/").at(-1) ?? "") : text).toLowerCase().split(".");
  const names = new Map<string, string>();
  for (const type of known) {
    for (const one of [type.resource, type.singular, ...type.shortNames]) {
      if (!names.has(one)) names.set(one, type.group === "" ? type.resource : resourceName(type));
    }
    // `deployments.v2`: the name is right, and what follows is not.
    names.set(resourceName(type), resourceName(type));
  }
  const near = [...new Set(nearest(name, [...names.keys()]).map((one) => names.get(one) ?? one))].slice(0, 5);
  const meant = near.length === 0 ? "" : `: did you mean ${near.join(", ")}?`;
  return new KrmError("KRM_UNKNOWN_RESOURCE", `the API server has no resource ${JSON.stringify(text)}${meant}`, {
    hint: "`kubectl api-resources` lists what there is",
  });
}

function notListable(text: string, type: Known): KrmError {
  const verbs = type.verbs ?? [];
  const offered = verbs.length === 0 ? "offers nothing for it" : `offers only ${verbs.join(", ")}`;
  return new KrmError(
    "KRM_UNKNOWN_RESOURCE",
    `${JSON.stringify(text)} (${resourceId(type)}) cannot be listed, so it cannot be monitored: the API server ${offered}`,
  );
}
