import { KrmError } from "../errors.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { splitObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, isResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { ListWatch } from "../ports/list-watch.ts";
import { isServerFault } from "./list-modes.ts";

/** What objects said of themselves. */
export interface Replies {
  /** Undefined: the object was not there. */
  readonly of: ReadonlyMap<ObjectKey, StoredObject | undefined>;
  /** With any that was not there: the version of a list that was asked for after them all. */
  readonly after: ResourceVersion | undefined;
}

/** Objects that are asked at the same time. */
const AT_ONCE = 4;

/**
 * Asks objects by name, without a version: each is read from the store behind the API server. The answer that one is not
 * there carries no version, so a list of one object is asked for after them: whoever has been told everything up to its
 * version knows that it is gone.
 *
 * What the server fails to read is left out. Rejects with the first other error, or where it can read none;
 * `undefined` when this user may not ask for single objects at all.
 */
export async function askObjects(
  listWatch: ListWatch,
  keys: readonly ObjectKey[],
  position: ResourceVersion | undefined,
  signal: AbortSignal,
): Promise<Replies | undefined> {
  const of = new Map<ObjectKey, StoredObject | undefined>();
  let fault: unknown;
  const left = [...keys];
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const ask = async (): Promise<void> => {
    for (let key = left.shift(); key !== undefined; key = left.shift()) {
      both.throwIfAborted();
      try {
        of.set(key, await listWatch.get(splitObjectKey(key), { signal: both }));
      } catch (error) {
        // One that the server cannot read must not keep the others from being asked.
        if (!isServerFault(error)) throw error;
        fault ??= error;
      }
    }
  };
  try {
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () =>
        ask().catch((error: unknown) => {
          failed.abort(error);
          throw error;
        }),
      ),
    );
  } catch (error) {
    signal.throwIfAborted();
    const cause: unknown = failed.signal.aborted ? failed.signal.reason : error;
    if (KrmError.is(cause, "KRM_API_STATUS") && (cause.status?.code === 403 || cause.status?.code === 405))
      return undefined;
    throw cause;
  }
  if (of.size === 0 && fault !== undefined) throw fault;
  const absent = [...of.values()].some((found) => found === undefined);
  return { of, after: absent ? await versionNow(listWatch, position, signal) : undefined };
}

/** The newest version. A server that lags behind what the stream has told (`position`) cannot say it: another one is asked. */
async function versionNow(
  listWatch: ListWatch,
  position: ResourceVersion | undefined,
  signal: AbortSignal,
): Promise<ResourceVersion> {
  const list = listWatch.listMetadata?.bind(listWatch) ?? listWatch.list.bind(listWatch);
  let { resourceVersion } = await list({ limit: 1 }, { signal });
  const lags = (): boolean =>
    position !== undefined &&
    isResourceVersion(resourceVersion) &&
    compareResourceVersions(resourceVersion, position) < 0;
  if (lags()) ({ resourceVersion } = await list({ limit: 1, elsewhere: true }, { signal }));
  if (lags())
    throw new KrmError(
      "KRM_LIST_INCONSISTENT",
      `the newest list is of resourceVersion ${resourceVersion}, older than what the watch has told`,
    );
  if (isResourceVersion(resourceVersion)) return resourceVersion;
  throw new KrmError(
    "KRM_INVALID_RESOURCE_VERSION",
    `resourceVersion ${JSON.stringify(resourceVersion)} cannot be compared`,
  );
}
