import type { ListBody } from "@krm/protocol";
import { type AsBytes, type AsJson, type AsKubernetes, checkForm, type KubernetesJson } from "./forms.ts";
import type { Fresh, FreshBytes, FreshObject } from "./fresh.ts";
import { KINDS, type KubernetesLists, type KubernetesObjects } from "./kubernetes-kinds.ts";
import { kubernetesReader, toKubernetesList } from "./kubernetes-objects.ts";
import type { GetOptions, ListOptions } from "./list-options.ts";
import type { Connection } from "./options.ts";
import { readList, readListBytes, readObject, readObjectBytes } from "./reads.ts";
import { flatName, resourceParts } from "./resource-name.ts";

/** Lists one of the six kinds, in the form that `as` asks for. */
export interface ListCall<Resource extends keyof KubernetesLists> {
  /** As client-node's list: with its classes, and times as `Date`s. @throws KrmClientError, besides what the server refuses for, `KRM_CLIENT_MISSING_PEER` */
  (options?: ListOptions & AsKubernetes): Promise<Fresh<KubernetesLists[Resource]>>;
  /** As plain JSON. */
  <T = KubernetesJson<KubernetesObjects[Resource]>>(options: ListOptions & AsJson): Promise<Fresh<ListBody<T>>>;
  /** As the server's bytes. */
  (options: ListOptions & AsBytes): Promise<FreshBytes>;
}

/**
 * Gets one object of one of the six kinds, in the form that `as` asks for. Rejects with `KRM_CLIENT_NOT_FOUND` where there
 * is none, and with `KRM_CLIENT_INVALID_ARGUMENT` where several namespaces have one of this name and none is named.
 */
export interface GetCall<Resource extends keyof KubernetesObjects> {
  /** As client-node's object, with times as `Date`s. @throws KrmClientError as above, and `KRM_CLIENT_MISSING_PEER` */
  (options: GetOptions & AsKubernetes): Promise<FreshObject<KubernetesObjects[Resource]>>;
  /** As plain JSON. */
  <T = KubernetesJson<KubernetesObjects[Resource]>>(options: GetOptions & AsJson): Promise<FreshObject<T>>;
  /** As the server's bytes: the object of the Kubernetes API, for which its namespace must be named. */
  (options: GetOptions & AsBytes): Promise<FreshBytes>;
}

/** Makes the call that lists a kind. */
export function listCall<Resource extends keyof KubernetesLists>(
  connection: Connection,
  resource: Resource,
  where: string,
): ListCall<Resource> {
  const name = flatName(resourceParts(resource));
  function call(options?: ListOptions & AsKubernetes): Promise<Fresh<KubernetesLists[Resource]>>;
  function call<T>(options: ListOptions & AsJson): Promise<Fresh<ListBody<T>>>;
  function call(options: ListOptions & AsBytes): Promise<FreshBytes>;
  async function call(options: ListOptions & (AsKubernetes | AsJson | AsBytes) = {}): Promise<unknown> {
    checkForm(options.as, "kubernetes", "json", "bytes");
    if (options.as === "bytes") return readListBytes(connection, name, options, where);
    const list = await readList(connection, name, options, where);
    if (options.as === "json") return list;
    const { freshness, ...body } = list;
    return Object.assign(await toKubernetesList(resource, body), { freshness });
  }
  return call;
}

/** Makes the call that gets one object of a kind. */
export function getCall<Resource extends keyof KubernetesObjects>(
  connection: Connection,
  resource: Resource,
  where: string,
): GetCall<Resource> {
  const name = flatName(resourceParts(resource));
  function call(options: GetOptions & AsKubernetes): Promise<FreshObject<KubernetesObjects[Resource]>>;
  function call<T>(options: GetOptions & AsJson): Promise<FreshObject<T>>;
  function call(options: GetOptions & AsBytes): Promise<FreshBytes>;
  async function call(options: GetOptions & (AsKubernetes | AsJson | AsBytes)): Promise<unknown> {
    checkForm(options.as, "kubernetes", "json", "bytes");
    if (options.as === "bytes") return readObjectBytes(connection, KINDS[resource].path, options, where);
    const { freshness, object } = await readObject(connection, name, options, where);
    if (options.as === "json") return { object, freshness };
    return { object: (await kubernetesReader(resource))(object), freshness };
  }
  return call;
}
