import type { ViewChange } from "../merge/view-change.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, isResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { ObjectTable } from "../store/object-table.ts";
import type { ViewIndex, ViewRead } from "../store/store.ts";

/**
 * The changes that make of what `shown` holds the objects of `view`: first what is new or at another version, by
 * version, then what is gone. An object of the same life and version is no change, and `shown` keeps its own copy.
 */
export function viewDifference(shown: ObjectTable, view: ViewRead, observedAt: number): ViewChange[] {
  const kept = new Set<ObjectKey>();
  const changed: { readonly object: StoredObject; readonly previous: StoredObject | undefined }[] = [];
  for (const object of view.objects) {
    const previous = shown.get(object.key);
    kept.add(object.key);
    if (previous === undefined || !isSame(previous, object)) changed.push({ object, previous });
  }
  const version = view.meta.version ?? "";
  const gone = kept.size === shown.size && changed.every(({ previous }) => previous !== undefined) ? [] : shown.read();
  return [
    ...changed
      .toSorted((a, b) => compareResourceVersions(a.object.resourceVersion, b.object.resourceVersion))
      .map(({ object, previous }) => ({
        type: "set" as const,
        object,
        previous: previous && { uid: previous.uid, resourceVersion: previous.resourceVersion },
        origin: "list" as const,
        observedAt,
      })),
    ...gone
      .filter(({ key }) => !kept.has(key))
      .map(({ key, uid, resourceVersion }) => ({
        type: "removed" as const,
        key,
        uid,
        resourceVersion: isResourceVersion(version) ? newest(version, resourceVersion) : resourceVersion,
        finalState: "unknown" as const,
        origin: "list" as const,
        observedAt,
      })),
  ];
}

/** Whether `shown` holds just these lives at just these versions. */
export function isSameView(shown: ObjectTable, entries: ViewIndex["entries"]): boolean {
  if (shown.size !== entries.size) return false;
  for (const [key, revision] of entries) {
    const object = shown.get(key);
    if (object === undefined || !isSame(object, revision)) return false;
  }
  return true;
}

function isSame(a: Pick<StoredObject, "uid" | "resourceVersion">, b: typeof a): boolean {
  return a.uid === b.uid && a.resourceVersion === b.resourceVersion;
}

function newest(a: ResourceVersion, b: ResourceVersion): ResourceVersion {
  return compareResourceVersions(a, b) >= 0 ? a : b;
}
