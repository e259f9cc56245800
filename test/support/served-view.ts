import {
  decodeListPage,
  type ListWatchSource,
  type ResourceType,
  type Scope,
  type StoredObject,
  systemClock,
  takeSnapshot,
} from "@krm/core";

/** What a KRM server answers for a resource: key → bytes. `token`: where it asks who is there. */
export async function servedObjects(url: string, resource: ResourceType, token?: string): Promise<Map<string, string>> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/${resource.resource}`, { headers });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const { items } = decodeListPage(Buffer.from(await response.arrayBuffer()));
  return bytesByKey(items);
}

/** What the API server has, without what KRM drops: key → bytes. */
export async function actualObjects(source: ListWatchSource, scope: Scope): Promise<Map<string, string>> {
  const { signal } = new AbortController();
  const snapshot = await takeSnapshot(source.listWatch(scope), { clock: systemClock, signal, pageSize: 500 });
  if (!("entries" in snapshot)) throw new Error("versions that cannot be compared");
  return bytesByKey([...snapshot.entries.values()].flatMap(({ object }) => object ?? []));
}

function bytesByKey(objects: readonly StoredObject[]): Map<string, string> {
  return new Map(objects.map(({ key, bytes }) => [key, Buffer.from(bytes).toString("utf8")]));
}

/** The keys at which two views differ. */
export function differingKeys(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter((key) => one.get(key) !== other.get(key));
}
