import {
  type CommittedMeta,
  decodeObject,
  type Scope,
  type Store,
  type StoredObject,
  type StreamerReport,
  parseResourceVersion,
  type ViewChange,
} from "@krm/core";
import { type WritableScope, writableScope } from "@krm/testkit";

/** A small object at a version; another `uid`: another life. */
export function object(name: string, version: number | string, uid = `uid-${name}`): StoredObject {
  const metadata = { name, namespace: `ns-${name.length % 3}`, uid, resourceVersion: String(version) };
  return decodeObject(Buffer.from(JSON.stringify({ metadata })));
}

/** The change that sets it. */
export function set(one: StoredObject): ViewChange {
  return { type: "set", object: one, previous: undefined, origin: "stream", observedAt: 1 };
}

/** The change that removes it. */
export function removed(one: StoredObject, version: number | string): ViewChange {
  const { key, uid } = one;
  const resourceVersion = parseResourceVersion(String(version));
  return { type: "removed", key, uid, resourceVersion, finalState: one, origin: "stream", observedAt: 1 };
}

/** The meta of a view at a version. */
export function metaAt(version: number | string, more: Partial<CommittedMeta> = {}): CommittedMeta {
  return {
    epoch: 0,
    version: String(version),
    resumeFloor: undefined,
    repairPending: false,
    lastContact: Date.UTC(2026, 0, 1),
    horizon: undefined,
    verifiedAt: undefined,
    streamedThrough: parseResourceVersion(String(version)),
    snapshotOnly: false,
    ...more,
  };
}

/** The report of a healthy watch. */
export function watching(now: number): StreamerReport {
  const desyncs = {
    expired: 0,
    undecodable: 0,
    overflow: 0,
    "incomplete-settlement": 0,
    "epoch-reset": 0,
    "store-lost": 0,
  };
  const quiet = { initial: undefined, silentSince: undefined, stalls: 0, emptied: 0 };
  const counts = { ...quiet, events: 0, bookmarks: 0, lists: 1, watches: 1, failures: 0 };
  return { state: { phase: "watching", since: now }, progress: undefined, lastContact: now, ...counts, desyncs };
}

/** The roles of a scope, to write with. */
export function writer(store: Store, scope: Scope): WritableScope {
  return writableScope(store.scope(scope));
}

/** What a read shows, as text: key, life and version. */
export function shown(objects: readonly StoredObject[]): readonly string[] {
  return objects.map(({ key, uid, resourceVersion }) => `${key} ${uid}@${resourceVersion}`);
}
