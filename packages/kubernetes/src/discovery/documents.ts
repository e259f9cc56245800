import { type CallOptions, KrmError } from "@krm/core";
import type { ApiTransport } from "../transport/api-transport.ts";

/** Go writes an empty slice as `null` where nobody saw to it. */
export type Nullable<T> = readonly T[] | null;

/** What `/api` (versions, of the core group) and `/apis` (groups) answer. */
export interface GroupList {
  readonly kind?: string;
  readonly versions?: Nullable<string>;
  readonly groups?: Nullable<{
    readonly name: string;
    readonly versions?: Nullable<{ readonly version: string }>;
    readonly preferredVersion?: { readonly version: string };
  }>;
}

/** What a group version's path answers. */
export interface ResourceList {
  readonly kind?: string;
  readonly resources?: Nullable<{
    readonly name: string;
    readonly kind: string;
    readonly singularName?: string;
    readonly shortNames?: readonly string[];
    readonly namespaced?: boolean;
    readonly verbs?: readonly string[];
  }>;
}

/** One version of one API group; `""` is the core group. */
export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** Where discovery tells the resources of a group version. */
export function groupVersionPath({ group, version }: GroupVersion): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** The group versions that are named, the preferred one of each group first. */
export function groupVersions({ versions, groups }: GroupList): readonly GroupVersion[] {
  const named: GroupVersion[] = (versions ?? []).map((version) => ({ group: "", version }));
  for (const group of groups ?? []) {
    const { name, preferredVersion } = group;
    const all = new Set([preferredVersion?.version, ...(group.versions ?? []).map(({ version }) => version)]);
    for (const version of all) if (version !== undefined) named.push({ group: name, version });
  }
  return named;
}

/**
 * GETs one document, whose form is not checked.
 *
 * @throws KrmError as `ListWatch.list` does.
 */
export async function fetchJson<T>(
  transport: ApiTransport,
  path: string,
  options: CallOptions,
  accept?: string,
): Promise<T> {
  const { body } = await transport.read({ purpose: "get", path, accept, signal: options.signal });
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (typeof value !== "object" || value === null) throw new Error("the answer is not an object");
    return value as T;
  } catch (cause) {
    throw new KrmError("KRM_DECODE", `${transport.name({ path })}: ${(cause as Error).message}`, { cause });
  }
}
