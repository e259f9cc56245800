import { KrmError } from "../errors.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { isResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { IncomparableSnapshot, Snapshot, SnapshotEntry } from "../model/snapshot.ts";
import type { Revision, StoredObject } from "../model/stored-object.ts";
import type { ListProgress } from "../monitor/role-status.ts";
import type { Clock } from "../ports/clock.ts";
import type { ListPage, ListRequest, ListWatch, MetadataPage } from "../ports/list-watch.ts";
import { asOf } from "../wire/told-contact.ts";

/** How to take a snapshot. */
export interface TakeSnapshotOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Objects per page. The API server's own clients use 500. */
  readonly pageSize: number;
  /** What the view is known to hold: objects at that very version are listed without their body. */
  readonly known?: ((key: ObjectKey) => Revision | undefined) | undefined;
  /** The state at exactly this version, instead of the most recent one. */
  readonly exactly?: ResourceVersion | undefined;
  /** Over a connection of its own: see `ListRequest.elsewhere`. */
  readonly elsewhere?: boolean | undefined;
  /** Called after each page. */
  readonly onProgress?: ((progress: ListProgress) => void) | undefined;
}

/** An expired continue token restarts the list this often before it is asked for in one piece. */
const RESTARTS = 2;

/**
 * Lists everything, page by page, at one version: the streamer's relist and a verifier's whole LIST are both this.
 *
 * Asks for the most recent state, or for that at one version. A continue token that expired starts the list over, since
 * the rest that the server then offers is inconsistent with the pages before (trap 18); the last attempt asks for all at
 * once. A page of another version than the first's is `KRM_LIST_INCONSISTENT`.
 */
export async function takeSnapshot(
  listWatch: ListWatch,
  options: TakeSnapshotOptions,
): Promise<Snapshot | IncomparableSnapshot> {
  const { signal, known } = options;
  const read = async (request: ListRequest): Promise<ListPage> => listWatch.list(request, { signal });
  return restarting(options, async (limit) => {
    const entries = new Map<ObjectKey, SnapshotEntry>();
    const all: StoredObject[] = [];
    let comparable = true;
    const { version, takenAt } = await readPages(options, limit, read, (page) => {
      for (const object of page.items) {
        const { key, uid, resourceVersion } = object;
        if (known === undefined) all.push(object);
        comparable &&= isResourceVersion(resourceVersion);
        const held = known?.(key);
        const same = held !== undefined && held.uid === uid && held.resourceVersion === resourceVersion;
        entries.set(key, same ? { uid, resourceVersion } : { uid, resourceVersion, object });
      }
    });
    if (comparable && isResourceVersion(version)) return { resourceVersion: version, takenAt, entries };
    if (known === undefined) return { resourceVersion: version, takenAt, objects: all };
    throw incomparable(version);
  });
}

/** A snapshot without bodies, and whether the server was spared them. */
export interface MetadataSnapshot {
  readonly snapshot: Snapshot;
  readonly metadataOnly: boolean;
}

/** As {@link takeSnapshot}, without bodies. `listMetadata` is the source's own, which it must have. */
export async function takeMetadata(
  listMetadata: NonNullable<ListWatch["listMetadata"]>,
  options: Omit<TakeSnapshotOptions, "known">,
): Promise<MetadataSnapshot> {
  const { signal } = options;
  const read = async (request: ListRequest): Promise<MetadataPage> => listMetadata(request, { signal });
  return restarting(options, async (limit) => {
    const entries = new Map<ObjectKey, SnapshotEntry>();
    let metadataOnly = true;
    const { version, takenAt } = await readPages(options, limit, read, (page) => {
      metadataOnly &&= page.metadataOnly;
      for (const { key, uid, resourceVersion } of page.items) {
        if (!isResourceVersion(resourceVersion)) throw incomparable(resourceVersion);
        entries.set(key, { uid, resourceVersion });
      }
    });
    if (!isResourceVersion(version)) throw incomparable(version);
    return { snapshot: { resourceVersion: version, takenAt, entries }, metadataOnly };
  });
}

/** Tells the two results of {@link takeSnapshot} apart. */
export function isComparable(snapshot: Snapshot | IncomparableSnapshot): snapshot is Snapshot {
  return "entries" in snapshot;
}

function incomparable(version: string): KrmError {
  return new KrmError("KRM_INVALID_RESOURCE_VERSION", `resourceVersion ${JSON.stringify(version)} cannot be compared`);
}

async function restarting<T>(
  { pageSize }: Pick<TakeSnapshotOptions, "pageSize">,
  attempt: (limit: number | undefined) => Promise<T>,
): Promise<T> {
  for (let restart = 0; ; restart++) {
    try {
      return await attempt(restart === RESTARTS ? undefined : pageSize);
    } catch (error) {
      if (!(error instanceof ExpiredToken)) throw error;
      if (restart === RESTARTS) throw error.cause;
    }
  }
}

/** A continue token has expired: the list as such can still be had. */
class ExpiredToken extends Error {}

async function readPages<P extends ListPage | MetadataPage>(
  {
    clock,
    exactly,
    elsewhere,
    onProgress,
  }: Pick<TakeSnapshotOptions, "clock" | "exactly" | "elsewhere" | "onProgress">,
  limit: number | undefined,
  read: (request: ListRequest) => Promise<P>,
  take: (page: P) => void,
): Promise<{ readonly version: string; readonly takenAt: number }> {
  let takenAt = clock.now();
  const first: ListRequest =
    exactly === undefined ? { limit, elsewhere } : { limit, elsewhere, resourceVersion: exactly, match: "Exact" };
  let version: string | undefined;
  let pages = 0;
  let bytes = 0;
  let objects = 0;
  let next: string | undefined;
  do {
    const page = await readPage(read, next === undefined ? first : { limit, elsewhere, continue: next });
    pages++;
    version ??= page.resourceVersion;
    if (page.resourceVersion !== version)
      throw new KrmError(
        "KRM_LIST_INCONSISTENT",
        `page ${pages} of the list is of resourceVersion ${page.resourceVersion}, the first of ${version}`,
      );
    objects += page.items.length;
    bytes += page.bytes;
    takenAt = asOf(takenAt, page.heardAt);
    take(page);
    const expected = page.remainingItemCount === undefined ? undefined : objects + page.remainingItemCount;
    onProgress?.({ pages, objects, bytes, expected });
    next = page.continue === "" ? undefined : page.continue;
  } while (next !== undefined);
  return { version, takenAt };
}

async function readPage<P>(read: (request: ListRequest) => Promise<P>, request: ListRequest): Promise<P> {
  try {
    return await read(request);
  } catch (error) {
    const expired = KrmError.is(error, "KRM_API_STATUS") && error.status?.code === 410;
    if (expired && request.continue !== undefined) throw new ExpiredToken("continue", { cause: error });
    throw error;
  }
}
