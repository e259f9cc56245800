import {
  compareResourceVersions,
  isResourceVersion,
  judgeScope,
  objectKey,
  type ObjectTerm,
  type Scope,
  type ScopeReports,
  type ScopeStore,
  type StalenessBounds,
  type Store,
  type StoredObject,
  type ViewMeta,
  type ViewRead,
} from "@krm/core";

/** What one scope showed at one moment. Nothing of it changes later. */
export interface ViewPart {
  readonly scope: Scope;
  readonly meta: ViewMeta;
  readonly reports: ScopeReports;
  /** In the order of their keys. */
  readonly objects: readonly StoredObject[];
}

/** A resource as readers see it at one moment: the union of its scopes. */
export interface View {
  readonly parts: readonly ViewPart[];
  /** In the order of their keys. */
  readonly objects: readonly StoredObject[];
  /** The namespaces that alone were read; undefined: all that the query says. */
  readonly within: readonly string[] | undefined;
}

/** What of a resource is read. */
export interface ViewQuery {
  readonly scopes: readonly Scope[];
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** What is wanted besides, as far as it can be looked up; an object without it may be in the view all the same. */
  readonly where: readonly ObjectTerm[];
  /** The namespaces that alone are read, in the order of their keys, of scopes of all; undefined: all of them. */
  readonly within: readonly string[] | undefined;
}

/** Reads the union of some scopes; one object only, where its key is known. */
export async function readView(store: Store, query: ViewQuery): Promise<View> {
  const parts = await Promise.all(query.scopes.map(async (scope) => readPart(store, scope, query)));
  return { parts, objects: unite(parts), within: query.within };
}

/** Reads a scope at one moment. What is in other namespaces than those that alone are read is seen by nobody after this. */
async function readPart(store: Store, scope: Scope, query: ViewQuery): Promise<ViewPart> {
  const from = store.scope(scope);
  const [{ meta, objects }, reports] = await Promise.all([readObjects(from, query), from.reports()]);
  if (query.within === undefined) return { scope, meta, reports, objects };
  const within = new Set(query.within);
  return { scope, meta, reports, objects: objects.filter(({ namespace }) => within.has(namespace)) };
}

async function readObjects(from: ScopeStore, { name, namespace, where }: ViewQuery): Promise<ViewRead> {
  const of = namespace ?? from.scope.namespace;
  if (name !== undefined && (of !== undefined || !from.scope.resource.namespaced)) {
    const { meta, object } = await from.get(objectKey(of ?? "", name));
    return { meta, objects: object === undefined ? [] : [object] };
  }
  const { meta, objects } = await from.read({ namespace, where });
  return { meta, objects: name === undefined ? objects : objects.filter((object) => object.name === name) };
}

function unite(parts: readonly ViewPart[]): readonly StoredObject[] {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only.objects;
  return parts.flatMap((part) => part.objects).toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/**
 * The version of a union: the oldest of its parts that have a view, so that a watch from it misses nothing. Where
 * versions cannot be ordered, the first part's. Undefined: no part has a view.
 */
export function viewVersion(parts: readonly Pick<ViewPart, "meta">[]): string | undefined {
  return oldestVersion(parts.map(({ meta }) => meta.version));
}

/** The oldest of some versions, passing over unknown ones; the first, where they cannot be ordered. */
export function oldestVersion(versions: readonly (string | undefined)[]): string | undefined {
  const known = versions.filter((version) => version !== undefined);
  const ordered = known.filter(isResourceVersion);
  if (ordered.length < known.length) return known[0];
  return ordered.toSorted(compareResourceVersions)[0];
}

/**
 * Names what a view shows: two views of the same scopes with the same identity hold the same objects, also where the
 * version has moved on since (a bookmark) and on whichever server. The cursors of their change feeds.
 */
export function viewIdentity(parts: readonly Pick<ViewPart, "meta">[]): readonly string[] {
  return parts.map(({ meta }) => meta.cursor);
}

/** Judges each part of a view anew, at `now`: a view that is kept for its later pages ages. */
export function judgeParts(
  parts: readonly ViewPart[],
  now: number,
  bounds: StalenessBounds,
): readonly (ViewPart & ReturnType<typeof judgeScope>)[] {
  return parts.map((part) => ({ ...part, ...judgeScope(part.meta, part.reports, now, bounds) }));
}

/** A part of a view, judged: see {@link judgeParts}. */
export type JudgedPart = ReturnType<typeof judgeParts>[number];
