import { type CallOptions, KrmError, type ResourceType } from "@krm/core";
import type { ApiTransport } from "../transport/api-transport.ts";
import { fetchJson, type GroupList, groupVersionPath, groupVersions, type ResourceList } from "./documents.ts";

/**
 * Whether discovery names a resource. "No" must be discovery's own word: a group version that is not found counts as
 * gone only where the list of groups does not name it either, since a 404 may come from something in between, or from a
 * server that does not yet know what the others do.
 *
 * @throws KrmError as `ListWatch.list` does, where discovery does not say.
 */
export async function isServed(
  transport: ApiTransport,
  { group, version, resource }: ResourceType,
  options: CallOptions,
): Promise<boolean> {
  const path = groupVersionPath({ group, version });
  try {
    const { kind, resources } = await fetchJson<ResourceList>(transport, path, options);
    const named = checked(transport, path, kind === "APIResourceList" ? resources : undefined);
    return named.some(({ name }) => name === resource);
  } catch (error) {
    if (!KrmError.is(error, "KRM_API_STATUS") || error.status?.code !== 404) throw error;
    const root = group === "" ? "/api" : "/apis";
    const list = await fetchJson<GroupList>(transport, root, options);
    if (group === "") checked(transport, root, list.kind === "APIVersions" ? list.versions : undefined);
    else checked(transport, root, list.kind === "APIGroupList" ? list.groups : undefined);
    // Two answers that contradict each other say nothing.
    if (groupVersions(list).some((one) => one.group === group && one.version === version)) throw error;
    return false;
  }
}

/** The list that a document is about, lest something else with a 200 is taken for an empty one. */
function checked<T>(transport: ApiTransport, path: string, list: readonly T[] | null | undefined): readonly T[] {
  if (list === null) return [];
  if (Array.isArray(list)) return list as readonly T[];
  throw new KrmError("KRM_DECODE", `${transport.name({ path })}: the answer is not a discovery document`);
}
