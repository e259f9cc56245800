import {
  type CommittedMeta,
  decodeObject,
  type ObjectKey,
  parseResourceVersion,
  PODS,
  type Scope,
  type StoredObject,
  type StreamerReport,
  type ViewChange,
  type ViewCommit,
} from "@krm/core";

/** The scope that most tests write to. */
export const SCOPE: Scope = { resource: PODS };

const encoder = new TextEncoder();

/** What an object of a test is made of. */
export interface ObjectOptions {
  readonly namespace?: string;
  readonly uid?: string;
  readonly version?: string;
  /** Further members of `metadata`. */
  readonly metadata?: Record<string, unknown>;
  /** JSON text that is put behind `metadata` as it is. */
  readonly rest?: string;
}

/** An object as the byte path makes it. */
export function storedObject(name: string, options: ObjectOptions = {}): StoredObject {
  const { namespace = "team-a", uid = `uid-${name}`, version = "1", metadata = {}, rest = "" } = options;
  const meta = { name, ...(namespace === "" ? {} : { namespace }), uid, resourceVersion: version, ...metadata };
  return decodeObject(encoder.encode(`{"metadata":${JSON.stringify(meta)}${rest}}`));
}

/** A change that sets an object. */
export function set(object: StoredObject, more: Partial<Extract<ViewChange, { type: "set" }>> = {}): ViewChange {
  return { type: "set", object, previous: undefined, origin: "stream", observedAt: 1000, ...more };
}

/** A change that removes one, whose last state was seen. */
export function removed(object: StoredObject, version: string, known = true): ViewChange {
  return {
    type: "removed",
    key: object.key,
    uid: object.uid,
    resourceVersion: parseResourceVersion(version),
    finalState: known ? object : "unknown",
    origin: known ? "stream" : "repair",
    observedAt: 2000,
  };
}

/** The meta of a verified view at a version. */
export function metaAt(version: string, more: Partial<CommittedMeta> = {}): CommittedMeta {
  return {
    epoch: 0,
    version,
    resumeFloor: undefined,
    repairPending: false,
    horizon: version,
    verifiedAt: 1_767_225_600_000,
    streamedThrough: parseResourceVersion(version),
    lastContact: 1_767_225_601_000,
    snapshotOnly: false,
    ...more,
  };
}

/** A commit at a version. */
export function commit(version: string, ...changes: readonly ViewChange[]): ViewCommit {
  return { changes, meta: metaAt(version) };
}

/** Everything of an object that a reader can see, as a value that `toEqual` compares. */
export function visible(object: StoredObject): Record<string, unknown> {
  const { key, uid, resourceVersion, namespace, name, creationTimestamp, deletionTimestamp } = object;
  const { deletionGracePeriodSeconds, changedAt } = object;
  return {
    key,
    uid,
    resourceVersion,
    namespace,
    name,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    changedAt,
    labels: { ...object.labels },
    bytes: new TextDecoder().decode(object.bytes),
  };
}

/** The keys of a read, in its order. */
export function keysOf(objects: readonly StoredObject[]): ObjectKey[] {
  return objects.map(({ key }) => key);
}

/** What a streamer tells of itself. */
export const STREAMER_REPORT: StreamerReport = {
  state: { phase: "watching", since: 1000 },
  progress: undefined,
  lastContact: 1000,
  events: 1,
  bookmarks: 0,
  lists: 1,
  initial: "list",
  watches: 1,
  silentSince: undefined,
  stalls: 0,
  emptied: 0,
  failures: 0,
  desyncs: { expired: 0, undecodable: 0, overflow: 0, "incomplete-settlement": 0, "epoch-reset": 0, "store-lost": 0 },
};
