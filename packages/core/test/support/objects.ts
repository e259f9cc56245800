import { objectKey, parseResourceVersion, type StoredObject, type Uid } from "../../src/index.ts";

const encoder = new TextEncoder();

/** A small object as a watch would have brought it. */
export function storedObject(name: string, uid: string, version: string | bigint, namespace = "ns"): StoredObject {
  const resourceVersion = parseResourceVersion(String(version));
  return {
    key: objectKey(namespace, name),
    namespace,
    name,
    uid: uid as Uid,
    resourceVersion,
    bytes: encoder.encode(JSON.stringify({ metadata: { name, namespace, uid, resourceVersion } })),
    labels: {},
    creationTimestamp: undefined,
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    changedAt: undefined,
  };
}
