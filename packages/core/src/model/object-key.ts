import type { Brand } from "./brand.ts";

/**
 * Identity of an object within one resource: `namespace/name`, or `name` alone where the resource is cluster-scoped.
 * Neither part can hold a `/` (both are path segments at the API server), so the two forms never collide.
 */
export type ObjectKey = Brand<string, "ObjectKey">;

/** Identity of one life of an object: a re-creation under the same name has another. */
export type Uid = Brand<string, "Uid">;

/** Builds the key of an object. `namespace` is `""` for a cluster-scoped one. */
export function objectKey(namespace: string, name: string): ObjectKey {
  return (namespace === "" ? name : `${namespace}/${name}`) as ObjectKey;
}

/** The two parts of a key. */
export function splitObjectKey(key: ObjectKey): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf("/");
  return slash < 0 ? { namespace: "", name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
