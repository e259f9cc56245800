import {
  continueExpired,
  decodeContinue,
  encodeContinue,
  type ListMeta,
  type ListOptions,
  StatusError,
  tooLargeResourceVersion,
  versionExpired,
} from "@krm/apimachinery";
import { type Clock, compareResourceVersions, type ResourceVersion } from "@krm/core";
import type { SimObject } from "../cluster/sim-object.ts";
import type { SimResource } from "../cluster/sim-resource.ts";
import type { ClusterReader } from "../watch-cache/cluster-reader.ts";
import { type ObjectFilter, objectFilter } from "./object-filter.ts";

/** How long a reader's demand for news is waited for. Upstream `blockTimeout`. */
const FRESHNESS_TIMEOUT_MS = 3000;

/** One page. */
export interface ListPage {
  readonly items: readonly SimObject[];
  readonly meta: ListMeta;
}

/** Where a list is read: at which version, from which key on, and what to say when that version is gone. */
interface ReadPoint {
  /** Undefined: the newest. */
  readonly at: string | undefined;
  readonly start: string;
  readonly limit: number;
  readonly gone: () => StatusError;
}

/**
 * Reads one page of a list as kube-apiserver does: consistent pages at the first one's version, `resourceVersion=0`
 * without a limit, exact versions, and versions that have yet to come, for which it waits 3 s of the clock.
 *
 * @throws StatusError 410 for a version that is compacted, 504 for one from the future.
 */
export async function listPage(
  cluster: ClusterReader,
  clock: Clock,
  resource: SimResource,
  namespace: string,
  options: ListOptions,
  signal: AbortSignal,
): Promise<ListPage> {
  const filter = objectFilter(resource, namespace, options);
  const point = await readPoint(cluster, clock, options, signal);
  const scope = namespace === "" ? {} : { namespace };
  const { resourceVersion, items } = read(cluster, resource, scope, point);
  const all = point.start === "" ? items : items.slice(firstFrom(items, namespace, point.start));
  return page(all, filter, namespace, resourceVersion, point.limit);
}

function read(
  cluster: ClusterReader,
  resource: SimResource,
  scope: { namespace?: string },
  point: ReadPoint,
): { resourceVersion: string; items: readonly SimObject[] } {
  try {
    return cluster.list(resource, point.at === undefined ? scope : { ...scope, at: point.at });
  } catch (error) {
    throw error instanceof StatusError && error.status.code === 410 ? point.gone() : error;
  }
}

async function readPoint(
  cluster: ClusterReader,
  clock: Clock,
  options: ListOptions,
  signal: AbortSignal,
): Promise<ReadPoint> {
  const { limit, resourceVersion: version, resourceVersionMatch: match } = options;
  if (options.continue !== "") {
    const { resourceVersion, start } = decodeContinue(options.continue);
    return {
      at: resourceVersion === "-1" ? undefined : resourceVersion,
      start,
      limit,
      gone: () => continueExpired(encodeContinue({ resourceVersion: "-1", start })),
    };
  }
  const gone = (): StatusError => versionExpired();
  if (version === "") return { at: undefined, start: "", limit, gone };
  // The watch cache serves this one, and it has no pages.
  if (version === "0") return { at: undefined, start: "", limit: 0, gone };
  await untilVersion(cluster, clock, version, signal);
  const exact = match === "Exact" || (match === "" && limit > 0);
  return { at: exact ? version : undefined, start: "", limit, gone };
}

/**
 * Resolves as soon as the cluster has come to a version.
 *
 * @throws StatusError 504 when it has not within 3 s of the clock.
 */
export async function untilVersion(
  cluster: ClusterReader,
  clock: Clock,
  version: string,
  signal: AbortSignal,
): Promise<void> {
  const reached = (): boolean =>
    compareResourceVersions(cluster.version as ResourceVersion, version as ResourceVersion) >= 0;
  if (reached()) return;
  const waiting = new AbortController();
  const look = (): void => {
    if (reached()) waiting.abort();
  };
  const unsubscribe = [cluster.subscribe(look), cluster.subscribeProgress?.(look)];
  try {
    await clock.sleep(FRESHNESS_TIMEOUT_MS, { signal: AbortSignal.any([signal, waiting.signal]) });
  } catch (error) {
    if (!waiting.signal.aborted) throw error;
  } finally {
    for (const stop of unsubscribe) stop?.();
  }
  if (!reached()) throw tooLargeResourceVersion(version, cluster.version);
}

function page(
  items: readonly SimObject[],
  filter: ObjectFilter,
  namespace: string,
  resourceVersion: string,
  limit: number,
): ListPage {
  if (limit === 0) {
    return { items: filter.empty ? items : items.filter((item) => filter.matches(item)), meta: { resourceVersion } };
  }
  const chosen: SimObject[] = [];
  let next = 0;
  for (; next < items.length && chosen.length < limit; next++) {
    const item = items[next] as SimObject;
    if (filter.empty || filter.matches(item)) chosen.push(item);
  }
  const last = items[next - 1];
  if (next >= items.length || last === undefined) return { items: chosen, meta: { resourceVersion } };
  const token = encodeContinue({ resourceVersion, start: `/${relativeKey(last, namespace)}\0` });
  const remaining = filter.empty ? { remainingItemCount: items.length - next } : {};
  return { items: chosen, meta: { resourceVersion, continue: token, ...remaining } };
}

/** The key as a continue token holds it: relative to what is listed. */
function relativeKey(object: SimObject, namespace: string): string {
  const { name, namespace: own } = object.metadata;
  return namespace !== "" || own === undefined || own === "" ? name : `${own}/${name}`;
}

/** Index of the first item at or behind a start key. Items are ordered by key. */
function firstFrom(items: readonly SimObject[], namespace: string, start: string): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (relativeKey(items[middle] as SimObject, namespace) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
