import { apiVersionOf, type ResourceType } from "@krm/core";
import { type ListMeta, writtenListMeta } from "../metadata/partial-object-metadata.ts";
import { goJson, goMapJson } from "../text/go-json.ts";

/** What stands before the items of a list, and behind them. */
export interface ListEnvelope {
  readonly head: string;
  readonly tail: string;
}

/**
 * The JSON around the items of a list, for whoever has those as bytes. Items of built-in kinds stand in it without `kind`
 * and `apiVersion`, those of custom resources with them. A list of custom resources is a sorted map, with an empty
 * `continue` where there is none.
 */
export function listEnvelope(resource: ResourceType, listMeta: ListMeta): ListEnvelope {
  const { listKind: kind, custom } = resource;
  const apiVersion = apiVersionOf(resource);
  const metadata = writtenListMeta(listMeta);
  if (!custom) return { head: `${goJson({ kind, apiVersion, metadata }).slice(0, -1)},"items":[`, tail: "]}\n" };
  const behind = `"kind":${goJson(kind)},"metadata":${goMapJson({ continue: "", ...metadata })}}\n`;
  return { head: `{"apiVersion":${goJson(apiVersion)},"items":[`, tail: `],${behind}` };
}

/**
 * The start of an object's JSON up to its first member of its own: it stands in for the opening brace of one that has no
 * `kind` and `apiVersion`. A built-in kind writes `kind` first, a custom one, a sorted map, `apiVersion`.
 */
export function objectHead(resource: ResourceType): string {
  const { kind, custom } = resource;
  const apiVersion = apiVersionOf(resource);
  return `${goJson(custom ? { apiVersion, kind } : { kind, apiVersion }).slice(0, -1)},`;
}
