import { KrmError } from "../errors.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { isResourceVersion } from "../model/resource-version.ts";
import type { IncomparableSnapshot, Snapshot, SnapshotEntry } from "../model/snapshot.ts";
import type { Revision, StoredObject } from "../model/stored-object.ts";
import type { ListProgress } from "../monitor/role-status.ts";
import type { Clock } from "../ports/clock.ts";
import type { ListWatch } from "../ports/list-watch.ts";

/** How to take a snapshot. */
export interface TakeSnapshotOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Objects per page. The API server's own clients use 500. */
  readonly pageSize: number;
  /** What the view is known to hold: objects at that very version are listed without their body. */
  readonly known?: ((key: ObjectKey) => Revision | undefined) | undefined;
  /** Called after each page. */
  readonly onProgress?: ((progress: ListProgress) => void) | undefined;
}

/** An expired continue token restarts the list this often before it is asked for in one piece. */
const RESTARTS = 2;

/**
 * Lists everything, page by page, at one version: the streamer's relist and the verifier's LIST are both this.
 *
 * Asks for the most recent state. A continue token that expired starts the list over, since the rest that the server
 * then offers is inconsistent with the pages before (trap 18); the last attempt asks for all at once. A page of another
 * version than the first's is `KRM_LIST_INCONSISTENT`.
 */
export async function takeSnapshot(
  listWatch: ListWatch,
  options: TakeSnapshotOptions,
): Promise<Snapshot | IncomparableSnapshot> {
  for (let restart = 0; ; restart++) {
    try {
      return await listAll(listWatch, options, restart === RESTARTS ? undefined : options.pageSize);
    } catch (error) {
      const expired = KrmError.is(error, "KRM_API_STATUS") && error.status?.code === 410;
      if (!expired || restart === RESTARTS) throw error;
    }
  }
}

/** Tells the two results of {@link takeSnapshot} apart. */
export function isComparable(snapshot: Snapshot | IncomparableSnapshot): snapshot is Snapshot {
  return "entries" in snapshot;
}

async function listAll(
  listWatch: ListWatch,
  { clock, signal, known, onProgress }: TakeSnapshotOptions,
  limit: number | undefined,
): Promise<Snapshot | IncomparableSnapshot> {
  const takenAt = clock.now();
  const entries = new Map<ObjectKey, SnapshotEntry>();
  const all: StoredObject[] = [];
  let version: string | undefined;
  let comparable = true;
  let pages = 0;
  let bytes = 0;
  let objects = 0;
  let next: string | undefined;
  do {
    const page = await listWatch.list({ limit, continue: next }, { signal });
    pages++;
    version ??= page.resourceVersion;
    if (page.resourceVersion !== version)
      throw new KrmError(
        "KRM_LIST_INCONSISTENT",
        `page ${pages} of the list is of resourceVersion ${page.resourceVersion}, the first of ${version}`,
      );
    objects += page.items.length;
    bytes += page.bytes;
    for (const object of page.items) {
      const { key, uid, resourceVersion } = object;
      if (known === undefined) all.push(object);
      comparable &&= isResourceVersion(resourceVersion);
      const held = known?.(key);
      const same = held !== undefined && held.uid === uid && held.resourceVersion === resourceVersion;
      entries.set(key, same ? { uid, resourceVersion } : { uid, resourceVersion, object });
    }
    const expected = page.remainingItemCount === undefined ? undefined : objects + page.remainingItemCount;
    onProgress?.({ pages, objects, bytes, expected });
    next = page.continue === "" ? undefined : page.continue;
  } while (next !== undefined);
  if (comparable && isResourceVersion(version)) return { resourceVersion: version, takenAt, entries };
  if (known === undefined) return { resourceVersion: version, takenAt, objects: all };
  throw new KrmError("KRM_INVALID_RESOURCE_VERSION", `resourceVersion ${JSON.stringify(version)} cannot be compared`);
}
